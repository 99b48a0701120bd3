"""A model in another form of ONNX: the same network, the same bits, and one sentence where it cannot be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from support.networks import random_network

from qcompile.api import export_model, info, verify, write_model
from qcompile.backends.onnx.build import OPTIONS
from qcompile.cli import main
from qcompile.errors import CompileError, ModelError, UnsupportedError
from qcompile.json_records import to_json
from qcompile.model.network import Network
from qcompile.model_file.read import read_network

# Every form; the one that needs a C compiler only where there is one.
COMPILERS = any(map(shutil.which, ("cc", "gcc", "clang")))
FORMS = [
    pytest.param(
        f, marks=pytest.mark.skipif(f == "custom" and not COMPILERS, reason="there is no C compiler")
    )
    for f in OPTIONS
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Small enough for float32, so that the qonnx form takes it; and of every column kind.
    return write_model(
        random_network(3, bits=1, d=9, m=3, columns=3), tmp_path_factory.mktemp("m") / "net.onnx"
    )


def fields(network: Network) -> dict[str, object]:
    plain = {
        k: v
        for k, v in vars(network).items()
        if k not in ("u", "v", "alpha", "bias", "encoder", "provenance")
    }
    arrays = {k: getattr(network, k).tolist() for k in ("u", "v", "alpha", "bias")}
    encoder = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in vars(network.encoder).items()}
    return {**plain, **arrays, **encoder, "provenance": dict(network.provenance)}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_compared_written_and_read_back_as_the_same_network(
    form: str, model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "other.onnx"
    exported = export_model(model, path, form)
    assert exported.record.form == form and str(path) in exported.record.files
    verified = exported.record.verified
    assert verified is None if form == "qonnx" and not _has_qonnx() else verified.equal
    assert fields(read_network(path)) == fields(read_network(model))
    assert info(path).record.onnx.form == form
    json.loads(to_json(exported.record))


@pytest.mark.parametrize("form", FORMS)
def test_a_file_in_any_form_is_verified(form: str, model: Path, tmp_path: Path) -> None:
    export_model(model, tmp_path / "other.onnx", form)
    verified = verify(tmp_path / "other.onnx", rows=20)
    assert verified.passed
    copied = any("packed copy" in c.name for c in verified.checks)
    assert copied == (form in ("qonnx", "custom"))
    if form == "qonnx" and _has_qonnx():
        assert "qonnx package" in {c.name for c in verified.checks}


def _has_qonnx() -> bool:
    try:
        import qonnx  # noqa: F401
    except ImportError:
        return False
    return True


def test_a_tail_can_be_asked_for(model: Path, tmp_path: Path) -> None:
    for tail, kind in (("auto", "int32"), ("double", "double"), ("int64", "int64")):
        assert export_model(model, tmp_path / "t.onnx", tail=tail).record.tail == kind


def test_what_cannot_be_exported_is_said_and_nothing_is_written(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.onnx"
    with pytest.raises(
        UnsupportedError, match=r"'int3' is not one of the forms of ONNX file.*Did you mean 'int4'"
    ):
        export_model(model, path, "int3")
    with pytest.raises(ModelError, match="does not exist; give a model file"):
        export_model(tmp_path / "missing.onnx", path)
    wide = write_model(random_network(0, bits=8, d=40, m=20), tmp_path / "wide.onnx")
    with pytest.raises(CompileError, match=r"exact below 2\^24.*packed form"):
        export_model(wide, path, "qonnx")
    fine = write_model(random_network(0, weights="4bit"), tmp_path / "fine.onnx")
    with pytest.raises(UnsupportedError, match="int2 holds 4 different weights"):
        export_model(fine, path, "int2")
    assert not path.exists()


def test_the_command_says_what_was_written(model: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "o.onnx")
    found = CliRunner().invoke(main, ["export", str(model), "--onnx", "int4", "-o", path])
    assert found.exit_code == 0, found.output
    assert found.output.startswith("int4 form, opset 21, IR 10, scores in int32; outputs ")
    assert "every output bit equals" in found.output and f"Written {path}" in found.output
    wrong = CliRunner().invoke(main, ["export", str(model), "--onnx", "int5", "-o", path])
    assert wrong.exit_code == 2 and "is not one of" in wrong.output


def test_a_damaged_array_in_the_metadata_is_one_sentence(model: Path, tmp_path: Path) -> None:
    from qcompile.model_file.keys import ARRAYS, DIGEST, digest

    export_model(model, tmp_path / "q.onnx", "reference")
    whole = onnx.load(tmp_path / "q.onnx")
    arrays = json.loads({e.key: e.value for e in whole.metadata_props}[ARRAYS])
    # base64 of a tensor that lies in another file, of bytes that are no message, and no base64 at all
    tensor = onnx.TensorProto(name="weights", data_type=3, dims=[0], data_location=1)
    import base64

    far = base64.b64encode(tensor.SerializeToString()).decode()
    for bad in (far, "/w==", "no base64", 7):
        entries = {e.key: e.value for e in whole.metadata_props}
        entries[ARRAYS] = json.dumps({**arrays, "weights": bad})
        entries.pop(DIGEST)
        onnx.helper.set_model_props(whole, entries)
        onnx.helper.set_model_props(whole, {**entries, DIGEST: digest(whole)})
        onnx.save(whole, tmp_path / "bad.onnx")
        with pytest.raises(ModelError, match="is damaged"):
            read_network(tmp_path / "bad.onnx")


@pytest.mark.parametrize(
    ("settings", "match"),
    (
        (
            ["--onnx", "int2", "--weights", "4bit"],
            "int2 form holds 4 different weights, and 4bit weights take 16",
        ),
        (["--onnx", "int2", "--max-weight-bits", "3"], "int2 form holds 4 different weights"),
        (
            ["--onnx", "qonnx", "--encoder", "uniform", "--bits", "8"],
            "a neuron over 30 inputs with codes up to 255",
        ),
    ),
)
@pytest.mark.parametrize("command", ("build", "train"))
def test_a_form_that_cannot_hold_the_network_is_refused_before_training(
    command: str, settings: list[str], match: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib

    module = importlib.import_module("qcompile.api._train")
    monkeypatch.setattr(module, "train_table", lambda *_: pytest.fail("it trained"))
    monkeypatch.setattr(importlib.import_module("qcompile.api._build"), "train_table", module.train_table)
    arguments = [command, "sklearn:breast_cancer", "-o", str(tmp_path / "out"), *settings]
    found = CliRunner().invoke(main, arguments)
    assert found.exit_code == 2 and match in found.output and "Traceback" not in found.output
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_build_and_train_write_the_form_that_was_asked_for(form: str, tmp_path: Path) -> None:
    common = ["--encoder", "uniform", "--bits", "1", "--beta", "0.03", "--neurons", "4", "--jobs", "1"]
    for command, place, file in (("build", "b", "b/model.onnx"), ("train", "t.onnx", "t.onnx")):
        arguments = [command, "sklearn:iris", "-o", str(tmp_path / place), "--onnx", form, *common]
        found = CliRunner().invoke(main, arguments)
        assert found.exit_code == 0, found.output
        assert info(tmp_path / file).record.onnx.form == form
    record = json.loads((tmp_path / "b" / "report.json").read_text())
    assert record["files"]["model.onnx"]["onnx"]["form"] == form
    assert verify(tmp_path / "b").passed
