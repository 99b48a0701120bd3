"""Against what people do today, at equal inputs, weight bits and width; losses included.

    python tests/bench/bench_accuracy.py --data DIR --keep folds.jsonl     may be stopped and resumed

Per table and fold, on the same 4-bit inputs at the beta that validation inside the training rows
chooses for them: column generation (ours), the straight-through network (Adam, 3 learning rates
x 5 seeds x 500 epochs, best by objective), a float network of the same form binarised afterwards
with alpha refitted, and the paper's plain Krivine samples, all with binary weights, real alpha and
the same number of neurons per score column. For scale, on float inputs: logistic (ridge)
regression, RBF SVM, gradient boosting; and qcompile as it comes, everything chosen by validation.
Printed: training objective over the certified bound of the relaxation, and test accuracy (R2),
means over 5 folds. Tables of more rows are cut to ROWS seeded ones, for every model alike.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.svm import SVC, SVR
from ste import straight_through  # beside this file
from threadpoolctl import threadpool_limits

from qcompile.data.dataset import dataset_of
from qcompile.data.load import load
from qcompile.data.table import Table
from qcompile.model.network import forward
from qcompile.problem.families import bilinear
from qcompile.problem.objective import objective
from qcompile.relax.certify import certify
from qcompile.relax.choose import solve
from qcompile.relax.solution import Settings
from qcompile.search.columns import generate
from qcompile.search.krivine import sample
from qcompile.search.refit import refit, target_of
from qcompile.search.settings import RoundingSettings
from qcompile.train.baselines import float_pipeline
from qcompile.train.choices import BETAS, Choices, default_loss
from qcompile.train.fit import fit_dataset, problem_of, rows_like, to_network
from qcompile.train.select.candidates import Candidate
from qcompile.train.select.choose import Chosen, choose
from qcompile.train.select.folds import folds_of
from qcompile.train.select.validation import Validation

ROWS = 600
BITS = 4
WAYS = ("column generation", "straight-through", "binarised float", "Krivine samples")
OTHERS = ("qcompile", "linear", "RBF SVM", "boosting")
SHIPPED = ("breast_cancer", "wine", "iris", "digits", "diabetes")


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


def at_equal_size(train: Table, test: Table, neurons: int, chosen: Chosen) -> dict:
    """Objective over bound, and score, of every way on one fold."""
    fitted = dataset_of(chosen.candidate.fit(train), train)
    held = dataset_of(fitted.encoder, test)
    outputs = {w: np.zeros((len(test), fitted.y.shape[1])) for w in WAYS}
    total, bound = dict.fromkeys(WAYS, 0.0), 0.0
    for c in range(fitted.y.shape[1]):
        problem = problem_of(fitted, c, chosen.beta, Choices())
        found, least = networks(problem, neurons)
        bound += least
        rows = rows_like(problem, held.q)
        for way, (u, v, a) in found.items():
            total[way] += objective(problem, u, v, a)
            outputs[way][:, c] = bilinear.features(rows, u, v) @ a
    if fitted.task == "regression":
        outputs = {w: f * fitted.spread + fitted.offset for w, f in outputs.items()}
    return {
        "objective": {w: total[w] / bound for w in WAYS},
        "score": {w: score(f, test.y, fitted.task) for w, f in outputs.items()},
        "inputs": f"{chosen.candidate}, beta {chosen.beta:g}",
    }


def deployed_score(train: Table, test: Table, chosen: Chosen) -> float:
    """Score of the deployed integer network at qcompile's own choices."""
    final = dataset_of(chosen.candidate.fit(train), train)
    network = to_network(final, fit_dataset(final, chosen.beta, Choices(neurons=chosen.neurons)))
    values = network.scale * forward(network, test.x) + network.offset
    return score(values, test.y, train.schema.task)


def ways(train: Table, test: Table, neurons: int) -> dict:
    """All ways at equal size, on all inputs of the 4-bit encoder at the beta of its best validation score."""
    plain = Candidate("uniform", {"bits": BITS})
    rows = Validation(plain, folds_of(train, 0), Choices()).path(BETAS)
    best = max(rows, key=lambda row: (row.score, row.beta))
    chosen = Chosen(plain, best.beta, default_loss(train.schema.task, None), neurons, "")
    return at_equal_size(train, test, neurons, chosen)


def ours(train: Table, test: Table, neurons: int) -> dict:
    """qcompile as it comes."""
    chosen = choose(train, Choices())
    found = deployed_score(train, test, chosen)
    return {"score": {"qcompile": found}, "chosen": f"{chosen.candidate}, beta {chosen.beta:g}"}


def others(train: Table, test: Table, neurons: int) -> dict:
    """The float models."""
    models = floats(train.schema.task, train.schema.columns)
    return {"score": {label: m.fit(train.x, train.y).score(test.x, test.y) for label, m in models.items()}}


PARTS = {"ways": ways, "floats": others, "qcompile": ours}


def measured(source: str, neurons: int, known: dict, keep: Path | None, parts: list[str]) -> list[dict]:
    """One record per fold, merged from its parts; those in ``known`` are not computed again."""
    whole = load(source)
    task = whole.schema.task
    table = whole.rows(np.random.default_rng(0).permutation(len(whole))[:ROWS])
    splitter = (StratifiedKFold if task == "classification" else KFold)(5, shuffle=True, random_state=0)
    records = []
    for fold, (train, test) in enumerate(splitter.split(table.x, table.y)):
        merged: dict = {"rows": len(whole), "task": task, "score": {}}
        for part in parts:
            name = f"{Path(source).stem.removeprefix('sklearn:')}/{neurons}/{fold}/{part}"
            if name not in known:
                began = time.perf_counter()
                found = PARTS[part](table.rows(train), table.rows(test), neurons)
                known[name] = {"name": name, **found}
                known[name]["seconds"] = time.perf_counter() - began
                if keep:
                    with keep.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(known[name]) + "\n")
            merged = {**merged, **known[name], "score": merged["score"] | known[name]["score"]}
        records.append(merged)
    return records


def line(label: str, records: list[dict]) -> str:
    """One row of the table: means over its folds."""

    def mean(part: str, name: str) -> str:
        found = [r[part][name] for r in records if name in r.get(part, {})]
        return f"{np.mean(found):.3f}" if found else ""

    cells = [f"{mean('objective', w)}, {mean('score', w)}" for w in WAYS]
    cells += [mean("score", name) for name in OTHERS]
    return f"| {label} | {' | '.join(cells)} |"


def summary(tables: dict[str, list[dict]]) -> str:
    """The claims, counted: who wins the objective, and mean scores over the classification tables."""
    every = [r for records in tables.values() for r in records]
    lost = sum(r["objective"][WAYS[0]] > r["objective"][WAYS[1]] * (1 + 1e-9) for r in every)
    classes = [t for t in tables.values() if t[0]["task"] == "classification"]

    def mean(records: list[dict], name: str) -> float:
        return float(np.mean([r["score"][name] for r in records]))

    def overall(name: str) -> float:
        return float(np.mean([mean(t, name) for t in classes]))

    best = float(np.mean([max(mean(t, f) for f in OTHERS[1:]) for t in classes]))
    return (
        f"Objective worse than straight-through's on {lost} of {len(every)} folds. Mean accuracy over "
        f"{len(classes)} classification tables: "
        + ", ".join(f"{name} {overall(name):.4f}" for name in (*WAYS, *OTHERS))
        + f"; the best float model of each table, picked on its test folds, {best:.4f}."
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="tables; scikit-learn's when left out")
    parser.add_argument("--data", type=Path, help="folder of CSV tables to add")
    parser.add_argument("--neurons", type=int, default=16)
    parser.add_argument("--keep", type=Path, help="file of fold records, to resume from")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this one; may be repeated")
    parser.add_argument(
        "--again", action="append", choices=PARTS, default=[], help="do not take it from --keep"
    )
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    sources = args.names or [f"sklearn:{name}" for name in SHIPPED]
    sources += sorted(map(str, args.data.glob("*.csv"))) if args.data else []
    parts, known = args.part or list(PARTS), {}
    if args.keep and args.keep.exists():
        records = map(json.loads, args.keep.read_text(encoding="utf-8").splitlines())
        known = {r["name"]: r for r in records if r["name"].rsplit("/", 1)[1] not in args.again}
    head = [f"{w}: objective / bound, score" for w in WAYS] + list(OTHERS)
    print(f"| table | {' | '.join(head)} |")
    print("| --- |" + " --- |" * len(head), flush=True)
    tables = {}
    with threadpool_limits(1):
        for source in sources:
            label = Path(source).stem.removeprefix("sklearn:")
            tables[label] = measured(source, args.neurons, known, args.keep, parts)
            print(line(label, tables[label]), flush=True)
    if set(parts) == set(PARTS):
        print("\n" + summary(tables))


if __name__ == "__main__":
    main()
