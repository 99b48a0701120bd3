"""Make docs/img/report.png, a screenshot of the header and the proof of a report page.

    qcompile build sklearn:breast_cancer -o build/ && python docs/picture.py build/report.html

Needs a Chromium (``apt-get install chromium``) and Pillow.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

PICTURE = Path(__file__).parent / "img" / "report.png"
SIZE = (1100, 1190)  # the header, the proof and what it says
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def main(page: Path) -> None:
    """Take the picture."""
    with tempfile.TemporaryDirectory() as place:
        shot = Path(place) / "shot.png"
        window = f"--window-size={SIZE[0]},{SIZE[1]}"
        subprocess.run(
            ["chromium", *FLAGS, window, f"--user-data-dir={place}/profile", f"--screenshot={shot}",
             page.resolve().as_uri()],
            check=True, capture_output=True,
        )  # fmt: skip
        with Image.open(shot) as image:
            image.convert("RGB").save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
