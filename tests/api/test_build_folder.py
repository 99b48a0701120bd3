"""A build: equal seeds give equal files, one record feeds page and JSON, costs say their origin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qcompile.api import build, info, predict, targets, train
from qcompile.errors import CheckFailed
from qcompile.events import STAGES, Event
from qcompile.model_file.read import read_network
from qcompile.train.choices import Choices

QUICK = Choices(encoder="uniform", bits=2, beta=0.1, neurons=8, jobs=1)


def test_equal_seeds_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build("sklearn:wine", tmp_path / name, choices=QUICK)
    for file in ("model.onnx", "certificate.npz"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_equal_seeds_give_equal_bytes_in_other_processes_and_with_other_jobs(tmp_path: Path) -> None:
    """Validation, three score columns, another order of hashes and another number of threads."""
    words = ["train", "sklearn:iris", "--encoder", "threshold", "--neurons", "8"]
    found = set()
    for jobs, seed in (("1", "1"), ("2", "2")):
        path = tmp_path / f"{jobs}.onnx"
        command = [sys.executable, "-m", "qcompile", *words, "--jobs", jobs, "-o", str(path)]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        found.add(path.read_bytes())
    assert len(found) == 1


def test_the_events_come_in_the_order_of_the_stages(tmp_path: Path) -> None:
    seen: list[Event] = []
    build("sklearn:iris", tmp_path / "build", choices=QUICK, on_event=seen.append)
    order = list(STAGES)
    finished = [order.index(e.stage) for e in seen if e.stage not in ("choose", "solve", "rounding", "prove")]
    assert finished == sorted(finished)
    assert {e.stage for e in seen} >= set(STAGES) - {"choose", "prove"}
    assert all(e.message for e in seen if e.stage != "choose")


def test_report_json_holds_the_figures_with_unit_and_origin(built: Path) -> None:
    record = json.loads((built / "report.json").read_text(encoding="utf-8"))
    for row in record["costs"]["rows"]:
        assert row["unit"] and row["origin"] in ("measured", "modelled", "quoted") and row["source"]
        assert row["low"] <= row["expected"] <= row["high"]
    quantities = {r["quantity"] for r in record["costs"]["rows"]}
    assert {"latency_p50", "latency_p90", "latency_p99", "size"} <= quantities
    certificate = record["certificate"]
    assert certificate["bound"] <= certificate["objective"]
    assert certificate["gap"] == pytest.approx(1 - certificate["bound"] / certificate["objective"], rel=1e-12)
    assert set(record["accuracy"]["baselines"]) == {"logistic regression", "gradient boosting"}
    assert sum(map(sum, record["accuracy"]["confusion"])) == record["data"]["test_rows"]
    assert all(v["equal"] for v in record["verification"])
    assert record["files"].keys() == {"model.onnx", "certificate.npz", "report.html"}


def test_the_accuracy_in_the_report_is_that_of_the_model_file(built: Path) -> None:
    """Independent of every stage that made it: the file, run in ONNX Runtime, on rows split again."""
    import numpy as np
    import onnxruntime

    from qcompile.data.load import load
    from qcompile.data.split import split

    record = json.loads((built / "report.json").read_text(encoding="utf-8"))
    table = load("sklearn:breast_cancer")
    _, test = split(table, 0.25, 0)
    session = onnxruntime.InferenceSession(str(built / "model.onnx"))
    feed = {session.get_inputs()[0].name: table.x[test]}
    label = np.ravel(session.run(["class_index"], feed)[0])
    assert float((label == table.y[test]).mean()) == record["accuracy"]["test"]


def test_a_build_whose_artifact_differs_is_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qcompile.run import onnxruntime

    honest = onnxruntime.OnnxRunner.scores
    monkeypatch.setattr(onnxruntime.OnnxRunner, "scores", lambda self, x: honest(self, x) + 1)
    with pytest.raises(CheckFailed, match="onnxruntime artifact differs"):
        build("sklearn:iris", tmp_path / "build", choices=QUICK)
    assert list(tmp_path.iterdir()) == []


def test_train_writes_a_model_that_predict_reads(tmp_path: Path) -> None:
    trained = train("sklearn:diabetes", tmp_path / "model.onnx", choices=QUICK)
    network = read_network(tmp_path / "model.onnx")
    assert network.neurons == trained.trained.network.neurons
    predicted = predict(tmp_path / "model.onnx", "sklearn:diabetes")
    assert len(predicted.predictions) == 442 and predicted.record.quality > 0
    assert "a number" in info(tmp_path / "model.onnx").record.facts["predicts"]


def test_a_frame_is_a_table_too(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"a": [k / 40 for k in range(40)], "kind": ["no"] * 20 + ["yes"] * 20})
    train(frame, tmp_path / "model.onnx", choices=QUICK)
    predicted = predict(tmp_path / "model.onnx", frame[["a"]])
    assert predicted.predictions[0] == "no" and predicted.predictions[-1] == "yes"
    assert predicted.record.quality is None


def test_targets_lists_every_target_file() -> None:
    from qcompile import registry

    assert [t.name for t in targets().targets] == list(registry.names("qcompile.targets", ".toml"))
