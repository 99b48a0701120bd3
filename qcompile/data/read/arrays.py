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

from qcompile.data.read.array_names import parted
from qcompile.data.read.raw import MAX_CELLS, Raw, brief
from qcompile.data.read.unpack import allowed_bytes
from qcompile.errors import DataError

NARROW = np.dtype(np.float32).itemsize  # what narrower numbers become


def read_arrays(path: Path) -> Raw:
    """Read features (n, ...) and labels (n,) from an npz file; nothing pickled is opened.

    Rows are flattened in C order and their columns called x1, x2, .. or pixel_ROW_COLUMN. Labels may
    be one-hot.
    A validation pair is more rows to train on; a test pair is appended last and marked as held out.

    Raises:
        DataError: not an npz file, pickled objects, no known pair of names, or shapes that
            do not fit together.
    """
    with _explained(path), _archive(path) as archive:
        shapes = {name: _declared_shape(path, archive, name) for name in archive.files}
        pairs = parted(shapes)
        if not pairs:
            raise DataError(
                f"{path} holds {', '.join(shapes) or 'nothing'}, but features and labels are expected, "
                "as x and y, x_train and y_train (with x_test and y_test), images and labels, or the like."
            )
        notes = []
        blocks: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {}
        for part, (x_name, y_name) in pairs.items():
            x, y = _block(path, archive, x_name, y_name)
            first = next(iter(blocks.values()))[0] if blocks else x
            if x.shape[1:] != first.shape[1:]:
                raise DataError(
                    f"{path}: rows of shape {first.shape[1:]} to train, but {x.shape[1:]} in {x_name!r}."
                )
            blocks[part] = (x, y)
        if x.ndim > 2:
            size = " x ".join(map(str, x.shape[1:]))
            notes.append(f"Each row of {size} numbers was flattened to {x[0].size:,} columns.")
        if "val" in blocks:
            notes.append(f"The {len(blocks['val'][1]):,} validation rows are used for training too.")
        return _join(path, next(iter(pairs.values()))[1], blocks, tuple(notes))


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
            f"{path} is not a valid npz file ({brief(error)}); save it again with numpy.savez."
        ) from error


def _block(path: Path, archive: Any, x_name: str, y_name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Features (n, ...) and labels (n,) of one pair of names."""
    x, y = archive[x_name], archive[y_name]
    if x.dtype.kind not in "biuf":
        raise DataError(f"{path}: {x_name!r} holds {x.dtype}, but features must be numbers.")
    if y.dtype.kind not in "biufUS":
        raise DataError(f"{path}: {y_name!r} holds {y.dtype}, but labels must be numbers or text.")
    if x.ndim < 2 or x.size == 0:
        raise DataError(f"{path}: {x_name!r} has shape {x.shape}, but (rows, columns) with rows is expected.")
    y = _one_column(y)
    if y.ndim != 1 or len(y) != len(x):
        raise DataError(
            f"{path}: {x_name!r} has {len(x)} rows and {y_name!r} has shape {y.shape}; "
            "give one label per row, as a class, a number or one-hot."
        )
    return x, y


def _one_column(y: NDArray[Any]) -> NDArray[Any]:
    """(n, 1) and one-hot labels as (n,); others as they are."""
    if y.ndim != 2 or y.shape[1] == 0:
        return y
    if y.shape[1] == 1:
        return y[:, 0]
    one_hot = y.dtype.kind in "biuf" and bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())
    return y.argmax(axis=1) if one_hot else y


def _declared_shape(path: Path, archive: Any, name: str) -> tuple[int, ...]:
    """Shape that the head of an array states; refused if too large, before anything is allocated."""
    facts = archive.zip.getinfo(f"{name}.npy")
    with archive.zip.open(facts) as member:
        version = np.lib.format.read_magic(member)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(member)
    cells, limit = prod(shape), allowed_bytes(path.stat().st_size)
    size = max(facts.file_size, cells * max(dtype.itemsize, NARROW))
    if cells > MAX_CELLS:
        raise DataError(
            f"{path}: {name!r} has {cells:,} numbers, more than the {MAX_CELLS:,} that are allowed; "
            "take a sample of the rows."
        )
    if size > limit and facts.compress_type != zipfile.ZIP_STORED:
        raise DataError(
            f"{path}: {name!r} unpacks to {size / 2**20:,.0f} MiB, too much for a file of "
            f"{path.stat().st_size / 2**20:.2g} MiB (up to {limit / 2**20:,.0f}); save it with numpy.savez, "
            "which does not pack, or take a sample of the rows."
        )
    if cells * dtype.itemsize > facts.file_size:
        raise DataError(
            f"{path}: {name!r} says that it has {cells:,} numbers, but holds fewer; save it again."
        )
    return tuple(shape)


def _flat(x: NDArray[Any]) -> NDArray[Any]:
    """Rows as vectors; wide floats stay wide, so that numbers too large for float32 are noticed."""
    flat = x.reshape(len(x), -1)
    return flat if flat.dtype.kind == "f" and flat.dtype.itemsize > 4 else flat.astype(np.float32)


def _join(
    path: Path, y_name: str, blocks: Mapping[str, tuple[NDArray[Any], NDArray[Any]]], notes: tuple[str, ...]
) -> Raw:
    import pandas as pd

    flat = [_flat(x) for x, _ in blocks.values()]
    x = np.concatenate(flat) if len(flat) > 1 else flat[0]
    y = np.concatenate([y for _, y in blocks.values()])
    if y.dtype.kind == "S":
        y = np.char.decode(y, "latin-1")
    frame = pd.DataFrame(x, columns=_names(next(iter(blocks.values()))[0].shape[1:]), copy=False)
    held_out = len(blocks["test"][1]) if "test" in blocks else 0
    target = pd.Series(y.astype(object) if y.dtype.kind == "U" else y, name=y_name)
    return Raw(frame, path.name, target, held_out, identifiers=False, notes=notes)


def _names(shape: tuple[int, ...]) -> list[str]:
    """x1, x2, .. of a vector; pixel_ROW_COLUMN of an image, with the channel where there are several.

    >>> _names((3,)), _names((1, 2)), _names((1, 1, 2))
    (['x1', 'x2', 'x3'], ['pixel_0_0', 'pixel_0_1'], ['pixel_0_0_0', 'pixel_0_0_1'])
    """
    if len(shape) == 1:
        return [f"x{i + 1}" for i in range(shape[0])]
    image = shape[:-1] if len(shape) == 3 and shape[-1] == 1 else shape
    return ["_".join(map(str, ("pixel", *place))) for place in np.ndindex(image)]
