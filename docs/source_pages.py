"""A hook of mkdocs: a file outside docs/ that a page links to becomes a page of the site.

In the repository such a link opens the file; on the site it opens a generated page below source/
that shows the file. A link to something that does not exist is left alone, so that
``mkdocs build --strict`` reports it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Any

from mkdocs.structure.files import File, Files

DOCS = Path(__file__).parent
ROOT = DOCS.parent
LINK = re.compile(r"\]\(([^)#:\s]+)(#[^)\s]*)?\)")
LANGUAGES = {".py": "python", ".toml": "toml", ".h": "c", ".html": "html", ".yaml": "yaml", ".yml": "yaml"}


def outside(page: str, link: str) -> str | None:
    """The path below the repository of a link that leaves docs/, or None.

    >>> outside("theory.md", "../tests/model/test_bits.py"), outside("theory.md", "certificate.md")
    ('tests/model/test_bits.py', None)
    """
    target = os.path.normpath(PurePosixPath("docs", page).parent / link).replace(os.sep, "/")
    inside = target == "docs" or target.startswith(("docs/", "../"))
    return None if inside or not (ROOT / target).is_file() else target


def shown(path: str) -> str:
    """The Markdown of the page that shows a file."""
    language = LANGUAGES.get(Path(path).suffix, "text")
    return f"# {path}\n\n`````{language}\n{(ROOT / path).read_text(encoding='utf-8')}\n`````\n"


def on_files(files: Files, config: Any) -> Files:
    """Add a page for every file that a page links to."""
    linked = set()
    for file in list(files):
        if file.src_uri.endswith(".md"):
            for match in LINK.finditer((DOCS / file.src_uri).read_text(encoding="utf-8")):
                linked.add(outside(file.src_uri, match[1]))
    for path in sorted(linked - {None}):
        page = File.generated(config, f"source/{path}.md", content=shown(str(path)))
        page.inclusion = page.inclusion.NOT_IN_NAV
        files.append(page)
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point the links of a page to the generated pages."""
    if page.file.src_uri.startswith("source/"):
        return markdown
    up = os.path.relpath("source", PurePosixPath(page.file.src_uri).parent).replace(os.sep, "/")

    def rewritten(match: re.Match[str]) -> str:
        path = outside(page.file.src_uri, match[1])
        return match[0] if path is None else f"]({up}/{path}.md)"

    return LINK.sub(rewritten, markdown)
