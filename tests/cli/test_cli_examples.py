"""The worked example of every command runs, in the folder that the build example leaves behind."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qcompile import registry
from qcompile.cli import main


def run(command: str, *more: str) -> Result:
    return CliRunner().invoke(main, [*shlex.split(command)[1:], *more])


def example(name: str) -> str:
    return str(registry.load("qcompile.commands", name).EXAMPLE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where ``qcompile build``'s own example has run."""
    place = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        result = run(example("build"))
    assert result.exit_code == 0, result.output
    for stage in (
        "Data",
        "Split",
        "Encoder",
        "Certificate",
        "Accuracy",
        "Program",
        "Verification",
        "Latency",
    ):
        assert f"{stage} " in result.output, f"the build says nothing about {stage}"
    assert "No network of this kind, of any size, can reach" in result.output
    assert "logistic regression" in result.output and "gradient boosting" in result.output
    return place


# Calibration compiles every kernel; tests/kernels/test_calibrate_command.py runs the command quickly.
NAMES = [
    pytest.param(n, marks=pytest.mark.slow) if n == "calibrate" else n
    for n in registry.names("qcompile.commands")
    if n != "build"
]
# For the second run, whose output is the subject: nothing is left to cross-validation.
GIVEN = {"train": "--encoder uniform --bits 2 --beta 0.03 --neurons 8".split()}


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_command_runs_and_its_json_is_one_document(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    if name == "calibrate":  # in a cache of its own: figures taken during tests are no use later
        monkeypatch.setenv("QCOMPILE_CACHE", str(folder / "cache"))
    result = run(example(name))
    assert result.exit_code == 0, result.output
    assert result.stdout.strip()
    machine = run(example(name), "--json", *GIVEN.get(name, ()))
    assert machine.exit_code == 0, machine.output
    assert isinstance(json.loads(machine.stdout), dict)


def test_the_build_writes_four_files_and_nothing_else(folder: Path) -> None:
    names = sorted(p.name for p in (folder / "build").iterdir())
    assert names == ["certificate.npz", "model.onnx", "report.html", "report.json"]


def test_predictions_are_one_class_name_per_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    result = run("qcompile predict build/model.onnx sklearn:breast_cancer")
    lines = result.stdout.splitlines()
    assert len(lines) == 569 and set(lines) == {"malignant", "benign"}
    assert "% of 569 rows agree" in result.stderr


def test_profile_measures_every_backend_and_the_float_graph_at_three_batches(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    rows = json.loads(run("qcompile profile build/model.onnx --json").stdout)["rows"]
    assert {r["backend"] for r in rows} == {"host", "onnxruntime", "onnx float32"}
    assert {r["batch"] for r in rows} == {1, 16, 256}
    assert {r["quantity"] for r in rows} == {"latency_p50", "latency_p90", "latency_p99"}
    assert {r["origin"] for r in rows} == {"measured"}


def test_any_onnx_files_are_timed_side_by_side(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    shutil.copy("build/model.onnx", "copy.onnx")
    found = json.loads(run("qcompile profile build/model.onnx copy.onnx --batch 1 --json").stdout)
    assert {r["backend"] for r in found["rows"]} == {"build/model.onnx", "copy.onnx"}
    assert any("as a multiple of the first" in note for note in found["notes"])


def test_an_imported_program_is_a_model_for_every_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert run("qcompile import build/model.onnx -o again").exit_code == 0
    for command in (
        "info again/program.qir",
        "profile again/program.qir --batch 1",
        "check again/program.qir --max-size-kb 100",
        "cost again/program.qir --target cortex-m4",
        "verify again/program.qir --rows 20",
        "verify again --rows 20",
    ):
        result = run(f"qcompile {command}")
        assert result.exit_code == 0, result.output
    told = [run(f"qcompile predict {m} sklearn:breast_cancer").stdout for m in ("build", "again/program.qir")]
    assert told[0] == told[1] and len(told[0].split()) == 569


def test_check_exits_1_and_names_what_is_over_and_by_how_much(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    over = run("qcompile check build/ --max-size-kb 0.001 --max-latency-us 1000000")
    assert over.exit_code == 1
    assert "max_size_kb 0.001" in over.stderr and "over by" in over.stderr
    assert "max_latency_us" not in over.stderr
    assert run("qcompile check build/ --max-size-kb 1000").exit_code == 0
    assert run("qcompile check build/").exit_code == 2
