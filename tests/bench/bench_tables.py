"""Sixty tables as public files have them: how each is read, built, verified and how well it predicts.

    python tests/bench/bench_tables.py | python tests/bench/publish.py tables

The generators of tests/support know the truth before they write it; the same cells without their
dress, as a frame of plain numbers, are built beside each file and must give the same network score.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.public_kinds import KINDS
from support.public_tables import Made, write

from qcompile.api import build, verify
from qcompile.cost.this_machine import machine
from qcompile.data.load import load
from qcompile.train.choices import Choices
from qcompile.train.table import train

SEEDS = (0, 1)
CHOICES = Choices(encoder="thermometer", k=4, beta=0.03, neurons=16)


def exact(made: Made, path: Path) -> bool:
    """Whether every cell was read as what it is, and nothing else was kept."""
    table = load(path, reading=made.reading)
    if table.schema.names != tuple(made.columns):
        return False
    for j, (column, cells) in enumerate(zip(table.schema.columns, made.columns.values(), strict=True)):
        x = table.x[:, j]
        if column.kind == "categorical":
            same = [None if np.isnan(v) else column.categories[int(v)] for v in x] == list(cells)
        else:
            wanted = (np.asarray(cells, dtype=np.float64) - column.offset).astype(np.float32)
            same = np.array_equal(x, wanted, equal_nan=True)
        if not same:
            return False
    return [table.schema.classes[i] for i in table.y] == list(made.y)


def plain(made: Made) -> pd.DataFrame:
    """The truth as a frame of numbers and texts."""
    return pd.DataFrame({**{name: list(cells) for name, cells in made.columns.items()}, "y": list(made.y)})


def main() -> None:
    facts = machine()
    print(f"{facts['processor']}; thermometer encoder with 4 thresholds, beta 0.03, at most 16 neurons\n")
    print("| kind | seed | read exactly | left out | proof verified on the file | test accuracy | of the plain frame "
          "| gradient boosting | s per build |")  # fmt: skip
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    right = total = 0
    for kind, make in KINDS.items():
        for seed in SEEDS:
            made = make(np.random.default_rng([seed, len(kind)]))
            with tempfile.TemporaryDirectory() as folder:
                path = write(Path(folder), made)
                read = exact(made, path)
                start = time.perf_counter()
                built = build(path, Path(folder) / "out", reading=made.reading, choices=CHOICES)
                seconds = time.perf_counter() - start
                proved = verify(Path(folder) / "out", path, rows=20).passed
            score, truth = built.trained.metrics, train(load(plain(made), label="y"), CHOICES).metrics
            total, right = total + 1, right + (read and proved and score["test"] == truth["test"])
            print(
                f"| {kind.replace('_', ' ')} | {seed} | {'yes' if read else 'NO'} | {', '.join(made.left_out) or '-'} "
                f"| {'yes' if proved else 'NO'} | {score['test']:.3f} | {truth['test']:.3f} "
                f"| {score['baselines']['gradient boosting']:.3f} | {seconds:.1f} |",
                flush=True,
            )
    print(f"\n{right} of {total} tables read exactly, verified, and as good as their plain frame.")


if __name__ == "__main__":
    main()
