"""Size of what is shipped, in bytes, read off the artifact."""

from __future__ import annotations

from collections.abc import Mapping

from qcompile.cost.rows import CostRow


def size_row(files: Mapping[str, bytes], backend: str, entry: str | None = None) -> CostRow:
    """Bytes of one file of an artifact, or of all of them.

    >>> size_row({"model.onnx": b"1234", "README": b"1"}, "onnx_graph", "model.onnx").expected
    4.0
    """
    chosen = [entry] if entry is not None else sorted(files)
    total = float(sum(len(files[name]) for name in chosen))
    return CostRow("size", "B", total, total, total, "measured", f"bytes of {', '.join(chosen)}", backend)
