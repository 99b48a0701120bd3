"""LEVEL columns without float instructions: the exact float32 at which each code begins, by bisection.

A LEVEL code int(clip((x - shift) * gain, 0, M) + 0.5) never falls as x rises: each of its rounded
steps is monotone (gain > 0). So it equals the number of thresholds t_1 <= .. <= t_M with t_k <= x,
where t_k is the smallest float32 whose code is at least k. Floats are compared by integer keys that
order as they do, and a core without a float unit saves four library calls per input.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qcompile.model.encoder import Encoder
from qcompile.model.float_order import INFINITE, float_of


def level_keys(encoder: Encoder, block: slice) -> NDArray[np.int32]:
    """(columns, M) keys of the thresholds of a block of LEVEL columns, ascending in each row.

    >>> e = Encoder("uniform", 1, [0], [0], [0.0], [1.0], [0.0])
    >>> float_of(level_keys(e, slice(0, 1)).astype(np.int64)).tolist()   # plus 0.5 it rounds to 1
    [[0.4999999701976776]]
    """
    shift, gain = encoder.shift[block][:, None], encoder.gain[block][:, None]
    top = np.float32(encoder.top)
    wanted = np.arange(1, encoder.top + 1)[None]

    def reached(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
        with np.errstate(over="ignore"):
            scaled = (float_of(keys) - shift) * gain
        codes = (np.clip(scaled, np.float32(0), top) + np.float32(0.5)).astype(np.int64)
        yes: NDArray[np.bool_] = codes >= wanted
        return yes

    # -inf has code 0 and +inf has code M, so the border is between them.
    low = np.full((len(shift), encoder.top), -INFINITE, dtype=np.int64)
    high = np.full_like(low, INFINITE)
    while (high - low > 1).any():
        middle = (low + high) // 2
        yes = reached(middle)
        high, low = np.where(yes, middle, high), np.where(yes, low, middle)
    return high.astype(np.int32)


def search(code: str, table: str, bits: int) -> str:
    """Statements that put the number of keys <= k of a table of 2^bits - 1 into ``code``; n is 0 before.

    >>> print(search("c[i]", "t", 2), end="")
            n += (k >= t[1]) ? 2U : 0U;
            n += (k >= t[n]) ? 1U : 0U;
            c[i] = (uint8_t)n;
    """
    lines: list[str] = []
    for b in reversed(range(bits)):
        step = 1 << b
        place = "n" if b < bits - 1 and step == 1 else f"n + {step - 1}U" if b < bits - 1 else str(step - 1)
        lines.append(f"n += (k >= {table}[{place}]) ? {step}U : 0U;")
    return "".join(f"        {line}\n" for line in [*lines, f"{code} = (uint8_t)n;"])
