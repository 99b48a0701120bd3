"""The relaxation of real tables over four decades of beta, every loss, each certified and checked.

    python tests/bench/bench_betas.py                            scikit-learn's tables
    python tests/bench/bench_betas.py FOLDER                     and every csv file of a folder
    python tests/bench/bench_betas.py --bits 1 --gap 1e-6 --only wine

Every row of a table is used, encoded by the uniform encoder; of several classes the first is
told from the rest. Betas 0.1 to 0.00001, each started from the solution of the one before.
The gap is that of the certificate after the independent check; a run whose certified gap is
above what was asked counts as failed. Times are processor seconds of one thread for all five.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from qcompile import registry
from qcompile.certificate.make import check
from qcompile.data.dataset import dataset_of
from qcompile.data.encode import uniform
from qcompile.data.load import load
from qcompile.problem.problem import pose
from qcompile.relax.certify import certify
from qcompile.relax.choose import solve
from qcompile.relax.solution import Settings

BETAS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
OWN = ("breast_cancer", "digits", "wine", "iris", "diabetes")
LOSSES = registry.names("qcompile.problem.losses")


def path(source: str, bits: int, gap: float, threads: int = 1) -> int:
    """Print one line per loss that serves the table; how many runs failed."""
    table = load(source)
    task = table.schema.task
    encoder = uniform.fit(table, bits=bits)
    data = dataset_of(encoder, table)
    failed = 0
    for loss in LOSSES:
        if task not in registry.load("qcompile.problem.losses", loss).TASKS:
            continue
        worst, most, seconds, missed, warm = 0.0, 0, 0.0, 0, None
        for beta in BETAS:
            problem = pose(data.q, data.encoder.top, data.y[:, 0], beta, loss=loss)
            started = time.process_time()
            warm = solve(problem, settings=Settings(gap=gap, warm=warm), threads=threads)
            seconds += time.process_time() - started
            certificate = certify(problem, warm)
            reached = certificate.gap(warm.objective) if check(problem, certificate).valid else np.inf
            worst, most = max(worst, reached), max(most, warm.iterations)
            missed += reached > gap
        failed += missed
        shape = f"{problem.n}, {problem.d}"
        verdict = f"{missed} failed" if missed else "all"
        row = (
            Path(source).stem.removeprefix("sklearn:"),
            shape,
            loss,
            f"{worst:.1e}",
            verdict,
            str(most),
            f"{seconds:.2f} s",
        )
        print("| " + " | ".join(row) + " |", flush=True)
    return failed


def main() -> int:
    """Parse and print; 1 if any run failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, help="of csv files, label last")
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--gap", type=float, default=1e-4)
    parser.add_argument("--only", help="tables whose name contains this")
    options = parser.parse_args()
    sources = [f"sklearn:{name}" for name in OWN]
    sources += [str(file) for file in sorted(options.folder.glob("*.csv"))] if options.folder else []
    print(f"{platform.processor() or platform.machine()}, one thread; {options.bits}-bit inputs; "
          f"asked: certified gap {options.gap:g} at beta {', '.join(f'{b:g}' for b in BETAS)}\n")  # fmt: skip
    print(
        "| table | distinct rows, inputs | loss | worst certified gap | certified "
        "| most iterations | five betas |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    failed = 0
    with threadpool_limits(limits=1):
        for source in sources:
            if options.only is None or options.only in source:
                failed += path(source, options.bits, options.gap)
    print(f"\n{failed} runs failed." if failed else "\nEvery run is certified to the gap asked.")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
