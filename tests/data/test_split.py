from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from qcompile.data.split import copies_sentence, first_copies, split, split_again
from qcompile.data.table import Table
from qcompile.errors import DataError
from qcompile.model.schema import Column, Schema


def table(counts: list[int], held_out: int = 0, order: int = 0) -> Table:
    y = np.random.default_rng(order).permutation(np.repeat(np.arange(len(counts)), counts))
    schema = Schema((Column("a", "numeric"),), "y", "classification", tuple(map(str, range(len(counts)))))
    return Table(np.zeros((len(y), 1)), y, schema, "t", (), held_out)


def regression(n: int) -> Table:
    return Table(
        np.zeros((n, 1)), np.arange(n, dtype=float), Schema((Column("a", "numeric"),), "y", "regression"), "t"
    )


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(2, 30), min_size=2, max_size=6), st.floats(0.05, 0.9), st.integers(0, 99))
def test_parts_are_disjoint_complete_sorted_and_hold_every_class(
    counts: list[int], fraction: float, seed: int
) -> None:
    t = table(counts)
    train, test = split(t, fraction, seed)
    assert train.dtype == test.dtype == np.int64
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(len(t)))
    assert (np.diff(train) > 0).all() and (np.diff(test) > 0).all()
    for c, count in enumerate(counts):
        share = int((t.y[test] == c).sum())
        assert 1 <= share < count
        assert share == 1 or share == count - 1 or abs(share - fraction * count) <= 0.5


def test_equal_seeds_give_equal_splits_and_others_do_not() -> None:
    t = table([40, 60])
    np.testing.assert_array_equal(split(t, seed=3)[1], split(t, seed=3)[1])
    assert not np.array_equal(split(t, seed=3)[1], split(t, seed=4)[1])


def test_a_class_of_one_row_is_trained_on() -> None:
    t = table([10, 1])
    train, test = split(t)
    assert (t.y[train] == 1).sum() == 1 and (t.y[test] == 1).sum() == 0


def test_regression_rows_are_drawn_at_random() -> None:
    train, test = split(regression(100))
    assert (len(train), len(test)) == (75, 25)
    assert not (np.diff(test) == 1).all()


def test_test_rows_of_the_source_are_used_as_they_are() -> None:
    train, test = split(table([5, 5], held_out=3), fraction=0.9, seed=7)
    assert test.tolist() == [7, 8, 9] and train.tolist() == list(range(7))


@pytest.mark.parametrize("fraction", (0.0, 1.0, -1.0, float("nan")))
def test_fractions_outside_0_and_1_are_refused(fraction: float) -> None:
    with pytest.raises(DataError, match="must lie between 0 and 1"):
        split(table([5, 5]), fraction)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="has 1 usable row"):
        split(regression(1))
    with pytest.raises(DataError, match="too few rows per class"):
        split(table([1, 1]))


def copied(seed: int = 0, n: int = 200) -> Table:
    """A third of the rows are copies of others, some with missing cells."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 2)).astype(np.float32)
    x[rng.random((n, 2)) < 0.1] = np.nan
    y = rng.integers(0, 2, n)
    again = rng.integers(0, n, n // 2)
    schema = Schema((Column("a", "numeric"), Column("b", "numeric")), "y", "classification", ("no", "yes"))
    return Table(np.vstack([x, x[again]]), np.concatenate([y, y[again]]), schema, "t")


@pytest.mark.parametrize("seed", range(5))
def test_copies_of_a_row_stay_on_one_side(seed: int) -> None:
    t = copied(seed)
    train, test = split(t, 0.25, seed, "together")
    rows = [(*map(str, t.x[i]), int(t.y[i])) for i in range(len(t))]
    assert not {rows[i] for i in train} & {rows[i] for i in test}
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(len(t)))
    assert abs(len(test) / len(t) - 0.25) < 0.08
    assert {rows[i] for i in split(t, 0.25, seed)[0]} & {rows[i] for i in split(t, 0.25, seed)[1]}
    assert "on one side" in copies_sentence(t, (train, test), "together")
    assert "flatters" in copies_sentence(t, split(t, 0.25, seed), "rows")


def test_rows_with_equal_keys_that_differ_are_no_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    t = copied()
    expected = first_copies(t)
    monkeypatch.setattr("qcompile.data.split.FACTOR", np.uint64(0))  # the label alone is the key
    np.testing.assert_array_equal(first_copies(t), expected)


def test_a_table_without_copies_is_split_as_ever() -> None:
    t = regression(50)
    for one, other in zip(split(t, 0.3, 4), split(t, 0.3, 4, "together"), strict=True):
        np.testing.assert_array_equal(one, other)
    assert copies_sentence(t, split(t, 0.3, 4), "together") == ""


def test_rows_that_are_mostly_combinations_of_few_values_are_divided_and_it_is_said() -> None:
    t = table([40, 40])
    for one, other in zip(split(t), split(t, how="together"), strict=True):
        np.testing.assert_array_equal(one, other)
    assert "too many to keep" in copies_sentence(t, split(t), "together")


def test_a_class_of_copies_alone_keeps_training_rows() -> None:
    schema = Schema((Column("a", "numeric"),), "y", "classification", ("no", "yes"))
    x = np.concatenate([np.arange(40), np.full(8, 99)])[:, None]
    t = Table(x, np.repeat([0, 1], [40, 8]), schema, "t")
    for seed in range(8):
        train, test = split(t, 0.25, seed, "together")
        assert (t.y[train] == 1).any() and len(train) + len(test) == 48


def test_the_split_of_a_stored_network_is_that_of_its_provenance() -> None:
    t, facts = copied(), {"test_fraction": 0.25, "seed": 0}
    for how, stored in (("rows", facts), ("together", {**facts, "split": "together"})):
        for one, other in zip(split(t, 0.25, 0, how), split_again(t, stored), strict=True):
            np.testing.assert_array_equal(one, other)
