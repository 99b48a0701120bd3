"""Every example runs and prints what is stored beside it.

    python tests/test_examples.py [NAME ..]      rewrites the stored output

An example may say ``NEEDS = ("package", ..)``, what it imports beyond the project's own
requirements, and ``SECONDS = ..``; one that takes more than three is tested in the slow job.
"""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


def stated(path: Path, name: str, default: object) -> object:
    """A constant that an example assigns at its top level."""
    for line in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == name:
            return ast.literal_eval(line.value)
    return default


def case(path: Path) -> object:
    slow = float(str(stated(path, "SECONDS", 0))) > 3
    return pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if slow else [])


def missing(path: Path) -> list[str]:
    needs = stated(path, "NEEDS", ())
    assert isinstance(needs, tuple)
    return [name for name in needs if importlib.util.find_spec(name) is None]


def output(path: Path) -> str:
    found = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("path", [case(path) for path in EXAMPLES])
def test_an_example_prints_its_stored_output(path: Path) -> None:
    if absent := missing(path):
        pytest.skip(f"{', '.join(absent)} not installed: pip install 'qcompile[edge]'")
    stored = path.with_suffix(".out")
    assert stored.exists(), f"store the output: python {Path(__file__).name}"
    assert output(path) == stored.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_has_a_main_and_says_what_it_shows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""') and "def main() -> None:" in text


if __name__ == "__main__":
    wanted = sys.argv[1:]
    for example in (e for e in EXAMPLES if not wanted or e.stem in wanted):
        example.with_suffix(".out").write_text(output(example), encoding="utf-8")
