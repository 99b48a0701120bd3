"""Lines that stand for staircases, checked at every input there is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcompile.ir.staircase import MOST_EXCEPTIONS, Line, evaluate, line_of


def _count(levels: np.ndarray, sign: int, inputs: np.ndarray) -> np.ndarray:
    met = inputs[:, None] >= levels if sign > 0 else inputs[:, None] <= levels
    return met.sum(axis=1)


@settings(deadline=None, max_examples=400)
@given(st.integers(0, 2**32 - 1))
def test_a_line_has_the_count_of_every_input(seed: int) -> None:
    rng = np.random.default_rng(seed)
    span, k = int(rng.choice([3, 10, 100, 3000])), int(rng.choice([1, 2, 3, 7, 15, 255]))
    levels = np.sort(rng.integers(-span, span + 1, k))
    if rng.random() < 0.7:  # nearly evenly spaced
        levels = np.ceil((np.arange(k) - rng.uniform(0, k)) / rng.uniform(0.01, 3)).astype(np.int64)
        levels = np.sort(levels + (rng.random(k) < rng.choice([0, 0.05])))
    low, high = sorted(rng.integers(-span, span + 1, 2).tolist())
    inputs, sign = np.arange(low, high + 1), int(rng.choice([-1, 1]))
    expected = _count(levels, sign, inputs)
    limits = (0, k) if rng.random() < 0.5 else (int(expected.min()), int(expected.max()))
    line = line_of(levels, sign, low, high, limits)
    if line is not None:
        np.testing.assert_array_equal(evaluate(line, inputs, limits), expected)
        assert len(line.exceptions) <= MOST_EXCEPTIONS


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 2**20), st.integers(-(2**25), 2**25), st.integers(0, 24), st.booleans())
def test_whatever_was_a_line_is_seen_to_be_one(m: int, b: int, s: int, falls: bool) -> None:
    inputs = np.arange(-300, 301)
    count = np.clip(((-m if falls else m) * inputs + b) >> s, 0, 255)
    values = range(1, 256)
    if falls:
        levels = np.array(sorted(int(inputs[count >= k].max(initial=-301)) for k in values))
    else:
        levels = np.array([int(inputs[count >= k].min(initial=301)) for k in values])
    line = line_of(levels, -1 if falls else 1, -300, 300, (0, 255))
    assert line is not None
    assert not line.exceptions
    assert line.shift <= s or count.min() == count.max()
    np.testing.assert_array_equal(evaluate(line, inputs, (0, 255)), count)


def test_one_step_out_of_line_is_an_exception() -> None:
    levels = 16 * np.arange(1, 101)
    levels[50] += 1
    line = line_of(levels, 1, -9999, 9999, (0, 100))
    assert line is not None
    inputs = np.arange(-9999, 10000)
    np.testing.assert_array_equal(evaluate(line, inputs, (0, 100)), _count(levels, 1, inputs))


def test_a_constant_and_a_staircase_like_no_line() -> None:
    assert line_of(np.array([5, 9]), 1, 6, 8, (0, 2)) == Line(0, 1, 0)
    assert line_of(np.array([-900, -1, 0, 1, 900]), 1, -1000, 1000, (0, 5)) is None


@pytest.mark.parametrize("reach", (2**39, 2**40, 2**62))
def test_far_ranges_are_exact_or_refused(reach: int) -> None:
    line = line_of(np.array([-(2**30), 0, 2**30]), 1, -reach, reach - 1, (0, 3))
    if line is not None:
        at = np.array([-(2**30) - 1, -(2**30), -1, 0, 2**30 - 1, 2**30], dtype=object)
        assert evaluate(line, at, (0, 3)).tolist() == [0, 1, 1, 2, 2, 3]
    assert (line is None) == (reach >= 2**40)
