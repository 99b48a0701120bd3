"""The page in headless Chromium: it draws its plots and the console stays silent."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")


def visit(path: Path, profile: Path) -> tuple[str, list[str]]:
    """The document after loading, and what was written to the console or failed to load."""
    found = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={profile}", "--enable-logging=stderr", "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return found.stdout, re.findall(r"CONSOLE[:(].*", found.stderr)


def test_the_page_draws_its_plots_without_a_word_on_the_console(built: Path, tmp_path: Path) -> None:
    document, console = visit(built / "report.html", tmp_path / "profile")
    assert console == []
    assert document.count("<svg") >= 6 and "What is proved" in document


def test_an_error_on_the_console_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text("<script>console.error('seen')</script><img src='missing.png'>")
    _, console = visit(tmp_path / "bad.html", tmp_path / "profile")
    assert any("seen" in line for line in console)
