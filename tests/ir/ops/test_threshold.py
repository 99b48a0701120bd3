"""Few levels are compared, many are searched: the same count, for any integers and any order."""

import numpy as np
import pytest

from qcompile.ir.ops import Threshold
from qcompile.ir.ops.threshold import MANY
from qcompile.ir.types import ValueType


@pytest.mark.parametrize("kind", (np.int64, object))
@pytest.mark.parametrize("k", (0, 1, MANY - 1, MANY, MANY + 1, 255))
def test_the_count_is_that_of_the_definition(k: int, kind: type) -> None:
    rng = np.random.default_rng(k)
    n = 5
    op = Threshold("t", ValueType("i", 64, n), "x", rng.integers(-99, 99, (n, k)), rng.choice([-1, 1], n))
    a = rng.integers(-120, 120, (3, 2, 4, n)).astype(kind)
    if kind is object:
        a[0, 0, 0] = 2**70
        a[0, 0, 1] = -(2**70)
    found = op.meaning(a)
    assert found.dtype == kind
    for place in np.ndindex(a.shape):
        levels, sign = op.levels[place[-1]].tolist(), op.sign[place[-1]]
        assert found[place] == sum(a[place] >= v if sign > 0 else a[place] <= v for v in levels)


def test_the_bound_is_that_of_the_ends_however_far() -> None:
    levels = np.array([[np.iinfo(np.int64).min, 0, np.iinfo(np.int64).max]] * 4)
    op = Threshold("t", ValueType("i", 64, 4), "x", levels, [1, -1, 1, -1])
    far = [(-(2**70), 2**70), (-(2**70), 2**70), (-1, 0), (1, 5)]
    assert op.bound(far) == [(0, 3), (0, 3), (1, 2), (1, 1)]
    near = [(-1, 0), (-1, 0), (0, 0), (2**62, 2**62)]
    assert op.bound(near) == [(1, 2), (2, 2), (2, 2), (1, 1)]
