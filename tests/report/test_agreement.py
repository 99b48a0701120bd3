"""Every figure of a report that can be derived again is compared: a forged one is named."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qcompile.api import verify
from qcompile.files.seal import SEAL, sealed
from qcompile.json_records import to_json

DATA = "sklearn:breast_cancer"
# What cannot be derived again from model, certificate, files and data: measured, or about the machine.
STATED = (
    "machine", "page", SEAL, "costs.rows", "verification", "program.host_kernel", "data.notes",
    "accuracy.baselines", "accuracy.baseline_confusion", "training.chosen.reason", "training.chosen.ranking",
    "training.chosen.validation", "format",
)  # fmt: skip
STATED_OF_A_COLUMN = (
    "method",
    "reason",
    "iterations",
    "seconds",
    "status",
    "solve",
    "rounding",
    "rows",
    "name",
)
ONLY_BY_DATA = ("accuracy.", "data.rows", "data.train_rows", "data.test_rows")

Path_ = tuple[str | int, ...]


def leaves(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not items and not isinstance(value, dict | list):
        yield path
    for key, inner in items:
        yield from leaves(inner, (*path, key))


def is_stated(path: Path_) -> bool:
    name = ".".join(str(p) for p in path if isinstance(p, str))
    if name.startswith("training.columns."):
        return name.split(".")[2] in STATED_OF_A_COLUMN
    return name.startswith(STATED)


def forged(value: Any, rng: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return rng.choice([value + 1, 0 if value else 7, -value if value else 1])
    if isinstance(value, str):
        return rng.choice([value + ".", "", value.replace("0", "1") if "0" in value else value + "0"])
    return 1


def put(record: dict[str, Any], path: Path_, value: Any) -> None:
    place: Any = record
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value


def forge(folder: Path, honest: dict[str, Any], path: Path_, rng: random.Random) -> None:
    record = copy.deepcopy(honest)
    place: Any = honest
    for key in path:
        place = place[key]
    put(record, path, forged(place, rng))
    record.pop(SEAL)
    (folder / "report.json").write_text(to_json(sealed(record)), encoding="utf-8")


def tampered(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Forge and seal again; how many of each kind were noticed by what they should be."""
    honest = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    paths = [p for p in leaves(honest) if not is_stated(p)]
    rng = random.Random(seed)
    some = rng.sample(paths, min(count, len(paths))) + rng.choices(paths, k=max(0, count - len(paths)))
    found = {"named": 0, "changed": 0}
    for path in some:
        forge(folder, honest, path, rng)
        name = ".".join(map(str, path))
        data = DATA if name.startswith(ONLY_BY_DATA) else None
        verified = verify(folder, data, rows=1)
        assert not verified.passed, name
        found["named"] += any(c.name == "report.json" and not c.passed for c in verified.checks)
        found["changed"] += 1
    return found


def test_a_forged_and_sealed_figure_is_noticed(own_build: Path) -> None:
    assert tampered(own_build, 12, 0)["changed"] == 12


@pytest.mark.slow
def test_two_thousand_forged_figures_are_noticed(own_build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = int(os.environ.get("QCOMPILE_TAMPERS", "2000"))
    found = tampered(own_build, count, 1)
    with capsys.disabled():
        print(f"\n{found['changed']} reports forged and sealed, {found['named']} named by the report's check")


def test_a_gap_of_nothing_is_named_with_what_it_should_be(own_build: Path) -> None:
    path = own_build / "report.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    true = record["certificate"]["gap"]
    record["certificate"]["gap"] = 0
    record.pop(SEAL)
    path.write_text(to_json(sealed(record)), encoding="utf-8")
    (check,) = [c for c in verify(own_build, rows=1).checks if not c.passed]
    assert check.name == "report.json"
    assert check.sentence == f"certificate.gap is 0, and it should be {true}."


def test_a_measured_figure_is_guarded_by_the_seal(own_build: Path) -> None:
    path = own_build / "report.json"
    text = path.read_text(encoding="utf-8")
    record = json.loads(text)
    record["costs"]["rows"][0]["expected"] = record["costs"]["rows"][0]["low"]
    if record["costs"]["rows"][0] == json.loads(text)["costs"]["rows"][0]:
        record["costs"]["rows"][0]["high"] *= 2
    path.write_text(to_json(record), encoding="utf-8")
    assert {c.name for c in verify(own_build, rows=1).checks if not c.passed} == {"report.json"}


def test_an_edited_page_is_noticed_even_when_its_digest_was_renewed(own_build: Path) -> None:
    import hashlib

    page = own_build / "report.html"
    page.write_text(page.read_text(encoding="utf-8").replace("Proved within", "Proved inside"))
    failed = {c.name for c in verify(own_build, rows=1).checks if not c.passed}
    assert failed == {"report.html", "report page"}
    record = json.loads((own_build / "report.json").read_text(encoding="utf-8"))
    record.pop(SEAL)
    record["files"]["report.html"] = {
        "bytes": len(page.read_bytes()), "sha256": hashlib.sha256(page.read_bytes()).hexdigest()
    }  # fmt: skip
    (own_build / "report.json").write_text(to_json(sealed(record)), encoding="utf-8")
    assert {c.name for c in verify(own_build, rows=1).checks if not c.passed} == {"report page"}


@pytest.mark.parametrize("record", [{}, {"files": {}}, [], {"files": {"model.onnx": {"sha256": "0"}}}, None])
def test_a_report_of_another_shape_is_an_answer_or_an_error(own_build: Path, record: Any) -> None:
    from qcompile.errors import ModelError

    (own_build / "report.json").write_text(json.dumps(record))
    try:
        assert not verify(own_build, rows=1).passed
    except ModelError as error:
        assert "report.json is not a report" in str(error)
