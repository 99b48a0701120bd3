"""Processor seconds and memory of one command of a user, at sizes from a few hundred rows to a million.

    python tests/bench/bench_commands.py                          # every line that fits the limit
    python tests/bench/bench_commands.py wide classes --runs 3 --against ../older
    python tests/bench/bench_commands.py --limit 300 | python tests/bench/publish.py commands

Every command is a process of its own with all defaults: user and system seconds of it and of what it
starts, and its largest memory. The first line has an empty folder for compiled code, the others one
that a first run has filled. Tables are drawn with fixed seeds: normal columns of which four
decide, or a cloud for each of many classes.
``--against`` runs the same commands with the package of another folder and prints both. Scores and
bounds of the trained network stand in the table, because time bought with them would be no gain.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Work:
    """One line of the table: what is trained, and the seconds asked for."""

    title: str
    asked_s: float
    source: str = ""
    shape: tuple[int, int, int] = (0, 0, 0)
    empty_cache: bool = False


WORKS = {
    "first": Work("first train of breast_cancer, nothing compiled", 8, "sklearn:breast_cancer", empty_cache=True),
    "second": Work("second train of breast_cancer", 3, "sklearn:breast_cancer"),
    "regression": Work("diabetes, regression, 442 rows", 12, "sklearn:diabetes"),
    "wide": Work("62 x 2,000", 60, shape=(62, 2000, 2)),
    "wider": Work("200 x 5,000", 60, shape=(200, 5000, 2)),
    "classes": Work("5,000 x 20, 100 classes", 90, shape=(5000, 20, 100)),
    "rows": Work("100,000 x 20", 15, shape=(100_000, 20, 2)),
    "million": Work("1,000,000 x 20", 120, shape=(1_000_000, 20, 2)),
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What one command took and reached; endless seconds for one that was stopped."""

    seconds: float
    memory_gb: float
    score: str = ""
    gap: float = 0.0


def drawn(rows: int, columns: int, classes: int, folder: Path) -> Path:
    """A table of normal columns; a product and two more columns decide the class."""
    path = folder / f"{rows}x{columns}.npz"
    if not path.exists():
        rng = np.random.default_rng(rows + columns)
        x = rng.standard_normal((rows, columns)).astype(np.float32).round(3)
        if classes > 2:  # a cloud for each class
            y = rng.integers(0, classes, rows)
            x += (2 * rng.standard_normal((classes, columns)))[y].astype(np.float32)
            np.savez(path, x=x, y=y)
            return path
        score = x[:, 0] * x[:, 1] - x[:, 2] + 0.7 * x[:, 3] + 0.3 * rng.standard_normal(rows)
        np.savez(path, x=x, y=score > np.median(score))
    return path


def run(code: Path, source: str, cache: Path, limit_s: float) -> Run:
    """Train ``source`` with the package in ``code``."""
    with tempfile.TemporaryDirectory() as folder:
        out, printed = Path(folder) / "model.onnx", Path(folder) / "printed.txt"
        task = "regression" if source.endswith("diabetes") else "classification"
        words = ["-m", "qcompile", "train", source, "--task", task, "-o", str(out)]
        environment = {**os.environ, "PYTHONPATH": str(code), "NUMBA_CACHE_DIR": str(cache)}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(
            [sys.executable, *words],
            env=environment,
            cwd=folder,
            stdout=printed.open("w"),
            stderr=subprocess.STDOUT,
        )
        peak_gb, began = 0.0, time.monotonic()
        while process.poll() is None:
            peak_gb = max(peak_gb, _resident_gb(process.pid))
            after = _processor_s(process.pid)
            if after > limit_s or time.monotonic() - began > 20 * limit_s:
                process.kill()
                process.wait()
                return Run(float("inf"), peak_gb)
            time.sleep(0.2)
        if process.returncode:
            sys.exit(f"{source} with {code}: {printed.read_text()[-2000:]}")
        after_all = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after_all.ru_utime + after_all.ru_stime - before.ru_utime - before.ru_stime
        return Run(seconds, peak_gb, *_said(out, printed.read_text()))


def _resident_gb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return float(line.split()[1]) / 1e6


def _processor_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _said(model: Path, text: str) -> tuple[str, float]:
    """The test score that a command told, and the gap that its model file states."""
    import onnx

    facts = {p.key: p.value for p in onnx.load(model).metadata_props}
    certificate = json.loads(facts["qcompile.provenance"])["certificate"]
    line = next(line for line in text.splitlines() if line.startswith("Accuracy"))
    score = re.search(r"-?\d+\.\d+( %)?", line)
    return score[0] if score else "", 1 - certificate["bound"] / certificate["objective"]


def words(runs: list[Run], limit_s: float) -> str:
    """Least and most seconds of some runs, memory, score and gap."""
    seconds = sorted(r.seconds for r in runs)
    if seconds[-1] == float("inf"):
        return f"not in {limit_s:g}"
    time_s = f"{seconds[0]:.1f}" + (f" to {seconds[-1]:.1f}" if len(runs) > 1 else "")
    return f"{time_s} s, {max(r.memory_gb for r in runs):.2f} GB; {runs[0].score}, gap {runs[0].gap:.1%}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", nargs="*", choices=[[], *WORKS], help=f"some of {', '.join(WORKS)}; else all")
    parser.add_argument("--against", type=Path, help="folder of another state of the package")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--limit", type=float, default=600, help="processor seconds of a command")
    options = parser.parse_args()
    states = {"now": ROOT, **({"before": options.against.resolve()} if options.against else {})}
    print("| work | asked | " + " | ".join(reversed(states)) + " |")
    print("| --- " * (2 + len(states)) + "|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.work or WORKS:
            work, cells = WORKS[name], []
            source = work.source or str(drawn(*work.shape, Path(folder)))
            for state, code in reversed(states.items()):
                cache = Path(folder) / f"compiled-{state}"
                if not work.empty_cache and not cache.exists():
                    run(code, "sklearn:breast_cancer", cache, options.limit)
                    run(code, "sklearn:diabetes", cache, options.limit)
                caches = [
                    Path(folder) / f"empty-{state}-{i}" if work.empty_cache else cache
                    for i in range(options.runs)
                ]
                cells.append(words([run(code, source, c, options.limit) for c in caches], options.limit))
            print(f"| {work.title} | {work.asked_s:g} s | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
