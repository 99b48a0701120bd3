"""Each page of docs/measured belongs to one bench and says when and where it was measured."""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(p for p in (ROOT / "docs" / "measured").glob("*.md") if p.stem != "index")
STAMP = re.compile(r"Measured (\d{4}-\d\d-\d\d)\. Machine: .+\. Versions: .+\.")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_its_bench_its_date_its_machine_and_its_versions(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    bench = f"tests/bench/bench_{page.stem}.py"
    assert (ROOT / bench).is_file() and f"Command: `python {bench}" in text
    for part in ("measured", "table"):
        assert re.search(rf"<!-- {part} -->\n.+\n<!-- /{part} -->", text, re.DOTALL), part
    stamp = STAMP.search(text)
    assert stamp and datetime.date.fromisoformat(stamp[1])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_index_links_to_every_page(page: Path) -> None:
    assert f"({page.name})" in (page.parent / "index.md").read_text(encoding="utf-8")


def test_publishing_replaces_the_table_and_the_stamp_and_nothing_else(tmp_path: Path) -> None:
    code = (
        "import sys, datetime; sys.path.insert(0, sys.argv[1]); import publish; "
        "print(publish.published(sys.stdin.read(), '| new |', 'idle', datetime.date(2030, 1, 2)), end='')"
    )
    page = (
        "before\n<!-- measured -->\nold\n<!-- /measured -->\n\n<!-- table -->\nold\n<!-- /table -->\nafter\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "tests" / "bench")],
        input=page, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("before\n<!-- measured -->\nMeasured 2030-01-02. Machine: ")
    assert "; idle. Versions: Python 3" in done.stdout and STAMP.search(done.stdout)
    assert (
        done.stdout.endswith("<!-- table -->\n| new |\n<!-- /table -->\nafter\n") and "old" not in done.stdout
    )
