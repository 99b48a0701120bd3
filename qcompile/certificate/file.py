"""Certificates in one npz file: plain arrays, no pickle, the same bytes for the same certificates."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.certificate.certificate import Certificate
from qcompile.errors import ModelError, newer_version

FORMAT = 1
EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip entry must have a date; a fixed one keeps the bytes fixed


def pack(certificates: Sequence[Certificate]) -> bytes:
    """The bytes of the file: entry I.NAME holds field NAME of certificate I."""
    entries: dict[str, Any] = {"format": np.int64(FORMAT), "count": np.int64(len(certificates))}
    for i, c in enumerate(certificates):
        entries |= {f"{i}.kind": c.kind, f"{i}.digest": c.digest, f"{i}.dual": c.dual}
        entries |= {f"{i}.bound": np.float64(c.bound), f"{i}.margin": np.float64(c.margin)}
        entries |= {f"{i}.array.{name}": c.arrays[name] for name in sorted(c.arrays)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in entries.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(value), allow_pickle=False)
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", EPOCH), member.getvalue(), zipfile.ZIP_DEFLATED, 6
            )
    return buffer.getvalue()


def save(path: str | Path, certificates: Sequence[Certificate]) -> None:
    """Write certificates, one per class; the file appears whole or not at all.

    Raises:
        ModelError: the folder cannot be written.
    """
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(pack(certificates))
        os.replace(partial, path)
    except OSError as error:
        raise ModelError(f"cannot write {path}: {error.strerror}; choose another folder.") from error
    finally:
        partial.unlink(missing_ok=True) if partial.parent.is_dir() else None


def load(path: str | Path) -> tuple[Certificate, ...]:
    """Read certificates; nothing in them is believed until ``check`` has run.

    Raises:
        ModelError: the file is missing, truncated, damaged, or of another kind.
    """
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ModelError(f"{path} is not a certificate file.")
        with archive:
            entries: dict[str, NDArray[Any]] = {name: archive[name] for name in archive.files}
        if int(entries["format"]) > FORMAT:
            raise ModelError(newer_version(str(path), int(entries["format"]), FORMAT))
        return tuple(_certificate(entries, i) for i in range(int(entries["count"])))
    except FileNotFoundError as error:
        raise ModelError(f"there is no certificate file {path}.") from error
    except ModelError:
        raise
    except Exception as error:  # numpy, zipfile and zlib raise a dozen unrelated types on damaged bytes
        raise ModelError(
            f"{path} is not a complete certificate file ({type(error).__name__}); "
            "it is damaged or truncated: make it again with qcompile build."
        ) from error


def _certificate(entries: dict[str, NDArray[Any]], i: int) -> Certificate:
    prefix = f"{i}.array."
    return Certificate(
        bound=float(entries[f"{i}.bound"]),
        kind=str(entries[f"{i}.kind"]),
        dual=entries[f"{i}.dual"],
        arrays={n.removeprefix(prefix): a for n, a in entries.items() if n.startswith(prefix)},
        margin=float(entries[f"{i}.margin"]),
        digest=str(entries[f"{i}.digest"]),
    )
