"""Golden files: text that a reviewer reads, compared with what is written today.

    golden("ir/flowers.lowered.qir", text)          one file below tests/golden
    golden.folder("c99/ternary", {"model.c": ...})  a whole folder; no file may be missing or left over

After a change that is meant, run ``pytest --update-golden PATH`` and review the difference with git.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "golden"
LINES = 60  # of a difference; the rest is counted


class Golden:
    """Compares text with files below a root, or rewrites them."""

    def __init__(self, root: Path = ROOT, update: bool = False) -> None:
        self.root, self.update = root, update

    def __call__(self, name: str, text: str) -> None:
        """Fail with a difference unless the file holds exactly this text."""
        path = self.root / name
        if self.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))
        if not path.is_file():
            pytest.fail(f"{name}: there is no golden file; run pytest --update-golden and review it.", False)
        stored = path.read_bytes().decode("utf-8")
        if text != stored:
            pytest.fail(difference(name, stored, text), False)

    def folder(self, name: str, files: Mapping[str, str]) -> None:
        """Fail unless the folder holds exactly these files with exactly this text."""
        place = self.root / name
        stored = {p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file()}
        if self.update:
            for left_over in stored - set(files):
                (place / left_over).unlink()
        elif stored - set(files):
            pytest.fail(f"{name}: no longer written: {', '.join(sorted(stored - set(files)))}", False)
        for file, text in files.items():
            self(f"{name}/{file}", text)


def difference(name: str, stored: str, text: str) -> str:
    """A unified difference of at most LINES lines, and what to do."""
    names = (f"golden/{name}", f"{name} as written now")
    lines = list(difflib.unified_diff(stored.splitlines(), text.splitlines(), *names, n=2, lineterm=""))
    if not lines:
        lines = ["The texts differ in their line ends only."]
    more = [f"... {len(lines) - LINES} more lines"] if len(lines) > LINES else []
    advice = "If the change is meant: pytest --update-golden, then review it with git diff."
    return "\n".join([*lines[:LINES], *more, advice])
