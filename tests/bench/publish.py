"""Put what a benchmark printed into the README, to the letter.

    python tests/bench/bench_folds.py | tee folds.txt && python tests/bench/publish.py folds < folds.txt

The README's parts stand between ``<!-- NAME -->`` and ``<!-- /NAME -->``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def placed(readme: str, name: str, table: str) -> str:
    """The README with part ``name`` replaced by ``table``.

    >>> placed("<!-- a -->old<!-- /a -->", "a", "new")
    '<!-- a -->\\nnew\\n<!-- /a -->'
    """
    opening, closing = f"<!-- {name} -->", f"<!-- /{name} -->"
    if opening not in readme:
        parts = ", ".join(re.findall(r"<!-- ([a-z-]+) -->", readme))
        sys.exit(f"README.md has no part {name}; its parts are {parts}")
    before, rest = readme.split(opening, 1)
    return f"{before}{opening}\n{table.strip()}\n{closing}{rest.split(closing, 1)[1]}"


if __name__ == "__main__":
    README.write_text(
        placed(README.read_text(encoding="utf-8"), sys.argv[1], sys.stdin.read()), encoding="utf-8"
    )
