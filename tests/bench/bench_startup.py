"""Processor time of whole commands, from start to exit: what a user waits for before anything is computed.

Each command runs five times; the least user + system time of the process and its children counts. With
``--against FOLDER``, another checkout runs the same commands in turn.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parents[2]
RUNS = 5
BUILD = "build sklearn:iris --encoder uniform --bits 4 --beta 0.01 --neurons 16 -o build"
COMMANDS = {
    "import qcompile": ["-c", "import qcompile"],
    "qcompile --help": ["-m", "qcompile", "--help"],
    "qcompile build --help": ["-m", "qcompile", "build", "--help"],
    "qcompile targets": ["-m", "qcompile", "targets"],
    "qcompile info build": ["-m", "qcompile", "info", "build"],
    "qcompile check build --max-size-kb 64": ["-m", "qcompile", "check", "build", "--max-size-kb", "64"],
    "qcompile predict build iris": ["-m", "qcompile", "predict", "build", "sklearn:iris"],
    "qcompile verify build": ["-m", "qcompile", "verify", "build"],
}


def seconds(words: list[str], tree: Path, folder: Path) -> float:
    """User and system seconds of one run in a checkout."""
    before = os.times()
    env = {**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run([sys.executable, *words], cwd=folder, env=env, check=True, capture_output=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def main() -> None:
    """Print one row per command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--against", type=Path, help="another checkout")
    trees = [HERE, *([parser.parse_args().against] if parser.parse_args().against else [])]
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / str(k) for k in range(len(trees))]
        for tree, folder in zip(trees, folders, strict=True):
            folder.mkdir()
            seconds(["-m", "qcompile", *BUILD.split()], tree, folder)
        names = ["seconds", "seconds before"][: len(trees)]
        print(f"| command | {' | '.join(names)} |\n| --- |{' --- |' * len(trees)}")
        for name, words in COMMANDS.items():
            times = [
                [seconds(words, tree, folder) for tree, folder in zip(trees, folders, strict=True)]
                for _ in range(RUNS)
            ]
            print(
                f"| `{name}` | {' | '.join(f'{min(t):.2f}' for t in zip(*times, strict=True))} |", flush=True
            )


if __name__ == "__main__":
    main()
