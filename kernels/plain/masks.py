"""64 comparisons as the bits of one word, for Numba: vector compares and mask moves on every CPU."""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir
from numba import types
from numba.extending import intrinsic


def _above_word(typing_context: Any, values: Any, limits: Any, at: Any) -> Any:
    """Bit i is values[at + i] > limits[at + i], for 64 neighbours of float32 or int64; NaN gives 0.

    Both arrays must be contiguous and have 64 entries from ``at`` on: nothing is checked.
    """
    real = values.dtype == types.float32
    element, align = (ir.FloatType(), 4) if real else (ir.IntType(64), 8)
    block = ir.VectorType(element, 64)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        loaded = []
        for kind, array in zip(signature.args[:2], args[:2], strict=True):
            data = context.make_array(kind)(context, builder, array).data
            place = builder.bitcast(builder.gep(data, [args[2]]), block.as_pointer())
            loaded.append(builder.load(place, align=align))
        compare = builder.fcmp_ordered if real else builder.icmp_signed
        return builder.bitcast(compare(">", *loaded), ir.IntType(64))

    return types.uint64(values, limits, types.intp), emit


above_word: Any = intrinsic(_above_word)
