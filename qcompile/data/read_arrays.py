"""Read npz archives: a feature array and a label array, images flattened."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.raw import MAX_CELLS, Raw, brief
from qcompile.errors import DataError

__all__ = ["PAIRS", "read_arrays"]

# (features, labels); with a train pair, the test pair of the same spelling is read too.
PAIRS = (
    ("x", "y"),
    ("data", "target"),
    ("data", "labels"),
    ("features", "labels"),
    ("images", "labels"),
    ("inputs", "targets"),
    ("x_train", "y_train"),
    ("train_x", "train_y"),
    ("train_images", "train_labels"),
    ("arr_0", "arr_1"),
)


def read_arrays(path: Path) -> Raw:
    """Read features (n, ...) and labels (n,) from an npz file; nothing pickled is opened.

    Rows are flattened in C order and their columns called x1, x2, ... A test pair is appended
    as the last rows and marked as held out.

    Raises:
        DataError: not an npz file, pickled objects, no known pair of names, or shapes that
            do not fit together.
    """
    with _explained(path), _archive(path) as archive:
        names = {name.lower(): name for name in archive.files}
        x_name, y_name = _pair(path, names)
        x, y = _block(path, archive, names[x_name], names[y_name])
        blocks = [(_flat(x), y)]
        test = (x_name.replace("train", "test"), y_name.replace("train", "test"))
        if "train" in x_name and test[0] in names and test[1] in names:
            more, labels = _block(path, archive, names[test[0]], names[test[1]])
            if more.shape[1:] != x.shape[1:]:
                raise DataError(
                    f"{path}: rows of shape {x.shape[1:]} to train, but {more.shape[1:]} to test."
                )
            blocks.append((_flat(more), labels))
    notes: tuple[str, ...] = ()
    if x.ndim > 2:
        size = " x ".join(map(str, x.shape[1:]))
        notes = (f"Each row of {size} numbers was flattened to {blocks[0][0].shape[1]:,} columns.",)
    return _join(path, y_name, blocks, notes)


def _archive(path: Path) -> Any:
    archive = np.load(path, allow_pickle=False)
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise DataError(f"{path} holds one array, not an npz archive; save x and y with numpy.savez.")
    return archive


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what numpy and zipfile raise over a bad archive into one sentence."""
    try:
        yield
    except DataError:
        raise
    except MemoryError as error:
        raise DataError(f"{path} does not fit into memory; take a sample of the rows.") from error
    except (
        ValueError,
        OSError,
        EOFError,
        KeyError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
    ) as error:
        if "allow_pickle" in str(error):
            raise DataError(
                f"{path} holds pickled objects, which may run code and are never opened; "
                "save plain arrays of numbers or text with numpy.savez."
            ) from error
        raise DataError(
            f"{path} is not a sound npz file ({brief(error)}); save it again with numpy.savez."
        ) from error


def _pair(path: Path, names: Mapping[str, str]) -> tuple[str, str]:
    for x_name, y_name in PAIRS:
        if x_name in names and y_name in names:
            return x_name, y_name
    known = ", ".join(f"{a}/{b}" for a, b in PAIRS)
    found = ", ".join(names.values()) or "nothing"
    raise DataError(f"{path} holds {found}, but features and labels are expected under one of {known}.")


def _block(path: Path, archive: Any, x_name: str, y_name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Features (n, ...) and labels (n,) of one pair of names."""
    for name in (x_name, y_name):
        size = prod(_declared_shape(archive, name))  # asked before anything is allocated
        if size > MAX_CELLS:
            raise DataError(
                f"{path}: {name!r} has {size:,} numbers, more than the {MAX_CELLS:,} that are allowed; "
                "take a sample of the rows."
            )
    x, y = archive[x_name], archive[y_name]
    if x.dtype.kind not in "biuf":
        raise DataError(f"{path}: {x_name!r} holds {x.dtype}, but features must be numbers.")
    if y.dtype.kind not in "biufUS":
        raise DataError(f"{path}: {y_name!r} holds {y.dtype}, but labels must be numbers or text.")
    if x.ndim < 2 or x.size == 0:
        raise DataError(f"{path}: {x_name!r} has shape {x.shape}, but (rows, columns) with rows is expected.")
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1 or len(y) != len(x):
        raise DataError(
            f"{path}: {x_name!r} has {len(x)} rows and {y_name!r} has shape {y.shape}; "
            "give one label per row, as a class or a number (not one-hot)."
        )
    return x, y


def _declared_shape(archive: Any, name: str) -> tuple[int, ...]:
    with archive.zip.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape: tuple[int, ...] = read(member)[0]
        return shape


def _flat(x: NDArray[Any]) -> NDArray[Any]:
    """Rows as vectors; wide floats stay wide, so that numbers too large for float32 are noticed."""
    flat = x.reshape(len(x), -1)
    return flat if flat.dtype.kind == "f" and flat.dtype.itemsize > 4 else flat.astype(np.float32)


def _join(
    path: Path, y_name: str, blocks: list[tuple[NDArray[Any], NDArray[Any]]], notes: tuple[str, ...]
) -> Raw:
    import pandas as pd

    x = np.concatenate([b[0] for b in blocks]) if len(blocks) > 1 else blocks[0][0]
    y = np.concatenate([b[1] for b in blocks]) if len(blocks) > 1 else blocks[0][1]
    if y.dtype.kind == "S":
        y = np.char.decode(y, "latin-1")
    frame = pd.DataFrame(x, columns=[f"x{i + 1}" for i in range(x.shape[1])], copy=False)
    held_out = len(blocks[1][1]) if len(blocks) > 1 else 0
    target = pd.Series(y.astype(object) if y.dtype.kind == "U" else y, name=y_name)
    return Raw(frame, path.name, target, held_out, identifiers=False, notes=notes)
