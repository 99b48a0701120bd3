"""Against what people do today, at equal input bits, weight bits and width; losses included.

    python tests/bench/bench_accuracy.py [--data DIR] [--neurons 16] [NAME ...]

Per table and fold, on the same 4-bit inputs and the same beta: column generation (ours), the
straight-through network (Adam, 3 learning rates x 5 seeds x 500 epochs, best by objective), a
float network of the same form binarised afterwards with alpha refitted, and the paper's plain
Krivine samples, all with binary weights and the same number of neurons per score column. For
scale, with their own float inputs: logistic (ridge) regression, RBF SVM, gradient boosting, and
qcompile with everything chosen by validation. Printed: training objective over the certified
bound of the relaxation, and test accuracy (R2), means over 5 folds.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.svm import SVC, SVR
from ste import straight_through  # beside this file
from threadpoolctl import threadpool_limits

from qcompile.data.encode import uniform
from qcompile.data.load import load
from qcompile.network import forward
from qcompile.problem.families import bilinear
from qcompile.problem.objective import objective
from qcompile.rounding.columns import generate
from qcompile.rounding.krivine import sample
from qcompile.rounding.refit import refit, target_of
from qcompile.rounding.settings import RoundingSettings
from qcompile.solve.certificate import certify
from qcompile.solve.solution import Settings
from qcompile.solve.solve import solve
from qcompile.train.baselines import float_pipeline
from qcompile.train.choices import Choices
from qcompile.train.choose import choose, dataset_of
from qcompile.train.fit import fit_dataset, problem_of, rows_like, to_network

ROWS = 1500
BETA = 0.003
WAYS = ("column generation", "straight-through", "binarised float", "Krivine samples")


def networks(problem, neurons: int) -> tuple[dict, float]:
    """Way -> (u, v, alpha) with binary weights, and the certified bound."""
    solution = solve(problem, settings=Settings(gap=1e-3))
    atoms = generate(problem, RoundingSettings(neurons=neurons), solution)
    drawn = sample(problem, solution, neurons, 0)
    uf, vf, _ = straight_through(problem, neurons, binary=False)
    ub, vb = (np.where(w >= 0, 1, -1).astype(np.int8) for w in (uf, vf))
    alpha = refit(target_of(problem), bilinear.features(problem, ub, vb), np.zeros(len(ub))).alpha
    us, vs, a = straight_through(problem, neurons)
    found = {
        WAYS[0]: (atoms.u, atoms.v, atoms.alpha),
        WAYS[1]: (us.astype(np.int8), vs.astype(np.int8), a),
        WAYS[2]: (ub, vb, alpha),
        WAYS[3]: (drawn.u, drawn.v, drawn.alpha),
    }
    return found, certify(problem, solution).bound


def score(values, y, task: str) -> float:
    """Accuracy, or R2 of a standardised target."""
    if task == "regression":
        return float(1 - ((values[:, 0] - y) ** 2).sum() / ((y - y.mean()) ** 2).sum())
    labels = (values[:, 0] >= 0).astype(int) if values.shape[1] == 1 else values.argmax(axis=1)
    return float((labels == y).mean())


def floats(task: str, columns) -> dict:
    """The float models, each with its usual tuning."""
    if task == "classification":
        return {
            "linear": float_pipeline(LogisticRegression(max_iter=2000), columns),
            "RBF SVM": GridSearchCV(float_pipeline(SVC(), columns), {"svc__C": [0.3, 1, 3, 10, 30]}, cv=3),
            "boosting": float_pipeline(HistGradientBoostingClassifier(random_state=0), columns),
        }
    return {
        "linear": float_pipeline(RidgeCV(np.logspace(-2, 4, 13)), columns),
        "RBF SVM": GridSearchCV(float_pipeline(SVR(), columns), {"svr__C": [0.1, 1, 10, 100]}, cv=3),
        "boosting": float_pipeline(HistGradientBoostingRegressor(random_state=0), columns),
    }


def row(source: str, neurons: int) -> dict:
    """All figures of one table."""
    table = load(source)
    task, classes, columns = table.schema.task, table.schema.classes, table.schema.columns
    keep = np.random.default_rng(0).permutation(table.rows)[:ROWS]
    x, y = table.x[keep], table.y[keep]
    splitter = (StratifiedKFold if task == "classification" else KFold)(5, shuffle=True, random_state=0)
    objectives = {w: [] for w in WAYS}
    scores: dict[str, list] = {}
    loss = "logistic" if task == "classification" else "squared"
    for train, test in splitter.split(x, y):
        encoder = uniform.fit(x[train], columns, bits=4)
        fitted = dataset_of(encoder, x[train], y[train], task, classes)
        held = dataset_of(encoder, x[test], y[test], task, classes)
        outputs = {w: np.zeros((len(test), fitted.y.shape[1])) for w in WAYS}
        total, bound = dict.fromkeys(WAYS, 0.0), 0.0
        for c in range(fitted.y.shape[1]):
            problem = problem_of(fitted, c, BETA, loss, Choices())
            found, least = networks(problem, neurons)
            bound += least
            rows = rows_like(problem, held.q)
            for way, (u, v, a) in found.items():
                total[way] += objective(problem, u, v, a)
                outputs[way][:, c] = bilinear.features(rows, u, v) @ a
        for way in WAYS:
            objectives[way].append(total[way] / bound)
            values = outputs[way] * fitted.spread + fitted.offset if task == "regression" else outputs[way]
            scores.setdefault(way, []).append(score(values, y[test], task))
        for name, model in floats(task, columns).items():
            scores.setdefault(name, []).append(model.fit(x[train], y[train]).score(x[test], y[test]))
        chosen = choose(x[train], y[train], columns, task, classes, loss, Choices())
        final = dataset_of(chosen.candidate.fit(x[train], columns), x[train], y[train], task, classes)
        fit = fit_dataset(final, chosen.beta, loss, Choices())
        network = to_network(final, fit)
        values = network.scale * forward(network, x[test]) + network.offset
        scores.setdefault("qcompile", []).append(score(values, y[test], task))
    return {
        "objective": {w: np.mean(v) for w, v in objectives.items()},
        "score": {k: np.mean(v) for k, v in scores.items()},
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names",
        nargs="*",
        default=["sklearn:breast_cancer", "sklearn:wine", "sklearn:iris", "sklearn:diabetes"],
    )
    parser.add_argument("--data", type=Path, help="folder of CSV tables to add")
    parser.add_argument("--neurons", type=int, default=16)
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    sources = list(args.names) + (sorted(map(str, args.data.glob("*.csv"))) if args.data else [])
    others = ("qcompile", "linear", "RBF SVM", "boosting")
    print(
        "| table | "
        + " | ".join(f"{w}: objective / bound, score" for w in WAYS)
        + " | "
        + " | ".join(others)
        + " |"
    )
    print("| --- |" + " --- |" * (len(WAYS) + len(others)), flush=True)
    with threadpool_limits(1):
        for source in sources:
            found = row(source, args.neurons)
            ways = [f"{found['objective'][w]:.3f}, {found['score'][w]:.3f}" for w in WAYS]
            rest = [f"{found['score'][name]:.3f}" for name in others]
            print(f"| {Path(source).stem.removeprefix('sklearn:')} | {' | '.join(ways + rest)} |", flush=True)


if __name__ == "__main__":
    main()
