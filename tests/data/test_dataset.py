from __future__ import annotations

import numpy as np
import pytest
from support.tables import table_of

from qcompile.data.dataset import Dataset, classification_dataset, regression_dataset
from qcompile.data.encode import uniform
from qcompile.model.schema import Column

X = np.array([[0.0], [1.0], [2.0], [3.0]])
ENCODER = uniform.fit(table_of(X, (Column("a", "numeric"),)), bits=2)


def test_two_classes_share_one_column_and_the_second_is_plus_one() -> None:
    data = classification_dataset(ENCODER, X, np.array([0, 1, 1, 0]), ("no", "yes"))
    assert data.y.tolist() == [[-1], [1], [1], [-1]]


def test_more_classes_get_a_column_each_with_one_plus_one_per_row() -> None:
    data = classification_dataset(ENCODER, X, np.array([0, 1, 2, 1]), ("a", "b", "c"))
    assert data.y.tolist() == [[1, -1, -1], [-1, 1, -1], [-1, -1, 1], [-1, 1, -1]]


def test_rows_are_odd_levels_and_the_last_column_is_the_constant() -> None:
    data = classification_dataset(ENCODER, X, np.array([0, 1, 1, 0]), ("no", "yes"))
    assert data.q.tolist() == [[-3, 3], [-1, 3], [1, 3], [3, 3]]


def test_regression_targets_are_standardised_and_come_back() -> None:
    target = np.array([1.0, 2.0, 4.0, 9.0])
    data = regression_dataset(ENCODER, X, target)
    assert data.y.mean() == pytest.approx(0, abs=1e-15) and data.y.std() == pytest.approx(1)
    np.testing.assert_allclose(data.offset + data.spread * data.y[:, 0], target, rtol=1e-15)


def test_a_constant_target_is_only_centred() -> None:
    data = regression_dataset(ENCODER, X, np.full(4, 7.0))
    assert data.spread == 1.0 and not data.y.any()


def test_rows_and_targets_must_agree_and_are_read_only() -> None:
    data = classification_dataset(ENCODER, X, np.array([0, 1, 1, 0]), ("no", "yes"))
    with pytest.raises(ValueError, match="read-only"):
        data.codes[:] = 0
    with pytest.raises(ValueError, match="4 encoded rows, but 3 targets"):
        Dataset(data.codes, data.y[:3], ENCODER, "classification", ("no", "yes"))
