"""Every example runs and prints what is stored beside it.

    python tests/test_examples.py      rewrites the stored output
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


def output(path: Path) -> str:
    found = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_prints_its_stored_output(path: Path) -> None:
    stored = path.with_suffix(".out")
    assert stored.exists(), f"store the output: python {Path(__file__).name}"
    assert output(path) == stored.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_has_a_main_and_says_what_it_shows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""') and "def main() -> None:" in text


if __name__ == "__main__":
    for example in EXAMPLES:
        example.with_suffix(".out").write_text(output(example), encoding="utf-8")
