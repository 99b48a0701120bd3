"""The grids of first-layer weights: which integers a weight may be, and how small its square gets."""

from __future__ import annotations

from qcompile.errors import UnsupportedError, did_you_mean

BITS = {"binary": 1, "ternary": 2, "2bit": 2, "3bit": 3, "4bit": 4}  # that store a weight
GRIDS = tuple(BITS)


def values(weights: str) -> tuple[int, ...]:
    """The integers of a grid, ascending; weight w stands for the real w / top.

    Raises:
        UnsupportedError: unknown grid.

    >>> values("2bit"), values("ternary")
    ((-3, -1, 1, 3), (-1, 0, 1))
    """
    if weights not in GRIDS:
        raise UnsupportedError(
            f"{weights!r} is not one of the weight grids: {', '.join(GRIDS)}.{did_you_mean(weights, GRIDS)}"
        )
    if weights == "ternary":
        return (-1, 0, 1)
    bits = 1 if weights == "binary" else int(weights[0])
    last = (1 << bits) - 1
    return tuple(range(-last, last + 1, 2))


def top(weights: str) -> int:
    """The integer that stands for 1.0."""
    return values(weights)[-1]


def floor(weights: str) -> float:
    """The smallest square of a real weight: 1 binary, 0 ternary, 1 / (2^k - 1)^2 for k bits.

    Squares of weights lie in [floor, 1]; this interval is all that the diagonal rule of a
    one-vector neuron knows about the grid.

    >>> floor("binary"), floor("ternary"), round(floor("2bit"), 6)
    (1.0, 0.0, 0.111111)
    """
    return min(w * w for w in values(weights)) / top(weights) ** 2
