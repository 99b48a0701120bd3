"""Every link of the documents leads somewhere: files, headings, and tests by their names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
TEST = re.compile(r"\[`(test_\w+)`\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    """The text of a page without its code blocks."""
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What a heading of a page is called in a link, on the site and on repository hosts alike."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.resolve().is_relative_to(ROOT) and target.exists(), link
        assert not anchor or anchor in anchors(target), f"{link}: there is no such heading"


def test_every_test_that_the_theory_names_exists() -> None:
    named = TEST.findall((DOCS / "theory.md").read_text(encoding="utf-8"))
    for name, path in named:
        text = (DOCS / path).read_text(encoding="utf-8")
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{path} has no {name}"
    assert len(named) > 40


def test_every_identity_of_the_theory_names_its_test() -> None:
    text = (DOCS / "theory.md").read_text(encoding="utf-8")
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        heading, body = section.split("\n", 1)
        assert "Checked by" in body.split("\n## ")[0], heading


def test_no_document_names_a_place_on_some_machine() -> None:
    for page in PAGES:
        assert not re.search(r"/(work|root|home)/\w", page.read_text(encoding="utf-8")), page


PATH = re.compile(r"`((?:qcompile|kernels|targets|tests|docs|examples)/[\w./-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    """``NAME`` stands for a file that the reader may add: its folder exists."""
    for path in PATH.findall(prose(page)):
        named = ROOT / path
        assert (named.parent if "NAME" in named.stem else named).exists(), path
