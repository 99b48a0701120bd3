"""Nothing of the test rows, and no label, reaches what is fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qcompile import registry
from qcompile.data.load import load
from qcompile.data.split import split
from qcompile.model.encoder import encode

FOLDER = "qcompile.data.encode"
RNG = np.random.default_rng(5)
FRAME = pd.DataFrame(
    {
        "number": RNG.normal(size=80),
        "holes": np.where(RNG.random(80) < 0.2, np.nan, RNG.normal(size=80)),
        "word": RNG.choice(["red", "green", "blue"], size=80),
        "flag": RNG.random(80) < 0.5,
        "y": RNG.choice(["no", "yes"], size=80),
    }
)


@pytest.mark.parametrize("name", registry.names(FOLDER))
def test_training_codes_do_not_change_with_the_test_rows(name: str) -> None:
    before = load(FRAME)
    train, test = split(before)
    other = FRAME.copy()
    other.loc[test, "number"] = 1e6 * RNG.normal(size=len(test))
    other.loc[test, "holes"] = -3.0
    other.loc[test, "word"] = "amber"  # a new category, first in order: every index shifts
    after = load(other)
    np.testing.assert_array_equal(split(after)[1], test)
    fit = registry.load(FOLDER, name).fit
    codes = [encode(fit(t.rows(train)), t.x[train]) for t in (before, after)]
    np.testing.assert_array_equal(*codes)


def test_features_do_not_depend_on_labels() -> None:
    other = load(FRAME.assign(y=FRAME["y"].to_numpy()[::-1]))
    assert other.x.tobytes() == load(FRAME).x.tobytes()
    assert other.schema == load(FRAME).schema
