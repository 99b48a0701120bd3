"""Arrays that are checked once and never change."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

UNIT_ROUNDOFF = 2.0**-53  # of float64, round to nearest


def frozen(array: Any, dtype: DTypeLike, ndim: int, name: str) -> NDArray[Any]:
    """Return a C-contiguous read-only array of the given type and dimension.

    A value that the type cannot hold is refused rather than wrapped or rounded.

    Raises:
        ValueError: wrong number of dimensions, or a value does not survive the cast.

    >>> frozen([[1, -1]], np.int8, 2, "u").flags.writeable
    False
    >>> frozen([[300]], np.int8, 2, "u")
    Traceback (most recent call last):
    ...
    ValueError: u holds values that int8 cannot represent.
    """
    given = np.asarray(array)
    if given.ndim != ndim:
        raise ValueError(f"{name} has {given.ndim} dimensions (shape {given.shape}), expected {ndim}.")
    cast = np.array(given, dtype=dtype, order="C", copy=True)
    if given.dtype.kind in "iuf" and cast.dtype.kind in "iu" and not np.array_equal(cast, given):
        raise ValueError(f"{name} holds values that {cast.dtype} cannot represent.")
    cast.flags.writeable = False
    return cast
