"""Test accuracy over 5 folds beside scikit-learn's float models: the table of the README.

    python tests/bench/bench_folds.py [NAME ...]

Every model sees the same folds. qcompile chooses encoder and beta inside the training rows of
each fold; the float models are scikit-learn's defaults on standardised columns. The bar: logistic regression
less one point, ridge regression less 0.02.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import sklearn
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from qcompile.cost.this_machine import machine
from qcompile.estimators import QuantizedPolynomialClassifier, QuantizedPolynomialRegressor

NEURONS = 128
FOLDS = 5


def contestants(task: str) -> dict:
    """Name -> function that makes a fresh model."""
    if task == "classification":
        return {
            "qcompile": lambda: QuantizedPolynomialClassifier(neurons=NEURONS),
            "logistic regression": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)),
            "gradient boosting": lambda: HistGradientBoostingClassifier(random_state=0),
        }
    return {
        "qcompile": lambda: QuantizedPolynomialRegressor(neurons=NEURONS),
        "ridge regression": lambda: make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 25))),
        "gradient boosting": lambda: HistGradientBoostingRegressor(random_state=0),
    }


def table(name: str, task: str) -> dict:
    """Mean and standard deviation of the test score, neurons per score column, seconds per fit."""
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    splitter = (StratifiedKFold if task == "classification" else KFold)(FOLDS, shuffle=True, random_state=0)
    row: dict = {"data": name, "rows": len(y)}
    for model_name, make in contestants(task).items():
        scores, widths, gaps, started = [], [], [], time.process_time()
        for train, test in splitter.split(x, y):
            model = make().fit(x[train], y[train])
            scores.append(model.score(x[test], y[test]))
            if model_name == "qcompile":
                widths.append(int((np.asarray(model.network_.alpha) != 0).sum(axis=0).max()))
                gaps.append(model.certificate_.gap)
        row[model_name] = (float(np.mean(scores)), float(np.std(scores)))
        if widths:
            row["neurons"] = max(widths)
            row["gap"] = max(gaps)
            row["seconds"] = (time.process_time() - started) / FOLDS
    return row


def main() -> None:
    """Print one row per data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=["breast_cancer", "digits", "wine", "iris", "diabetes"])
    args = parser.parse_args()
    facts = machine()
    print(
        f"{facts.processor}; processor seconds of one fit, choices included; scikit-learn {sklearn.__version__}, "
        f"numpy {np.__version__}\n"
    )
    print(
        "| data | qcompile | linear model | gradient boosting | neurons per class | certified gap | s per fit |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for name in args.data:
        row = table(name, "regression" if name == "diabetes" else "classification")
        linear = row.get("logistic regression") or row["ridge regression"]
        cells = [f"{m:.3f} ± {s:.3f}" for m, s in (row["qcompile"], linear, row["gradient boosting"])]
        print(
            f"| {name} | {' | '.join(cells)} | {row['neurons']} | {100 * row['gap']:.1f} % | {row['seconds']:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
