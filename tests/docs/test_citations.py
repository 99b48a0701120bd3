"""What docstrings cite can be read: headings of docs/theory.md, keys of docs/bibliography.md."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [
    p for top in ("qcompile", "kernels", "targets", "tests") for p in sorted((ROOT / top).rglob("*.py"))
]
KEY = re.compile(r"\[([A-Z][A-Za-z]{1,4}\d\d)(?:,[^\]]*)?\]")
ANCHOR = re.compile(r"docs/(\w+\.md)#([\w-]+)")


def headings(page: str) -> set[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_every_key_in_a_docstring_is_in_the_bibliography() -> None:
    known = headings("bibliography.md")
    cited = {key: path for path in SOURCES for key in KEY.findall(path.read_text(encoding="utf-8"))}
    assert {key: path for key, path in cited.items() if key.lower() not in known} == {}
    assert "BP21" in cited


def test_every_page_and_heading_in_a_docstring_exists() -> None:
    cited = [(path, *found) for path in SOURCES for found in ANCHOR.findall(path.read_text(encoding="utf-8"))]
    assert [where for where in cited if where[2] not in headings(where[1])] == []
    assert cited


def test_no_docstring_cites_a_section_by_number() -> None:
    for path in SOURCES:
        if path != Path(__file__):
            assert not re.search(r"THEORY|theory section", path.read_text(encoding="utf-8")), path


def test_every_work_is_cited() -> None:
    text = "".join(p.read_text(encoding="utf-8") for p in [*SOURCES, *(ROOT / "docs").rglob("*.md")])
    keys = re.findall(r"^### (\w+)$", (ROOT / "docs" / "bibliography.md").read_text(encoding="utf-8"), re.M)
    assert [key for key in keys if f"[{key}" not in text] == []
