"""Which space the Newton system is cheapest in, and the rank-one terms it has in both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Update:
    """tau a a' with a = [lean * w; share in the rows of one side]: the budget of that side.

    Attributes:
        tau: positive.
        lean: minus the sign of the side times the constant of the relaxation.
        share: (D,) float64.
        side: 0 or 1.
    """

    tau: float
    lean: float
    share: NDArray[np.float64]
    side: int


def cheapest(n: int, size: int, k: int) -> tuple[str, float]:
    """The space, "samples" or "moments", and about how many floating-point operations one step takes.

    >>> cheapest(1000, 150, 1)[0], cheapest(5000, 20, 1)[0]
    ('samples', 'moments')
    """
    order = n + k * size
    samples = 2.0 * n * n * size + order**3 / 3 + 12.0 * n * size**2
    count = size * (size + 1) / 2
    moments = n * count**2 + 4.0 * count**3 + (count + k * size) ** 3 / 3 + 12.0 * n * size**2
    return min((("samples", samples), ("moments", moments)), key=lambda pair: pair[1])
