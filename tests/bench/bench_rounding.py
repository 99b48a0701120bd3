"""Rounding and proofs on real data: time, width, objective and certified gap of deployed networks.

    python tests/bench/bench_rounding.py                      full width, and the three proof levels
    python tests/bench/bench_rounding.py --widths 4,8,16,32   what a width limit costs
    python tests/bench/bench_rounding.py --alpha 1,2,4,8      what integer alpha costs

A row is one problem: 70 % of the rows of a table (seeded), uniform levels of so many bits,
logistic loss, no start from the relaxation. "best known" is the lowest objective of a run to
tolerance 1e-6 at any width. Times are processor seconds of one thread after a first compiling
call; the objective is recomputed from the network, and a certificate checked, before a time is
believed. A certified gap is (objective - bound) / objective of the network with real alpha.
"exact" is run where every sign vector can be tried (at most 34 distinct inputs).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from sklearn import datasets
from threadpoolctl import threadpool_limits

from qcompile.bound.all_signs import distinct_inputs
from qcompile.bound.prove import LEVELS, QUICK, _relaxed, prove
from qcompile.certificate.make import check
from qcompile.data.encode import uniform
from qcompile.data.load import load
from qcompile.data.table import Table
from qcompile.model.encoder import encode, levels
from qcompile.model.schema import Column, Schema
from qcompile.problem.objective import objective
from qcompile.problem.problem import Problem, pose
from qcompile.relax.certify import certify
from qcompile.relax.choose import solve
from qcompile.relax.solution import Settings
from qcompile.search.atoms import Atoms
from qcompile.search.columns import generate
from qcompile.search.integer.layer import quantize
from qcompile.search.settings import RoundingSettings

SHARED = Path("../shared/data")
# Wall-clock limit of a proof; it does not bind on an idle core.
WALL = 600.0
NAMES = ("breast_cancer", "digits 3-vs-8", "digits odd-even", "wine", "ionosphere", "sonar")


def rows(name: str, tables: Path) -> tuple[np.ndarray, np.ndarray]:
    """Raw rows and labels -1 / +1."""
    if name.startswith("digits"):
        x, y = datasets.load_digits(return_X_y=True)
        if name.endswith("odd-even"):
            return x, np.where(y % 2 == 1, 1.0, -1.0)
        keep = (y == 3) | (y == 8)
        return x[keep], np.where(y[keep] == 3, 1.0, -1.0)
    if name in ("breast_cancer", "wine"):
        x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        return x, np.where(y == 1, 1.0, -1.0)
    table = load(tables / f"{name}.csv")
    return table.x, np.where(table.y == 1, 1.0, -1.0)


def problem_of(name: str, bits: int, beta: float, tables: Path = SHARED) -> Problem:
    """The training problem of one row of the table."""
    x, y = rows(name, tables)
    chosen = np.random.default_rng(0).permutation(len(x))[: int(0.7 * len(x))]
    x, y = np.asarray(x[chosen], dtype=np.float32), y[chosen]
    x = x[:, x.max(axis=0) > x.min(axis=0)]
    columns = tuple(Column(f"x{i}", "numeric") for i in range(x.shape[1]))
    encoder = uniform.fit(Table(x, y, Schema(columns, "y", "regression"), name), bits=bits)
    return pose(levels(encode(encoder, x), bits), encoder.top, y, beta, loss="logistic")


def timed(problem: Problem, settings: RoundingSettings) -> tuple[Atoms, float]:
    """A network, checked, and the processor seconds that it took."""
    started = time.process_time()
    atoms = generate(problem, settings)
    seconds = time.process_time() - started
    assert atoms.objective == objective(problem, atoms.u, atoms.v, atoms.alpha)
    return atoms, seconds


def proofs(problem: Problem, atoms: Atoms) -> list[str]:
    """Certified gap and seconds of each level; every certificate is checked first."""
    started = time.process_time()
    fast = certify(problem, solve(problem, settings=Settings(gap=1e-3)))
    cells = []
    for level in LEVELS:
        if level != "fast":
            started = time.process_time()
        if level == "exact" and distinct_inputs(problem) > QUICK:
            cells.append("")
            continue
        made = prove(problem, atoms, fast, level, WALL)
        seconds = time.process_time() - started
        verdict = check(problem, made)
        assert verdict.valid, verdict.reason
        cells.append(f"{100 * made.gap(atoms.objective):.2f} %, {seconds:.2f} s")
    return cells


def main() -> None:
    """Print the table."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument("--data", default=",".join(NAMES))
    parser.add_argument("--bits", default="1,2,4")
    parser.add_argument("--beta", default="0.1,0.01")
    parser.add_argument("--widths", default="128")
    parser.add_argument("--alpha", default="8")
    parser.add_argument("--tables", type=Path, default=SHARED, help="folder of ionosphere.csv and sonar.csv")
    options = parser.parse_args()
    widths = [int(w) for w in options.widths.split(",")]
    alphas = [int(b) for b in options.alpha.split(",")]
    head = ["data", "n, d", "input bits", "beta", "best known", "neurons", "excess", "seconds"]
    head += [f"integer alpha, {b} bit" for b in alphas] + [f"{level} gap" for level in LEVELS]
    print(f"| {' | '.join(head)} |")
    print("| --- |" + " --- |" * (len(head) - 1), flush=True)
    with threadpool_limits(1):
        warm = problem_of("wine", 2, 0.01, options.tables)
        proofs(warm, generate(warm, RoundingSettings(neurons=4)))
        small = pose(warm.q[:, :6], warm.unit, warm.y, 0.01, loss="logistic")
        _relaxed(small, generate(small, RoundingSettings()), "tight", time.monotonic() + 1)
        for name in options.data.split(","):
            for bits in map(int, options.bits.split(",")):
                for beta in map(float, options.beta.split(",")):
                    _row(name, problem_of(name, bits, beta, options.tables), bits, widths, alphas)


def _row(name: str, problem: Problem, bits: int, widths: list[int], alphas: list[int]) -> None:
    found = [timed(problem, RoundingSettings(neurons=w)) for w in widths]
    best = generate(problem, RoundingSettings(neurons=10_000, tolerance=1e-6, max_seconds=30)).objective
    best = min([best] + [a.objective for a, _ in found])
    for atoms, seconds in found:
        cells = [
            name,
            f"{problem.n}, {problem.d}",
            f"{bits}",
            f"{problem.beta:g}",
            f"{best:.6f}",
            f"{len(atoms.alpha)}",
            f"{100 * (atoms.objective / best - 1):.3f} %",
            f"{seconds:.3f}",
        ]
        for b in alphas:
            deployed = quantize([problem], [atoms], b).objectives[0]
            cells.append(f"{100 * (deployed / best - 1):.3f} %")
        cells += proofs(problem, atoms)
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
