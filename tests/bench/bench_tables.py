"""What validation chooses on a table: score of the deployed integers, their size, and what choosing costs.

    python tests/bench/bench_tables.py TABLE [TABLE ..] --folds 3

Per table, means over the folds: accuracy or R2 of the held rows, neurons per score column, encoded
inputs, processor seconds of choosing and
of fitting (one thread), the certified gap (--prove fast), and what was chosen. Held rows are read once,
for the score.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import KFold, StratifiedKFold

from qcompile.data.dataset import dataset_of
from qcompile.data.load import load
from qcompile.data.table import Table
from qcompile.model.network import decide, forward
from qcompile.train.choices import Choices
from qcompile.train.fit import fit_dataset, to_network
from qcompile.train.select.choose import choose


def measure(train: Table, test: Table) -> tuple[list[float], str]:
    """Score, neurons, inputs, seconds of both steps and gap of one fold; what was chosen."""
    choices = Choices(jobs=1, prove="fast")
    began = time.process_time()
    chosen = choose(train, choices)
    between = time.process_time()
    data = dataset_of(chosen.candidate.fit(train), train)
    fit = fit_dataset(data, chosen.beta, replace(choices, neurons=chosen.neurons))
    ended = time.process_time()
    network = to_network(data, fit)
    scores = forward(network, test.x)
    if network.task == "regression":
        score = r2_score(test.y, network.scale * scores[:, 0] + network.offset)
    else:
        score = accuracy_score(test.y, decide(network, scores))
    row = [float(score), network.neurons, data.encoder.width, between - began, ended - between, fit.proof.gap]
    return row, f"{chosen.candidate}, beta {chosen.beta:g}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="+")
    parser.add_argument("--folds", type=int, default=3)
    args = parser.parse_args()
    print("| table | rows | score | neurons | inputs | choosing s | fitting s | gap | chosen |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for source in args.tables:
        table = load(source)
        splitter = StratifiedKFold if table.schema.task == "classification" else KFold
        parts = splitter(args.folds, shuffle=True, random_state=0).split(table.x, table.y)
        rows, chosen = zip(*(measure(table.rows(a), table.rows(b)) for a, b in parts), strict=True)
        score, neurons, width, choosing, fitting, gap = np.mean(rows, axis=0)
        print(
            f"| {source} | {len(table)} | {score:.4f} | {neurons:.0f} | {width:.0f} | {choosing:.1f} "
            f"| {fitting:.1f} | {100 * gap:.1f} % | {'; '.join(sorted(set(chosen)))} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
