"""popcount of a 64-bit word for Numba: one LLVM instruction, vectorised where the CPU can."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic


def _popcount(typing_context: Any, word: Any) -> Any:
    """Number of ones in a uint64, as int64: ``int(word).bit_count()``."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), emit


popcount: Any = intrinsic(_popcount)
