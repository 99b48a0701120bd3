"""Files that an earlier version wrote are read, verified, and predict the same: tests/golden/format/VERSION.

tests/support/write_format.py wrote them, once per format; they are never written again.
"""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.golden import ROOT

from qcompile.api import export_model, predict, verify
from qcompile.certificate.file import load
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
