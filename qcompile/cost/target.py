"""Target and ``load_target``, as the cost model's users import them.

The type is defined in ``qcompile.targets.schema``, below the back-ends, which choose kernels by it.
"""

from __future__ import annotations

from qcompile.targets.schema import Compiler, Figure, Target, load_target

__all__ = ["Compiler", "Figure", "Target", "load_target"]
