"""Put what a benchmark printed into its page of docs/measured, with the date, the machine and versions.

    python tests/bench/bench_folds.py | tee folds.txt && python tests/bench/publish.py folds < folds.txt
    python tests/bench/publish.py kernels --machine "nothing else running" < kernels.txt

A page has two generated parts: ``<!-- measured -->`` and ``<!-- table -->``. What is written
around them, such as how to read the table, is checked by hand after each run.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "measured"
PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "onnx",
    "onnxruntime",
    "scikit-learn",
    "cvxpy",
    "scs",
    "clarabel",
    "torch",
)


def placed(page: str, name: str, content: str) -> str:
    """The page with part ``name`` replaced.

    >>> placed("<!-- a -->old<!-- /a -->", "a", "new")
    '<!-- a -->\\nnew\\n<!-- /a -->'
    """
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    if opening not in page or closing not in page:
        sys.exit(f"the page has no part {name}: it needs the lines {opening} and {closing}.")
    before, rest = page.split(opening, 1)
    return f"{before}{opening}\n{content.strip()}\n{closing}{rest.split(closing, 1)[1]}"


def machine() -> str:
    """The processor's name and the number of cores that this process may use.

    >>> machine().endswith(("core", "cores"))
    True
    """
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists() and (found := re.search(r"model name\s*: (.*)", info.read_text())):
        name = found[1]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{name}, {cores} core{'s' if cores > 1 else ''}"


def versions() -> str:
    """Python's version and that of every package in ``PACKAGES`` that is installed."""
    installed = {dist.name.lower(): dist.version for dist in metadata.distributions() if dist.name}
    known = [f"{name} {installed[name]}" for name in PACKAGES if name in installed]
    return ", ".join([f"Python {platform.python_version()}", *known])


def published(page: str, table: str, conditions: str = "", day: datetime.date | None = None) -> str:
    """The page with a new table and what it was measured on."""
    where = f"{machine()}; {conditions}" if conditions else machine()
    stamp = f"Measured {day or datetime.date.today()}. Machine: {where}. Versions: {versions()}."
    return placed(placed(page, "measured", stamp), "table", table)


def main() -> None:
    """Read the table from standard input."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("page", choices=sorted(p.stem for p in PAGES.glob("*.md") if p.stem != "index"))
    parser.add_argument("--machine", default="", help="conditions to add, such as: nothing else running")
    options = parser.parse_args()
    path = PAGES / f"{options.page}.md"
    page = published(path.read_text(encoding="utf-8"), sys.stdin.read(), options.machine)
    path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
