"""Problems too large for a factorised Newton matrix: time and memory to a certified gap.

    python tests/bench/bench_large.py 7000 --gap 0.01                  random rows of MNIST's shape
    python tests/bench/bench_large.py 7000 --gap 0.01 --mnist FILE     real digits, "8" against the rest
    python tests/bench/bench_large.py 60000 --gap 0.02 --method burer_monteiro

Random rows: Gaussian, 8 bits, 784 inputs and the constant, a planted teacher of 5 neurons.
The gap printed is that of the certificate after the independent check. One thread; processor
seconds, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from qcompile.certificate.make import check
from qcompile.problem.problem import Problem, pose
from qcompile.relax.certify import certify
from qcompile.relax.choose import choose, solve
from qcompile.relax.solution import Progress, Settings

UNIT = 255


def random_rows(n: int, beta: float) -> Problem:
    """Squared loss, MNIST's shape."""
    rng = np.random.default_rng(0)
    d = 785
    x = rng.standard_normal((n, d))
    q = np.clip(2 * np.floor(x / 3 * (UNIT + 1) / 2) + 1, -UNIT, UNIT).astype(np.int16)
    q[:, -1] = UNIT
    u, v = rng.choice([-1.0, 1.0], size=(2, d, 5))
    y = ((x @ u) * (x @ v)) @ rng.standard_normal(5)
    return pose(q, UNIT, y / y.std() + 0.1 * rng.standard_normal(n), beta)


def digits(path: str, n: int, beta: float) -> Problem:
    """Logistic loss on the varying pixels of real digits, 8 against the rest."""
    with np.load(path, allow_pickle=False) as file:
        x, y = (file[k] for k in file.files[:2])
    x = 2 * x[:n].reshape(min(n, len(x)), -1).astype(np.int16) - UNIT
    x = x[:, x.std(axis=0) > 0]
    q = np.column_stack([x, np.full(len(x), UNIT, dtype=np.int16)])
    return pose(q, UNIT, np.where(y[:n] == 8, 1.0, -1.0), beta, loss="logistic")


def main() -> None:
    """Solve, certify, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("samples", type=int)
    parser.add_argument("--gap", type=float, default=0.01)
    parser.add_argument("--beta", type=float, default=0.01)
    parser.add_argument("--mnist", help="npz file of images and labels")
    parser.add_argument("--method", default="auto")
    parser.add_argument("--max-seconds", type=float, default=900.0)
    args = parser.parse_args()
    problem = (
        digits(args.mnist, args.samples, args.beta) if args.mnist else random_rows(args.samples, args.beta)
    )
    method, reason = choose(problem) if args.method == "auto" else (args.method, "chosen by the user")
    print(f"{problem.n} samples, {problem.d} inputs, {problem.loss} loss: {method}, {reason}", flush=True)

    def show(p: Progress) -> None:
        gap = (p.objective - p.bound) / abs(p.objective)
        print(
            f"{p.seconds:8.1f} s  {p.iteration:6d}  {p.objective:.6f}  {p.bound:.6f}  {gap:.2e}", flush=True
        )

    started, worked = time.perf_counter(), time.process_time()
    settings = Settings(gap=args.gap, max_seconds=args.max_seconds, on_progress=show)
    solution = solve(problem, method, settings, threads=1)
    seconds, processor = time.perf_counter() - started, time.process_time() - worked
    certificate = certify(problem, solution)
    verdict = check(problem, certificate)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    gap = (solution.objective - certificate.bound) / solution.objective
    print(
        f"{solution.status.name}: {processor:.1f} s of one core ({seconds:.1f} s by the clock, other work on "
        f"the machine included), certified gap {gap:.3%} ({verdict.reason}), {peak:.2f} GiB"
    )


if __name__ == "__main__":
    main()
