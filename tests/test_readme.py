"""The README says what is so: its commands, folders and length; tests/docs runs its snippets."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from qcompile import registry

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)


def test_it_has_at_most_150_lines() -> None:
    assert len(TEXT.splitlines()) <= 150


def test_the_first_command_installs_and_runs_the_example_of_build() -> None:
    first = COMMANDS[0].strip()
    assert first.count("\n") == 0
    steps = first.split(" && ")
    assert steps[0] == "python3 -m venv .venv"
    assert steps[1] == ".venv/bin/pip install -q -e ."
    assert steps[2] == ".venv/bin/" + registry.load("qcompile.commands", "build").EXAMPLE


def test_the_second_command_runs_the_tests() -> None:
    second = COMMANDS[1].strip()
    assert second == ".venv/bin/pip install -q -e '.[test]' && .venv/bin/python -m pytest -n auto"


def test_ci_takes_both_commands_from_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "README.md" in script and "pytest" in script


def test_every_top_folder_with_files_is_in_the_table_of_folders() -> None:
    for folder in ("qcompile", "kernels", "targets", "examples", "tests", "docs"):
        assert re.search(rf"^\| \[{folder}\]\({folder}", TEXT, re.MULTILINE), folder


def test_the_picture_is_there_and_small() -> None:
    picture = ROOT / "docs" / "img" / "report.png"
    assert str(picture.relative_to(ROOT)) in TEXT
    assert picture.stat().st_size < 200_000


def test_the_changelog_knows_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
