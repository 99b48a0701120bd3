"""The command line answers at once, explains itself, and every command has a worked example."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from qcompile import registry
from qcompile.cli import main

COMMANDS = registry.names("qcompile.commands")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_shows_its_worked_example(name: str) -> None:
    unit = registry.load("qcompile.commands", name)
    result = CliRunner().invoke(main, [name, "--help"], terminal_width=200)
    assert result.exit_code == 0
    assert "Example:" in result.output and unit.EXAMPLE in result.output
    assert unit.EXAMPLE.startswith(f"qcompile {name}")
    assert "--json" in result.output
    assert unit.command.short_help and unit.command.callback.__doc__


def test_the_first_help_lists_every_command() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert all(f"\n  {name}" in result.output for name in COMMANDS)
    assert CliRunner().invoke(main, []).output == result.output


HEAVY = {"numpy", "numba", "cvxpy", "onnx", "onnxruntime", "sklearn", "pandas", "scipy", "rich", "jinja2"}


@pytest.mark.parametrize("words", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)])
def test_help_needs_nothing_but_click(words: list[str]) -> None:
    """What would break the promise of an instant answer is an import, and that is deterministic.

    The time itself is measured by tests/bench/bench_startup.py.
    """
    code = (
        "import sys; from click.testing import CliRunner; from qcompile.cli import main; "
        f"r = CliRunner().invoke(main, {words!r}); assert r.exit_code == 0, r.output; "
        f"sys.exit(', '.join(sorted({HEAVY!r} & set(sys.modules))) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, f"{' '.join(words)} imports {found.stderr}"


def test_a_misspelt_command_and_option_get_a_suggestion_in_one_line() -> None:
    for words, told in ((["bild"], "Did you mean 'build'?"), (["build", "x", "--labl", "y"], "--label")):
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 2
        assert told in result.stderr and result.stderr.count("\n") == 1


def test_an_option_that_names_a_unit_lists_the_units() -> None:
    result = CliRunner().invoke(main, ["build", "x.csv", "--family", "bilinaer"])
    assert result.exit_code == 2
    assert "Did you mean 'bilinear'?" in result.stderr
