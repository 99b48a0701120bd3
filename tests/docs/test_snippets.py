"""Every command and every program of the README and the tutorials runs, page by page, in order.

A page runs in a folder of its own, which holds what the pages take for granted: ``build/`` (the
README's first command), ``sensor.csv`` and ``their_model.onnx``.
"""

from __future__ import annotations

import re
import shlex
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from click.testing import CliRunner
from support.dialects import Recipe, qonnx_model

from qcompile.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "tutorials").glob("*.md"))]
# What the extra installs that other cores need, and the refusal of a command that lacks it.
EDGE, EXTRA = ("capstone", "elftools", "unicorn", "ziglang"), "pip install 'qcompile[edge]'"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of each fenced block that is run; the two commands that install are not."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(kind, text) for kind, text in found if kind != "text" and ".venv/bin/pip" not in text]


def shell(text: str) -> None:
    """Run lines of ``qcompile`` commands; ``>`` writes a file and ``#`` begins a comment, as in a shell."""
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        assert words[0] == "qcompile", f"a page shows a command that is not run: {line}"
        output = words.pop() if words[-2] == ">" else None
        done = CliRunner().invoke(main, [word for word in words[1:] if word != ">"])
        if done.exit_code == 2 and EXTRA in done.output and not all(map(find_spec, EDGE)):
            continue  # refused with what to install, and that is indeed not installed
        assert done.exit_code == 0, f"{line}\n{done.output}\n{done.stderr}"
        if output:
            Path(output).write_text(done.stdout, encoding="utf-8")


def run(kind: str, text: str) -> None:
    """One block, in the current folder; a toml block is the folder's pyproject.toml."""
    if kind == "toml":
        Path("pyproject.toml").write_text(text, encoding="utf-8")
    elif kind == "python":
        exec(compile(text, "snippet", "exec"), {"__name__": "__main__"})
    else:
        assert kind == "sh", f"no rule for a block of {kind}"
        shell(text)


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """What the pages take for granted."""
    shutil.copytree(built, tmp_path / "build")
    rng = np.random.default_rng(0)
    state = rng.integers(0, 2, 200)
    columns = {f"axis_{name}": rng.normal(state, 0.5 + 0.5 * i) for i, name in enumerate("xyz")}
    table = pd.DataFrame({**columns, "state": np.array(["idle", "moving"])[state]})
    table.to_csv(tmp_path / "sensor.csv", index=False)
    onnx.save(qonnx_model(Recipe(1, 2, (16, 8, 4)), "N"), tmp_path / "their_model.onnx")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_everything_that_a_page_shows_runs(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for kind, text in blocks(page):
        run(kind, text)


def test_every_page_has_something_to_run() -> None:
    assert [page.stem for page in PAGES if not blocks(page)] == ["index"]
