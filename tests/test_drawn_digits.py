"""The browser example, used as a person would: each digit drawn with the pointer on the page.

Chromium is driven through chromedriver by the W3C WebDriver protocol, which takes a few lines of
urllib; the strokes below are this test's own, not those that the page can play.
"""

from __future__ import annotations

import json
import math
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "digit_in_the_browser.py"
CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1100,1000",
)  # fmt: skip


def arc(x: float, y: float, across: float, up: float, start: float, end: float) -> list[tuple[float, float]]:
    """Points of an ellipse, angles in turns, clockwise from the right."""
    angles = (math.tau * (start + (end - start) * k / 24) for k in range(25))
    return [(x + across * math.cos(a), y + up * math.sin(a)) for a in angles]


# Strokes on the unit square, y downwards: simple forms of every digit.
DRAWN = {
    "0": [arc(0.5, 0.5, 0.2, 0.35, -0.25, 0.75)],
    "1": [[(0.4, 0.3), (0.5, 0.15), (0.5, 0.85)]],
    "2": [[*arc(0.5, 0.33, 0.18, 0.18, -0.5, 0.1), (0.3, 0.85)], [(0.3, 0.85), (0.72, 0.85)]],
    "3": [arc(0.48, 0.33, 0.17, 0.17, -0.4, 0.25), arc(0.48, 0.68, 0.19, 0.18, -0.25, 0.4)],
    "4": [[(0.5, 0.15), (0.3, 0.58), (0.72, 0.58)], [(0.62, 0.4), (0.6, 0.88)]],
    "5": [
        [(0.68, 0.15), (0.38, 0.15), (0.36, 0.45)],
        [(0.36, 0.45), *arc(0.48, 0.64, 0.19, 0.21, -0.25, 0.4)],
    ],
    "6": [[(0.58, 0.14), (0.4, 0.38), (0.34, 0.62), *arc(0.5, 0.68, 0.16, 0.17, 0.45, -0.5)]],
    "7": [[(0.3, 0.16), (0.7, 0.16), (0.46, 0.87)], [(0.4, 0.5), (0.66, 0.5)]],
    "8": [arc(0.5, 0.32, 0.14, 0.17, 0.25, 1.25), arc(0.5, 0.67, 0.16, 0.18, -0.25, 0.75)],
    "9": [[*arc(0.5, 0.33, 0.15, 0.17, 0.0, -1.0), (0.63, 0.55), (0.6, 0.87)]],
}


class Browser:
    """One page in one Chromium."""

    def __init__(self, port: int, page: Path) -> None:
        self.at = f"http://127.0.0.1:{port}/session"
        options = {"binary": CHROMIUM, "args": list(FLAGS)}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        self.at += "/" + self.ask("", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        self.ask("/url", {"url": page.as_uri()})

    def ask(self, path: str, body: Any = None, method: str = "POST") -> Any:
        data = None if method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(
            self.at + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def run(self, script: str) -> Any:
        return self.ask("/execute/sync", {"script": script, "args": []})

    def draw(self, strokes: list[list[tuple[float, float]]], left: float, top: float, side: float) -> str:
        moves: list[dict[str, Any]] = []
        for stroke in strokes:
            for k, (x, y) in enumerate(stroke):
                to = {"x": round(left + side * x), "y": round(top + side * y)}
                moves.append({"type": "pointerMove", "duration": 0, "origin": "viewport", **to})
                moves += [{"type": "pointerDown", "button": 0}] if k == 0 else []
            moves.append({"type": "pointerUp", "button": 0})
        pen = {"type": "pointer", "id": "pen", "parameters": {"pointerType": "mouse"}, "actions": moves}
        self.ask("/actions", {"actions": [pen]})
        return str(self.run("return document.body.dataset.digit"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("ziglang", "wasmtime"):
        pytest.importorskip(package, reason=f"{package} is not installed: pip install 'qcompile[edge]'")
    path = tmp_path_factory.mktemp("digits") / "digits.html"
    subprocess.run([sys.executable, str(EXAMPLE), str(path)], check=True, capture_output=True)
    return path


@pytest.fixture(scope="module")
def browser(page: Path) -> Iterator[Browser]:
    driver = shutil.which("chromedriver")
    if driver is None or CHROMIUM is None:
        pytest.skip("no Chromium with chromedriver here (Debian: apt install chromium chromium-driver)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=5).close()
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        opened = Browser(port, page)
        yield opened
        opened.ask("", method="DELETE")
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.slow
def test_every_drawn_digit_is_recognised_whatever_its_size_and_place(browser: Browser) -> None:
    left, top, side = browser.run(
        "const b = document.getElementById('pad').getBoundingClientRect(); return [b.left, b.top, b.width]"
    )
    found = {}
    for scale, dx, dy in ((1.0, 0.0, 0.0), (0.6, 0.05, 0.35)):
        for digit, strokes in DRAWN.items():
            browser.run("document.getElementById('clear').click()")
            found[digit, scale] = browser.draw(strokes, left + side * dx, top + side * dy, side * scale)
    assert found == {(digit, scale): digit for digit, scale in found}


@pytest.mark.slow
def test_the_page_asks_for_nothing_and_says_nothing_on_the_console(page: Path, browser: Browser) -> None:
    assert browser.run("return performance.getEntriesByType('resource').length") == 0
    assert [e for e in browser.ask("/se/log", {"type": "browser"}) if e["level"] == "SEVERE"] == []
    assert page.stat().st_size < 64_000
