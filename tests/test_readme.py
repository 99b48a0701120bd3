"""The README says what is so: commands, help, folders, links and code are compared with the project.

python tests/test_readme.py      rewrites its generated parts
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from qcompile import registry
from qcompile.cli import main

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
COMMANDS = registry.names("qcompile.commands")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)


def help_of(name: str) -> str:
    return CliRunner().invoke(main, [name, "--help"], terminal_width=100).output.rstrip()


def generated() -> str:
    """Help of every command, folded."""
    parts = []
    for name in COMMANDS:
        short = registry.load("qcompile.commands", name).command.short_help
        parts.append(
            f"<details><summary><code>qcompile {name}</code> · {short}</summary>\n\n"
            f"```text\n{help_of(name)}\n```\n\n</details>\n"
        )
    return "\n".join(parts)


def between(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", TEXT, re.DOTALL)
    assert found, f"README.md has no part {mark}"
    return found[1]


def test_the_help_of_every_command_is_current() -> None:
    assert between("help") == generated(), "python tests/test_readme.py"


def test_the_first_command_installs_and_runs_the_example_of_build() -> None:
    first = next(code for kind, code in BLOCKS if kind == "sh").strip()
    assert first.count("\n") == 0
    steps = first.split(" && ")
    assert steps[0] == "python3 -m venv .venv"
    assert steps[1].startswith(".venv/bin/pip install")
    assert steps[2] == ".venv/bin/" + registry.load("qcompile.commands", "build").EXAMPLE


def test_the_second_command_runs_the_tests_and_ci_runs_the_same() -> None:
    second = [code for kind, code in BLOCKS if kind == "sh"][1].strip()
    assert second.count("\n") == 0 and "-m pytest" in second
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "'.[test]'" in second and ".[test]" in script and "-m pytest" in script


def test_every_folder_of_the_package_has_its_place_in_the_order() -> None:
    folders = [p.name for p in (ROOT / "qcompile").iterdir() if (p / "__init__.py").exists()]
    for name in folders:
        shown = f"]({name})" if name in ("kernels", "targets") else f"](qcompile/{name})"
        assert shown in TEXT, f"the README does not place {name}"


def test_every_link_into_the_project_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("code", [code for kind, code in BLOCKS if kind == "python"])
def test_the_python_code_runs(code: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_the_changelog_knows_the_version() -> None:
    import tomllib

    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


if __name__ == "__main__":
    old, new = (f"<!-- help -->\n{part}<!-- /help -->" for part in (between("help"), generated()))
    README.write_text(TEXT.replace(old, new), encoding="utf-8")
