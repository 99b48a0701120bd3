"""The target section: every target is a point, the parts add up, and what it is given is escaped."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from qcompile.cost.every_target import FlashPart
from qcompile.json_records import from_json
from qcompile.registry import names
from qcompile.report.page.target import target_section
from qcompile.report.plots.flash import flash_map
from qcompile.report.plots.plane import plane
from qcompile.report.record import Report


@pytest.fixture
def record(built: Path) -> dict[str, Any]:
    return json.loads((built / "report.json").read_text(encoding="utf-8"))


def read(record: dict[str, Any]) -> Report:
    return from_json(Report, json.dumps(record))


def section(record: dict[str, Any]) -> str:
    return target_section(read(record))


def test_every_target_is_a_point_with_its_name_and_interval(record: dict[str, Any]) -> None:
    text = section(record)
    shown = {p["target"] for p in record["targets"]["points"]}
    assert shown == set(names("qcompile.targets", ".toml"))
    assert text.count("<circle") == len(shown) and text.count('class="reach') == 2 * len(shown)
    assert all(f">{name}</text>" in text for name in shown)


def test_no_label_lies_on_another_and_none_outside_the_picture(record: dict[str, Any]) -> None:
    picture = plane(read(record).targets.points)
    boxes = []
    for x, y, anchor, name in re.findall(
        r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)" class="mark[^"]*">([^<]+)', picture
    ):
        wide = 6.2 * len(name)
        left = float(x) - (wide if anchor == "end" else 0)
        assert 0 <= left and left + wide <= 880
        boxes.append((left, float(y) - 10, left + wide, float(y)))
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_the_times_of_the_operations_add_up_to_what_was_measured(record: dict[str, Any]) -> None:
    rows = record["costs"]["rows"]
    parts = [r for r in rows if r["quantity"] == "latency" and r["operation"] != "total"]
    (whole,) = (
        r for r in rows if r["quantity"] == "latency_p50" and r["batch"] == 1 and r["backend"] == "host"
    )
    assert sum(r["expected"] for r in parts) == pytest.approx(whole["expected"])
    assert all(r["low"] <= r["expected"] <= r["high"] <= whole["expected"] * (1 + 1e-9) for r in parts)


def test_the_flash_map_fills_its_width_with_every_part() -> None:
    parts = [
        FlashPart("tu", "rodata", 300.0, "measured"),
        FlashPart("call", "text", 100.0, "measured"),
    ]
    widths = [float(w) for w in re.findall(r'<rect [^>]*width="([\d.]+)"', flash_map(parts))]
    assert widths == pytest.approx([658.5, 218.5])  # 3 : 1 of 880, less the gap of 1.5


def test_a_hostile_name_is_escaped(record: dict[str, Any]) -> None:
    bad = copy.deepcopy(record)
    for p in bad["targets"]["points"]:
        p["target"] = p["title"] = "<script>alert('x')</script>"
    bad["targets"]["flash"]["parts"][0]["operation"] = "<b>"
    bad["targets"]["flash"]["title"] = "</section><script>"
    text = section(bad)
    assert "<script" not in text and "<b>" not in text
