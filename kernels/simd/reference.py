"""The instruction set reference, printed from the definitions: name, operands, meaning, spellings.

>>> any(line.split()[0] == "add_f32" for line in reference().splitlines() if line.strip())
True
"""

from __future__ import annotations

from qcompile.kernels.simd.vectors import TABLE, vocabulary


def reference() -> str:
    """One line per instruction: ``name operands -> result   meaning   [own spellings]``."""
    vocabulary("scalar")
    lines = []
    for name, one in sorted(TABLE.items()):
        own = ", ".join(sorted(k for k in one.emit if k != "portable"))
        signature = f"{' '.join(one.operands)} -> {one.result}"
        lines.append(f"{name:24} {signature:26} {one.meaning}" + (f"   [{own}]" if own else ""))
    return "\n".join(lines)


if __name__ == "__main__":
    print(reference())
