"""Does a report say what the model, the certificate, the files and the data say?

Everything that can be derived again is derived and compared, figure by figure. What was measured on
the machine of the build (latency, energy, solver times, curves, accuracy of the other models) cannot
be, and is left to the report's seal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qcompile.certificate.certificate import Certificate
from qcompile.cost.every_target import TargetPart
from qcompile.cost.rows import CostReport
from qcompile.data.table import Table
from qcompile.facts import Accuracy
from qcompile.files.seal import SEAL
from qcompile.ir.program import Program
from qcompile.json_records import Json, from_json, to_json
from qcompile.model.network import Network
from qcompile.model_file.form import FormFacts
from qcompile.report import record as parts
from qcompile.report.program import program_part
from qcompile.report.words import accuracy_sentence
from qcompile.train.proof import stated

NOT_DERIVED = {"host_kernel"}  # depends on the machine
OTHER_VERSION = (
    "it was written by another version of qcompile, so its wording, program and costs "
    "are as stated, not checked"
)
OWN = ("measure", "train", "test", "confusion", "majority", "points")  # of the network itself
MEASURED = "latency, energy, times and the other models' accuracy are as stated, not checked"


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a report is held against.

    Attributes:
        network: read from the model file.
        program: compiled again from it.
        passes: what each pass did.
        certificates: read from the certificate file.
        folder: where the files are.
        form: facts about the model file's graph.
        targets: what is to be said about targets; None where that is not known here.
    """

    network: Network
    program: Program
    passes: Sequence[Any]
    certificates: Sequence[Certificate]
    folder: Path
    form: FormFacts
    targets: TargetPart | None = None


def differences(record: Mapping[str, Any], evidence: Evidence, same_version: bool = True) -> Iterator[str]:
    """Figures of a report that are not what they should be, one clause each.

    Args:
        record: the content of report.json, not to be trusted.
        evidence: what it is about.
        same_version: the report was written by this version of the code, whose wording, passes and
            cost models it must then have.
    """
    try:
        yield from _differences(record, evidence, same_version)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        yield f"it lacks what a report has ({type(error).__name__}: {error})"


def _differences(record: Mapping[str, Any], evidence: Evidence, same_version: bool) -> Iterator[str]:
    network, facts = evidence.network, evidence.network.provenance
    proved = facts["certificate"]
    claim = _plain(parts.certificate_part(stated(facts)))
    words = set() if same_version else {"sentence"}
    said = {k: v for k, v in record["certificate"].items() if k not in words}
    yield from _unlike("certificate", said, {k: v for k, v in claim.items() if k not in words})
    yield from _unlike("model", record["model"], parts.model_part(network))
    if same_version:
        program = _plain(program_part(evidence.program, evidence.passes))
        said = {k: v for k, v in record["program"].items() if k not in NOT_DERIVED}
        yield from _unlike("program", said, {k: v for k, v in program.items() if k not in NOT_DERIVED})
    columns = record["training"]["columns"]
    if not len(columns) == len(evidence.certificates) == len(proved["columns"]):
        yield f"training.columns are {len(columns)}, the certificate has {len(evidence.certificates)}"
        return
    each = zip(columns, evidence.certificates, proved["columns"], strict=True)
    for c, (said, stored, told) in enumerate(each):
        true = {"bound": stored.bound, "kind": stored.kind, "digest": stored.digest,
                "objective": told["objective"], "gap": told["gap"]}  # fmt: skip
        yield from _unlike(f"training.columns[{c}]", {k: said[k] for k in true}, true)
    chosen = record["training"]["chosen"]
    true = {k: facts[k] for k in ("encoder", "beta", "loss") if k in chosen}
    yield from _unlike("training.chosen", {k: chosen[k] for k in true}, true)
    schema = facts["schema"]
    true = {"source": facts["source"], "label": schema["label"], "task": schema["task"],
            "columns": len(schema["columns"]), "seed": facts["seed"]}  # fmt: skip
    yield from _unlike("data", {k: record["data"][k] for k in true}, true)
    if same_version:
        accuracy = record["accuracy"]
        spoken = accuracy_sentence(from_json(Accuracy, json.dumps(accuracy)))
        yield from _unlike("accuracy.sentence", accuracy["sentence"], spoken)
    yield from _files(record, evidence, same_version)
    for outcome in record["verification"]:
        if outcome["equal"] is not True:
            yield f"verification of {outcome['backend']} is not equal, and such a build is not written"


def _files(record: Mapping[str, Any], evidence: Evidence, same_version: bool) -> Iterator[str]:
    sizes = {}
    for name, entry in record["files"].items():
        sizes[name] = (evidence.folder / name).stat().st_size
        yield from _unlike(f"files.{name}.bytes", entry["bytes"], sizes[name])
    yield from _unlike("files.model.onnx.onnx", record["files"]["model.onnx"]["onnx"], evidence.form)
    report = from_json(
        CostReport, json.dumps(record["costs"])
    )  # every row is held to low <= expected <= high
    for row in report.select("size", backend="onnx_graph"):
        if sizes["model.onnx"] != row.expected and record["files"]["model.onnx"]["onnx"]["form"] == "packed":
            yield f"costs: size is {row.expected:g} B, the model file has {sizes['model.onnx']}"
    yield from _unlike("targets.built_for", record["targets"]["built_for"], report.target)
    if same_version and evidence.targets is not None:
        yield from _unlike("targets", record["targets"], evidence.targets)


def differences_on_data(record: Mapping[str, Any], network: Network, table: Table) -> Iterator[str]:
    """Figures of a report about the rows that the rows themselves do not bear out.

    Args:
        record: the content of report.json, not to be trusted.
        network: the model.
        table: of the build.
    """
    from qcompile.data.split import split_again
    from qcompile.train.metrics import own_metrics

    facts = network.provenance
    train, test = split_again(table, facts)
    try:
        said, accuracy = record["data"], record["accuracy"]
        true = {"rows": len(table), "train_rows": len(train), "test_rows": len(test)}
        yield from _unlike("data", {k: said[k] for k in true}, true)
        own = _plain(own_metrics(network, table, train, test)[0])
        yield from _unlike("accuracy", {k: accuracy[k] for k in OWN}, {k: own[k] for k in OWN})
    except (KeyError, TypeError, AttributeError) as error:
        yield f"it lacks what a report has ({type(error).__name__}: {error})"


def page_record(record: Mapping[str, Any], page: str) -> Json:
    """The record as it was when the page was made of it: without the page's own entry and the seal."""
    files = {name: entry for name, entry in record["files"].items() if name != page}
    return {**{k: v for k, v in record.items() if k != SEAL}, "files": files}


def _unlike(where: str, said: Any, true: Any) -> Iterator[str]:
    """Each leaf in which two values differ, as JSON sees them."""
    true = _plain(true)
    if isinstance(said, dict) and isinstance(true, dict):
        for key in [*true, *(k for k in said if k not in true)]:
            if key not in said or key not in true:
                yield f"{where}.{key} is {'missing' if key not in said else 'not known here'}"
            else:
                yield from _unlike(f"{where}.{key}", said[key], true[key])
    elif isinstance(said, list) and isinstance(true, list) and len(said) == len(true):
        for i, (a, b) in enumerate(zip(said, true, strict=True)):
            yield from _unlike(f"{where}[{i}]", a, b)
    elif (type(said) is not type(true) and not _numbers(said, true)) or said != true:
        yield f"{where} is {_short(said)}, and it should be {_short(true)}"


def _plain(value: Any) -> Any:
    """As JSON has it."""
    return json.loads(to_json({"value": value}))["value"]


def _numbers(*values: Any) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
