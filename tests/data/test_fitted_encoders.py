"""What every encoder of the folder promises, and what each of the three promises alone."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from support.tables import table_of

from qcompile import registry
from qcompile.data.assemble import MAX_CATEGORIES
from qcompile.data.encode import thermometer, threshold, uniform
from qcompile.data.encode._cuts import cuts
from qcompile.errors import DataError
from qcompile.model.encoder import ColumnKind, Encoder, encode
from qcompile.model.schema import Column

FOLDER = "qcompile.data.encode"
ENCODERS = registry.names(FOLDER)
WHOLE = [name for name in ENCODERS if name != "splits"]  # those that code every feature that varies
NUMBER = Column("a", "numeric")
anything = st.floats(width=32, allow_infinity=False)  # NaN, subnormals and 3e38 among them
matrices = hnp.arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 3)), elements=anything)


def fit(name: str, x: np.ndarray, *columns: Column, y: np.ndarray | None = None) -> Encoder:
    columns = columns or tuple(Column(f"c{j}", "numeric") for j in range(x.shape[1]))
    encoder = registry.load(FOLDER, name).fit(table_of(x, columns, y))
    assert isinstance(encoder, Encoder) and encoder.name == name
    return encoder


@pytest.mark.parametrize("name", ENCODERS)
@settings(deadline=None, max_examples=80)
@given(x=matrices)
def test_codes_are_in_range_finite_and_end_with_one_constant(name: str, x: np.ndarray) -> None:
    encoder = fit(name, x)
    codes = encode(encoder, x)
    assert codes.max(initial=0) <= encoder.top
    assert (encoder.kind == ColumnKind.CONSTANT).sum() == 1 and encoder.kind[-1] == ColumnKind.CONSTANT
    assert (codes[:, -1] == encoder.top).all()


@pytest.mark.parametrize("name", ENCODERS)
@settings(deadline=None, max_examples=80)
@given(x=matrices)
def test_every_code_varies_over_the_training_rows_and_uses_the_whole_range(name: str, x: np.ndarray) -> None:
    encoder = fit(name, x)
    codes = encode(encoder, x)[:, :-1]
    assert (codes.min(axis=0) == 0).all()
    assert (codes.max(axis=0) == encoder.top).all()


@pytest.mark.parametrize("name", ENCODERS)
@settings(deadline=None, max_examples=80)
@given(x=matrices, more=hnp.arrays(np.float32, 30, elements=st.floats(width=32, allow_nan=False)))
def test_codes_of_numbers_never_fall_as_the_number_rises(name: str, x: np.ndarray, more: np.ndarray) -> None:
    encoder = fit(name, x)
    rows = np.repeat(np.sort(more)[:, None], x.shape[1], axis=1)
    codes = encode(encoder, rows)[:, encoder.kind < ColumnKind.EQUAL].astype(int)
    assert (np.diff(codes, axis=0) >= 0).all()


@pytest.mark.parametrize("name", WHOLE)
def test_a_varying_feature_gets_a_code_at_any_magnitude(name: str) -> None:
    for scale in (1e-44, 1e-38, 1e-30, 1.0, 1e30, 3e38):
        x = (np.array([[-1.0], [0.0], [1.0]]) * scale).astype(np.float32)
        codes = encode(fit(name, x), x)
        assert codes.shape[1] >= 2 and len(np.unique(codes[:, 0])) >= 2, scale


@pytest.mark.parametrize("name", WHOLE)
def test_neighbouring_floats_are_told_apart(name: str) -> None:
    for value in (1.0, -1.0, 16777216.0, 1e-20):
        x = np.array([[value], [np.nextafter(np.float32(value), np.float32(np.inf))]], dtype=np.float32)
        codes = encode(fit(name, x), x)
        assert codes[0, 0] == 0 and codes[1, 0] > 0, value


@pytest.mark.parametrize("name", WHOLE)
def test_a_feature_that_is_constant_in_training_gets_no_code(name: str) -> None:
    x = np.array([[5.0, 1.0, np.nan], [5.0, 2.0, np.nan]])
    encoder = fit(name, x)
    assert set(encoder.feature[:-1].tolist()) == {1}
    assert encode(encoder, [[7.0, 1.0, 3.0]]).shape == (1, encoder.width)


@pytest.mark.parametrize("name", WHOLE)
def test_missing_cells_take_the_median_and_are_marked(name: str) -> None:
    x = np.array([[1.0], [2.0], [9.0], [np.nan]])
    encoder = fit(name, x)
    assert encoder.fill.tolist() == [2.0]
    mark = encoder.of_kind(ColumnKind.MISSING)
    codes = encode(encoder, np.vstack([x, [[2.0]]]))
    assert (codes[:, mark] == encoder.top).ravel().tolist() == [False, False, False, True, False]
    numbers = encoder.kind < ColumnKind.EQUAL
    np.testing.assert_array_equal(codes[3, numbers], codes[4, numbers])


@pytest.mark.parametrize("name", ENCODERS)
def test_no_mark_without_missing_cells_in_training_but_later_ones_are_filled(name: str) -> None:
    x = np.array([[1.0], [2.0], [9.0]])
    encoder = fit(name, x)
    assert not (encoder.kind == ColumnKind.MISSING).any()
    np.testing.assert_array_equal(encode(encoder, [[np.nan]]), encode(encoder, [[2.0]]))


@pytest.mark.parametrize("name", WHOLE)
def test_a_column_that_is_present_or_missing_is_coded_by_that_alone(name: str) -> None:
    encoder = fit(name, np.array([[3.0], [np.nan], [3.0]]))
    assert encoder.kind.tolist() == [ColumnKind.MISSING, ColumnKind.CONSTANT]


@pytest.mark.parametrize("name", WHOLE)
def test_categories_are_one_hot_over_those_of_the_training_rows(name: str) -> None:
    colour = Column("colour", "categorical", ("blue", "green", "red", "violet"))
    encoder = fit(name, np.array([[0.0], [2.0], [2.0], [3.0]]), colour)
    assert encoder.kind.tolist() == [ColumnKind.EQUAL] * 3 + [ColumnKind.CONSTANT]
    assert encoder.shift[:3].tolist() == [0.0, 2.0, 3.0]
    codes = encode(encoder, [[0.0], [1.0], [2.0], [3.0], [np.nan]])[:, :3] // encoder.top
    assert codes.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]]  # NaN: most frequent


@pytest.mark.parametrize("name", WHOLE)
def test_two_categories_need_one_code(name: str) -> None:
    encoder = fit(name, np.array([[0.0], [2.0], [2.0]]), Column("c", "categorical", ("a", "b", "c")))
    assert encoder.kind.tolist() == [ColumnKind.EQUAL, ColumnKind.CONSTANT]


@pytest.mark.parametrize("name", WHOLE)
def test_of_very_many_categories_the_most_frequent_get_a_code(name: str) -> None:
    count = MAX_CATEGORIES + 40
    column = Column("c", "categorical", tuple(map(str, range(count))))
    x = np.concatenate([np.arange(count), np.arange(40, count)]).astype(np.float32)[:, None]
    encoder = fit(name, x, column)
    assert encoder.shift[:-1].tolist() == list(range(40, count))


@pytest.mark.parametrize("name", WHOLE)
def test_booleans_are_one_comparison(name: str) -> None:
    encoder = fit(name, np.array([[0.0], [1.0], [np.nan]]), Column("b", "boolean"))
    assert encoder.kind.tolist() == [ColumnKind.GREATER, ColumnKind.MISSING, ColumnKind.CONSTANT]
    assert (encode(encoder, [[0.0], [1.0]])[:, 0] // encoder.top).tolist() == [0, 1]


@pytest.mark.parametrize("name", ENCODERS)
def test_the_fit_depends_on_its_rows_only_and_not_on_their_order(name: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4)).astype(np.float32)
    x[rng.random(x.shape) < 0.1] = np.nan
    y, order = x[:, 1] > 0.2, rng.permutation(60)
    one, two = fit(name, x, y=y.astype(int)), fit(name, x[order], y=y[order].astype(int))
    for field in ("kind", "feature", "shift", "gain", "fill"):
        np.testing.assert_array_equal(getattr(one, field), getattr(two, field))


@pytest.mark.parametrize("name", ENCODERS)
def test_bad_training_rows_are_refused(name: str) -> None:
    for x, message in (
        (np.empty((0, 1)), "no training rows"),
        (np.zeros((2, 2)), "1 columns do not fit"),
        (np.array([[np.inf], [1.0]]), "'a' holds an infinite number"),
    ):
        with pytest.raises(ValueError, match=message):
            fit(name, x, NUMBER)


@pytest.mark.parametrize("bits", range(1, 9))
def test_uniform_steps_are_equally_wide(bits: int) -> None:
    top = (1 << bits) - 1
    x = np.linspace(-3, 5, 1 + 2 * top, dtype=np.float32)[:, None]
    codes = encode(uniform.fit(table_of(x, (NUMBER,)), bits=bits), x[::2])[:, 0]
    assert codes.tolist() == list(range(top + 1))


def test_uniform_does_not_use_subnormal_arithmetic() -> None:
    """Processors that flush subnormals must give the same codes, so such features are compared only."""
    for scale in (1e-40, 3e38):
        x = (np.array([[-1.0], [1.0]]) * scale).astype(np.float32)
        assert uniform.fit(table_of(x, (NUMBER,)), bits=8).kind[0] == ColumnKind.GREATER
    kept = uniform.fit(table_of(np.array([[0.0], [1e-30]]), (NUMBER,)), bits=8)
    assert kept.kind[0] == ColumnKind.LEVEL
    least_normal = np.float32(2.0**-126)
    assert encode(kept, [[least_normal]])[0, 0] == 0


@pytest.mark.parametrize("k", (1, 3, 8))
def test_thermometer_thresholds_divide_the_training_rows_equally(k: int) -> None:
    x = np.random.default_rng(k).permutation(360).astype(np.float32)[:, None]
    encoder = thermometer.fit(table_of(x, (NUMBER,)), k=k)
    assert encoder.width == k + 1
    heights = encode(encoder, x)[:, :-1].sum(axis=1)
    assert np.bincount(heights).tolist() == [360 // (k + 1)] * (k + 1)


def test_thermometer_makes_equal_thresholds_once() -> None:
    mostly_zero = np.array([0.0] * 90 + [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
    found = cuts(mostly_zero, 8)
    assert 1 <= len(found) < 8 and (np.diff(found) > 0).all()


def test_thermometer_with_few_different_values_separates_them_all() -> None:
    encoder = thermometer.fit(table_of(np.array([[1.0], [2.0], [2.0], [7.0]]), (NUMBER,)), k=8)
    assert encoder.shift[:-1].tolist() == [1.5, 4.5]


@settings(deadline=None, max_examples=150)
@given(
    hnp.arrays(
        np.float32, st.integers(1, 40), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
    ),
    st.integers(1, 9),
)
def test_every_cut_has_training_rows_on_both_sides(values: np.ndarray, k: int) -> None:
    found = cuts(values, k)
    assert len(found) <= k and (np.diff(found) > 0).all() and np.isfinite(found).all()
    assert (len(found) == 0) == (values.min() == values.max())
    for t in found:
        assert (values > t).any() and (values <= t).any()


def test_threshold_is_the_balanced_cut() -> None:
    encoder = threshold.fit(table_of(np.array([[0.0]] * 70 + [[1.0]] * 20 + [[2.0]] * 10), (NUMBER,)))
    assert encoder.shift[0] == 0.5  # 70 to 30 is more even than 90 to 10


@pytest.mark.parametrize("bits", (0, 9))
def test_uniform_refuses_widths_it_cannot_store(bits: int) -> None:
    with pytest.raises(DataError, match="has 1 to 8"):
        uniform.fit(table_of(np.zeros((1, 1)), (NUMBER,)), bits=bits)


@pytest.mark.parametrize("k", (0, 65))
def test_thermometer_refuses_absurd_numbers_of_thresholds(k: int) -> None:
    with pytest.raises(DataError, match="1 to 64"):
        thermometer.fit(table_of(np.zeros((1, 1)), (NUMBER,)), k=k)


def test_clipped_tails_saturate_and_the_rest_uses_the_whole_range() -> None:
    x = np.concatenate([np.arange(98.0), [1e6, -1e6]])[:, None]
    encoder = uniform.fit(table_of(x, (NUMBER,)), bits=2, clip=0.01)
    assert encode(encoder, [[-1e6], [0.0], [97.0], [1e6], [40.0]])[:, 0].tolist() == [0, 0, 3, 3, 1]
    mostly_equal = np.array([[0.0]] * 99 + [[1.0]])
    np.testing.assert_array_equal(
        encode(uniform.fit(table_of(mostly_equal, (NUMBER,)), clip=0.1), mostly_equal),
        encode(uniform.fit(table_of(mostly_equal, (NUMBER,))), mostly_equal),
    )


@pytest.mark.parametrize("clip", (-0.1, 0.3, float("nan")))
def test_uniform_refuses_to_clip_half_of_the_values_away(clip: float) -> None:
    with pytest.raises(DataError, match=r"share from 0 to 0\.25"):
        uniform.fit(table_of(np.zeros((1, 1)), (NUMBER,)), clip=clip)
