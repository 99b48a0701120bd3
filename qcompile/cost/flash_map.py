"""Flash by operation: whose code and whose constants fill a linked image.

    text      bytes of functions, from the image's symbols
    rodata    bytes of constant arrays, from the same
    rest      sections minus symbols: alignment, literals that the linker merged, unwind stubs

The parts of each section add up to the section, so the map is exact and nothing is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from qcompile.backends.artifact import Artifact
from qcompile.cost.rows import CostRow
from qcompile.run.emulate.image import Image

REST = "rest"
SECTIONS = (("text", ".text"), ("rodata", ".rodata"))


def owner(symbol: str, artifact: Artifact) -> str:
    """The operation that a function or an array belongs to; "call" or "runtime" where there is none.

    Functions of a dot are named in the artifact; arrays carry its label.
    """
    functions: Mapping[str, str] = artifact.provenance["functions"]
    prefix = artifact.provenance["prefix"]
    if symbol in functions:
        return functions[symbol]
    if not symbol.startswith(f"{prefix}_"):
        return "tables" if symbol.startswith("qc_") else "runtime"
    word = symbol.removeprefix(f"{prefix}_")
    labels: Mapping[str, str] = artifact.provenance["labels"]
    found = re.fullmatch(r"(?:w|k|s|t|l|d|first|end)_(\w+)", word)  # arrays of one operation
    if found and found[1] in labels:
        return labels[found[1]]
    return "encode" if word.startswith(("encode", "level", "greater", "equal", "fill")) else "call"


def flash_rows(artifact: Artifact, image: Image) -> list[CostRow]:
    """Rows "text" and "rodata" in bytes, by operation and in total; measured."""
    sizes = {"text": {n: size for n, (_, size) in image.symbols.items()}, "rodata": dict(image.constants)}
    rows = []
    for quantity, section in SECTIONS:
        total = sum(n for name, n in image.sections.items() if name.startswith(section))
        parts: Counter[str] = Counter()
        for symbol, size in sizes[quantity].items():
            parts[owner(symbol, artifact)] += size
        parts[REST] = max(0, total - sum(parts.values()))
        named = [(name, n) for name, n in parts.items() if n]
        rows += [_row(quantity, n, f"symbols of {section} in the linked image", name) for name, n in named]
        rows.append(_row(quantity, total, f"section {section} of the linked image", "total"))
    return rows


def _row(quantity: str, size: int, source: str, operation: str) -> CostRow:
    exact = float(size)
    return CostRow(quantity, "B", exact, exact, exact, "measured", source, "c99", operation)
