"""The site: every page has a place in it, and files outside docs/ are shown where pages link to them."""

from __future__ import annotations

import doctest
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: str(page.relative_to(DOCS)))
def test_every_page_is_in_the_navigation(page: Path) -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    assert f"- {page.relative_to(DOCS).as_posix()}\n" in navigation


def test_the_site_is_built_with_warnings_for_every_broken_link() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for setting in ("not_found", "anchors", "absolute_links", "unrecognized_links"):
        assert re.search(rf"^ +{setting}: warn$", text, re.MULTILINE), setting
    assert "mkdocs build --strict" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "needs"), [("source_pages", "mkdocs"), ("reference", "click")])
def test_the_examples_of_the_programs_in_docs_are_right(name: str, needs: str) -> None:
    pytest.importorskip(needs)
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    failed, tried = doctest.testmod(module)
    assert tried and not failed
