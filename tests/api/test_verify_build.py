"""verify notices every change, says which file is wrong, and needs no solver to check the proof."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from qcompile.api import verify
from qcompile.certificate import make as certificates
from qcompile.cli import main
from qcompile.errors import ModelError
from qcompile.files.seal import SEAL, sealed

DATA = "sklearn:breast_cancer"


def reseal(folder: Path) -> None:
    """Write the files' digests into report.json again, as a careful forger would."""
    import hashlib

    report = json.loads((folder / "report.json").read_text())
    for name, entry in report["files"].items():
        entry["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    report.pop(SEAL)
    (folder / "report.json").write_text(json.dumps(sealed(report)))


def names_of_failures(verified: Any) -> set[str]:
    return {check.name for check in verified.checks if not check.passed}


def test_an_honest_build_passes_with_and_without_the_data(built: Path) -> None:
    alone, proved = verify(built, rows=50), verify(built, DATA, rows=50)
    assert alone.passed and proved.passed
    assert {c.name for c in proved.checks} == {
        "model.onnx", "certificate.npz", "numba kernels", "ONNX Runtime", "ONNX reference evaluator",
        "certificate", "objective", "report.html", "report.json", "report page",
    }  # fmt: skip
    said = [{c.name: c.sentence for c in found.checks}["certificate"] for found in (alone, proved)]
    assert "give --data" in said[0] and "recomputed from the data without a solver" in said[1]


def test_the_proof_is_checked_without_importing_a_solver(built: Path) -> None:
    import subprocess

    code = (
        "import sys; from qcompile.api import verify; "
        f"assert verify({str(built)!r}, {DATA!r}, rows=5).passed; "
        "sys.exit(' '.join(m for m in ('cvxpy', 'scs', 'clarabel') if m in sys.modules) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("name", ["model.onnx", "certificate.npz"])
def test_a_changed_file_is_named(own_build: Path, name: str) -> None:
    path = own_build / name
    content = bytearray(path.read_bytes())
    if name == "model.onnx":
        model = onnx.load_from_string(bytes(content))
        model.doc_string = "changed"
        content = bytearray(model.SerializeToString())
    else:
        stored = certificates.load(path)
        content = bytearray(certificates.pack([replace(stored[0], bound=stored[0].bound * 1.5)]))
    path.write_bytes(bytes(content))
    result = CliRunner().invoke(main, ["verify", str(own_build), "--rows", "5"])
    assert result.exit_code == 1
    assert name in result.stderr and "was changed after the build" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("what", ["bound", "dual", "digest"])
def test_a_forged_certificate_is_refuted_by_the_data(own_build: Path, what: str) -> None:
    path = own_build / "certificate.npz"
    (stored,) = certificates.load(path)
    forged = {
        "bound": replace(stored, bound=stored.bound + 1e-3),
        "dual": replace(stored, dual=np.zeros_like(stored.dual)),
        "digest": replace(stored, digest="0" * len(stored.digest)),
    }[what]
    certificates.save(path, [forged])
    reseal(own_build)
    verified = verify(own_build, DATA, rows=5)
    # The report repeats bound, digest and the file's size, which the forger has not forged there.
    assert names_of_failures(verified) == {"certificate", "report.json"}
    assert "score column 1 of 1" in verified.sentence


def test_a_forged_bound_differs_from_the_model_file_even_without_data(own_build: Path) -> None:
    path = own_build / "certificate.npz"
    (stored,) = certificates.load(path)
    certificates.save(path, [replace(stored, bound=stored.bound + 1e-3)])
    reseal(own_build)
    assert names_of_failures(verify(own_build, rows=5)) == {"certificate", "report.json"}


def test_other_data_are_not_the_rows_of_the_proof(built: Path, tmp_path: Path) -> None:
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame
    frame["target"] = frame["target"].map({0: "malignant", 1: "benign"})
    frame.loc[5, "mean radius"] *= 2
    frame.to_csv(tmp_path / "other.csv", index=False)
    verified = verify(built, str(tmp_path / "other.csv"), rows=5)
    assert not verified.passed
    assert names_of_failures(verified) <= {"data", "certificate"}
    assert names_of_failures(verify(built, "sklearn:iris", rows=5)) == {"data"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("certificate.npz", b"PK broken"),
        ("certificate.npz", None),
        ("report.json", b"{"),
        ("report.json", None),
    ],
)
def test_an_unreadable_or_missing_file_is_an_error_not_an_answer(
    own_build: Path, name: str, content: bytes | None
) -> None:
    if content is None:
        (own_build / name).unlink()
    else:
        (own_build / name).write_bytes(content)
        if name != "report.json":
            reseal(own_build)
    with pytest.raises(ModelError, match=name):
        verify(own_build, DATA, rows=5)


def test_an_artifact_that_computes_something_else_is_named(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qcompile.run import onnxruntime

    honest = onnxruntime.OnnxRunner.scores
    monkeypatch.setattr(onnxruntime.OnnxRunner, "scores", lambda self, x: honest(self, x) + 1)
    assert "ONNX Runtime" in names_of_failures(verify(built, rows=5))
