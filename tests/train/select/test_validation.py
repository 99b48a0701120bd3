"""Of many folds a few come first: what they are enough to decide, and what is then complete."""

from __future__ import annotations

import numpy as np
import pytest
from support.tables import table_of

from qcompile.facts import Tried
from qcompile.model.schema import Column
from qcompile.train.choices import BETAS, Choices
from qcompile.train.select.candidates import Candidate
from qcompile.train.select.folds import folds_of
from qcompile.train.select.validation import Validation


@pytest.fixture(scope="module", params=[200, 500], ids=["fifteen folds", "five folds"])
def validation(request: pytest.FixtureRequest) -> Validation:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((request.param, 4)).astype(np.float32)
    y = (x[:, 0] + rng.standard_normal(len(x)) > 0).astype(int)
    table = table_of(x, tuple(Column(f"c{i}", "numeric") for i in range(4)), y)
    return Validation(Candidate("uniform", {"bits": 4}), folds_of(table, 0), Choices(jobs=1))


def rival(count: int, score: float) -> Tried:
    return Tried("other", 0.01, score, 0.01, 0.1, 5, 4, 40, (score,) * count)


def test_every_row_is_scored_on_every_fold_and_betas_are_neighbours(validation: Validation) -> None:
    heard: list[Tried] = []
    rows = validation.path(BETAS, heard.append)
    assert heard == rows and 1 <= len(rows) <= 3
    assert all(len(row.scores) == len(validation.parts) for row in rows)
    at = BETAS.index(rows[0].beta)
    assert tuple(row.beta for row in rows) == BETAS[at : at + len(rows)]
    for row in rows:  # its networks are there for every fold: wide enough, pruning changes nothing
        assert validation.narrowed(row.beta, 512).scores == row.scores


def test_an_encoder_behind_on_the_first_folds_has_no_rows(validation: Validation) -> None:
    heard: list[Tried] = []
    assert validation.path(BETAS, heard.append, rival(len(validation.parts), 1.0)) == heard == []


def test_an_encoder_that_is_level_is_judged_on_every_fold(validation: Validation) -> None:
    alone = validation.path(BETAS)
    assert validation.path(BETAS, best=alone[0]) == alone
