"""Files that an earlier version wrote are read, verified, and predict the same: tests/golden/format/VERSION.

tests/support/write_format.py wrote them, once per format; they are never written again.
"""

import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support.golden import ROOT

from qcompile.api import export_model, predict, verify
from qcompile.certificate.file import load
from qcompile.errors import ModelError
from qcompile.model_file.container import read_model
from qcompile.model_file.keys import DIGEST, digest
from qcompile.model_file.read import read_network

VERSIONS = sorted(path for path in (ROOT / "format").iterdir())
EXPECTED = [
    pytest.param(version, name, entry, id=f"{version.name}-{name}")
    for version in VERSIONS
    for name, entry in json.loads((version / "expected.json").read_text(encoding="utf-8")).items()
]
BUILT = [p for version in VERSIONS for p in sorted(version.glob("*/certificate.npz"))]
FIRMWARE = [p for version in VERSIONS for p in sorted(version.glob("*/artifact.json"))]
EMULATORS = ("ziglang", "unicorn", "wasmtime", "elftools", "capstone")


def named(path: Path) -> str:
    return f"{path.parents[1].name}-{path.parent.name}"


@pytest.mark.parametrize(("version", "name", "entry"), EXPECTED)
def test_a_stored_model_predicts_what_was_recorded(version: Path, name: str, entry: dict[str, Any]) -> None:
    found = predict(version / name, version / entry["data"])
    np.testing.assert_array_equal(found.scores, entry["scores"])
    assert list(found.predictions) == entry["predictions"]


@pytest.mark.parametrize("certificate", BUILT, ids=named)
def test_a_stored_build_is_verified_with_its_certificate_on_its_data(certificate: Path) -> None:
    folder = certificate.parent
    expected = json.loads((folder.parent / "expected.json").read_text(encoding="utf-8"))
    checked = verify(folder, folder.parent / expected[folder.name]["data"], rows=100)
    assert checked.passed, checked.sentence
    told = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    for stored, row in zip(load(certificate), told["certificate"]["columns"], strict=True):
        assert stored.bound == row["bound"]


def test_every_kind_of_proof_is_stored() -> None:
    kinds = {certificate.kind for path in BUILT for certificate in load(path)}
    assert kinds == {"sdp", "odd_sets", "enumeration"}


@pytest.mark.parametrize(("version", "name", "entry"), [p for p in EXPECTED if "imported" not in p.id])
def test_a_stored_network_is_read_whole_and_can_be_written_again(
    version: Path, name: str, entry: dict[str, Any], tmp_path: Path
) -> None:
    path = version / name
    network = read_network(path / "model.onnx" if path.is_dir() else path)
    assert network.provenance["schema"] and network.provenance["certificate"]
    export_model(path, tmp_path / "again.onnx")
    np.testing.assert_array_equal(
        predict(tmp_path / "again.onnx", version / entry["data"]).scores, entry["scores"]
    )


@pytest.mark.parametrize("description", FIRMWARE, ids=named)
def test_stored_firmware_is_verified_as_it_is(description: Path) -> None:
    missing = [name for name in EMULATORS if not importlib.util.find_spec(name)]
    if missing:
        pytest.skip(f"{missing} missing: pip install 'qcompile[edge]'")
    checked = verify(description.parent, rows=50)
    assert checked.passed, checked.sentence


SENTENCE = r"has format version 7, and this qcompile reads versions up to 1; install a newer qcompile\.$"


def later_model(path: Path) -> None:
    model = onnx.load(path)
    kept = {e.key: e.value for e in model.metadata_props if e.key not in ("qcompile.version", DIGEST)}
    onnx.helper.set_model_props(model, {**kept, "qcompile.version": "7"})
    onnx.helper.set_model_props(model, {**kept, "qcompile.version": "7", DIGEST: digest(model)})
    onnx.save(model, path)


def later_certificate(path: Path) -> None:
    with np.load(path) as stored:
        entries = {**stored, "format": np.int64(7)}
    np.savez(path, **entries)


def later_description(path: Path) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "version": 7}), encoding="utf-8")


def later_program(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace("qcompile-ir 1", "qcompile-ir 7", 1))


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("iris/model.onnx", later_model),
        ("models/iris-custom.onnx", later_model),
        ("iris/certificate.npz", later_certificate),
        ("firmware-iris/artifact.json", later_description),
        ("firmware-iris/program.qir", later_program),
        ("imported/model.onnx", later_model),
    ],
)
def test_a_file_of_a_later_version_is_refused_with_both_versions_and_what_to_do(
    file: str, change: Callable[[Path], None], tmp_path: Path
) -> None:
    stored = ROOT / "format" / "0.1"
    folder = tmp_path / "stored"
    shutil.copytree(stored / Path(file).parent, folder)
    change(folder / Path(file).name)
    place = folder / Path(file).name if file.startswith("models") else folder
    data = stored / "data/iris.csv" if "certificate" in file else None
    with pytest.raises(ModelError, match=SENTENCE):
        verify(place, data, rows=10)


def test_what_is_written_today_names_its_version_and_a_strange_one_is_damage(tmp_path: Path) -> None:
    model = onnx.load(ROOT / "format" / "0.1" / "models" / "pruned.onnx")
    assert not any(e.key == "qcompile.version" for e in model.metadata_props)  # read as version 1
    export_model(ROOT / "format" / "0.1" / "iris", tmp_path / "new.onnx")
    model = onnx.load(tmp_path / "new.onnx")
    entries = {e.key: e.value for e in model.metadata_props}
    assert entries["qcompile.version"] == "1"
    for strange in ("", "0", "-1", "1.5", "many", "9" * 5000):
        onnx.helper.set_model_props(model, {**entries, "qcompile.version": strange})
        onnx.save(model, tmp_path / "strange.onnx")
        with pytest.raises(ModelError, match="is no format version"):
            read_model(tmp_path / "strange.onnx")
