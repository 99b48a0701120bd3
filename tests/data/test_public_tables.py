"""Sixty tables as public files have them: each is read as what it is, and builds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.public_kinds import KINDS
from support.public_tables import Made, write

from qcompile.api import build, predict, verify
from qcompile.data.load import load
from qcompile.data.rows import load_rows
from qcompile.data.table import Table
from qcompile.train.choices import Choices

SEEDS = (0, 1)
CASES = [(kind, seed) for kind in KINDS for seed in SEEDS]


def read(folder: Path, kind: str, seed: int) -> tuple[Made, Path, Table]:
    table = KINDS[kind](np.random.default_rng([seed, len(kind)]))
    path = write(folder, table)
    return table, path, load(path, reading=table.reading)


def test_there_are_sixty() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_every_kind_is_read_as_what_it_is(tmp_path: Path, kind: str, seed: int) -> None:
    made, path, table = read(tmp_path, kind, seed)
    assert table.schema.names == tuple(made.columns)
    for j, (column, cells) in enumerate(zip(table.schema.columns, made.columns.values(), strict=True)):
        if column.kind == "categorical":
            texts = [None if np.isnan(v) else column.categories[int(v)] for v in table.x[:, j]]
            assert texts == list(cells)
        else:
            wanted = (np.asarray(cells, dtype=np.float64) - column.offset).astype(np.float32)
            np.testing.assert_array_equal(table.x[:, j], wanted)
    assert [table.schema.classes[i] for i in table.y] == list(made.y)
    story = " ".join(table.notes)
    for words in (*made.said, *(f"{name!r}" for name in made.left_out)):
        assert words in story, story
    rows = load_rows(path, table.schema)
    np.testing.assert_array_equal(rows.x, table.x)
    np.testing.assert_array_equal(rows.y, table.y)
    assert rows.unseen == rows.unreadable == 0


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_every_kind_builds_is_verified_on_its_file_and_predicts_its_rows(
    tmp_path: Path, kind: str, seed: int
) -> None:
    made, path, table = read(tmp_path, kind, seed)
    choices = Choices(encoder="thermometer", k=4, beta=0.03, neurons=16)
    built = build(path, tmp_path / "out", reading=made.reading, choices=choices)
    metrics = built.trained.metrics
    assert verify(tmp_path / "out", path, rows=50).passed
    predicted = predict(tmp_path / "out", path)
    assert len(predicted.predictions) == len(table)
    assert metrics["test"] > metrics["majority"]["share"], "it learned what the table holds"
