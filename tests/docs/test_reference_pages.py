"""docs/cli.md and docs/python.md are what the code says today."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

import qcompile
import qcompile.api
from qcompile import registry

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_generated_pages_are_current(reference: ModuleType) -> None:
    assert not reference.stale(), "python docs/reference.py"


def test_every_command_and_every_public_name_has_an_entry() -> None:
    cli, python = ((DOCS / name).read_text(encoding="utf-8") for name in ("cli.md", "python.md"))
    for name in registry.names("qcompile.commands"):
        assert f"\n## qcompile {name}\n" in cli and f"Usage: qcompile {name} " in cli
    for name in (*qcompile.__all__, *qcompile.api.__all__):
        assert f"\n### {name}\n" in python


def test_a_docstring_becomes_markdown(reference: ModuleType) -> None:
    text = "What.\n\nArgs:\n    rows: (n, d) float32,\n        raw.\n    seed: zero.\n\n>>> 1 + 1\n2"
    assert reference.described(text) == (
        "What.\n\n**Args**\n\n- `rows`: (n, d) float32,\n  raw.\n- `seed`: zero.\n\n"
        "```pycon\n>>> 1 + 1\n2\n```"
    )


def test_the_tutorial_names_every_origin_of_a_figure() -> None:
    from qcompile.cost.rows import ORIGINS

    table = (DOCS / "tutorials" / "performance.md").read_text(encoding="utf-8").partition("| origin |")[2]
    rows = table.partition("\n\n")[0].splitlines()[2:]
    assert tuple(row.split("|")[1].strip() for row in rows) == ORIGINS
