"""What people read of a build, checked: report.json and report.html against everything they are about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from qcompile.backends.compile import Compiled
from qcompile.certificate import make as certificates
from qcompile.checks import Check
from qcompile.cost.every_target import TargetPart, target_part
from qcompile.cost.rows import CostReport
from qcompile.data.table import Table
from qcompile.errors import ModelError, QCompileError
from qcompile.files.seal import SEAL, intact
from qcompile.importers.open import Model, network_of
from qcompile.json_records import Json, from_json
from qcompile.model_file.container import read_model
from qcompile.model_file.form import onnx_form
from qcompile.model_file.names import CERTIFICATE, MODEL, NUMBERS, PAGE
from qcompile.report.agreement import (
    MEASURED,
    OTHER_VERSION,
    Evidence,
    differences,
    differences_on_data,
    page_record,
)
from qcompile.report.page.page import drawn_by, render
from qcompile.report.record import Report
from qcompile.targets.schema import load_target
from qcompile.train.recheck import fits

SHOWN = 4  # wrong figures in one sentence


def read_report(place: Path) -> Json:
    """The content of report.json, of which nothing is believed yet.

    Raises:
        ModelError: it is missing or no report.
    """
    path = place / NUMBERS
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["files"] and all(isinstance(entry["sha256"], str) for entry in found["files"].values()):
            return dict(found)
    except FileNotFoundError:
        raise ModelError(f"{place} holds no {NUMBERS}; give a folder that `qcompile build` wrote.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise ModelError(f"{path} is not a report that `qcompile build` wrote; build again.")


def reported_files(place: Path, report: Json) -> Iterator[Check]:
    """Files are the ones that report.json describes.

    Raises:
        ModelError: one is missing or cannot be read.
    """
    for name in (MODEL, CERTIFICATE, *([PAGE] if report.get("format") != 1 else [])):
        if name not in report["files"]:
            yield Check(name, False, f"is not among the files that {NUMBERS} names; build again.")
    for name, entry in report["files"].items():
        told = entry["sha256"]
        if not (place / name).is_file():
            raise ModelError(f"{place / name} is missing; build again.")
        found = hashlib.sha256((place / name).read_bytes()).hexdigest()
        same = found == told
        yield Check(
            name,
            same,
            f"is the file that was built (sha256 {found[:12]})"
            if same
            else f"was changed after the build: its sha256 is {found[:12]}, {NUMBERS} says {told[:12]}.",
        )


def reported_figures(
    place: Path, report: Json, model: Model, compiled: Compiled, table: Table | None
) -> Iterator[Check]:
    """report.json and report.html say what model, certificate, files and data say.

    Args:
        place: the build folder.
        report: the content of report.json.
        model: the model file, opened.
        compiled: the same, compiled again.
        table: of the build, where it is given.
    """
    network = network_of(model)
    evidence = Evidence(
        network=network,
        program=compiled.program,
        passes=compiled.passes,
        certificates=certificates.load(place / CERTIFICATE),
        folder=place,
        form=onnx_form(read_model(model.path)),
        targets=_targets(report, model),
    )
    same_version = report.get("page") == drawn_by()
    wrong = list(differences(report, evidence, same_version))
    if table is not None and fits(network, table):
        wrong += differences_on_data(report, network, table)
    unsealed = report.get("format") == 1 and SEAL not in report
    if not wrong and not unsealed and not intact(report):
        wrong = ["a figure that cannot be derived again was changed after the build"]
    shown = "; ".join(wrong[:SHOWN]) + (f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")
    agrees = f"agrees with model and files; {MEASURED if same_version else OTHER_VERSION}"
    yield Check(NUMBERS, not wrong, f"{shown}." if wrong else agrees)
    if not wrong and PAGE in report["files"]:
        yield _page(place, report, model)


def _page(place: Path, report: Json, model: Model) -> Check:
    """The page is the one that the report draws."""
    if report.get("page") != drawn_by():
        told = "was drawn by another version of qcompile: its figures are as stated, not checked"
        return Check("report page", True, told)
    drawn = from_json(Report, json.dumps(page_record(report, PAGE)))
    same = (place / PAGE).read_bytes() == render(drawn, network_of(model)).encode()
    told = f"shows what {NUMBERS} says" if same else f"{PAGE} does not show what {NUMBERS} says; build again."
    return Check("report page", same, told)


def _targets(report: Json, model: Model) -> TargetPart | None:
    """What the page says about targets, made again; None where the build was for a file of the user's."""
    try:
        costs = from_json(CostReport, json.dumps(report["costs"]))
        return target_part(model.program, costs, load_target(costs.target))
    except (QCompileError, KeyError, TypeError, ValueError):  # wrong rows are named with the other figures
        return None
