"""The custom form: the fused kernel inside ONNX Runtime, exact, guarded, and only with its own library."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from support.networks import random_network, random_rows

from qcompile.backends.library import onnx_operator as _onnx_operator
from qcompile.backends.onnx.build import build
from qcompile.errors import CompileError, ModelError, UnsupportedError
from qcompile.importers.qonnx import read_program
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.ir.probe import worst_case_rows
from qcompile.ir.text import dump
from qcompile.run import onnxruntime
from qcompile.verify.equivalence import compare

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler"
)


@pytest.fixture(scope="module")
def made():
    """A program, rows for it, and its artifact: compiling takes a second or two."""
    network = random_network(1, columns=3, d=21, m=9, bits=2)
    program = lower(network)
    x = np.concatenate([random_rows(1, network.encoder, 200), worst_case_rows(program)]).astype(np.float32)
    return program, x, build(program, option="custom")


def test_scores_labels_and_values_equal_the_interpreter(made) -> None:
    program, x, artifact = made
    runner = onnxruntime.open_artifact(artifact)
    assert compare(program, runner, x)
    for rows in (0, 1, 3, 4, 5):  # each side of the batch kernel
        assert runner.scores(x[:rows]).tolist() == interpret(program, x[:rows])["scores"].tolist()
    values = interpret(program, x)["values"]
    np.testing.assert_array_equal(runner.run(x)["values"], np.asarray(values, dtype=np.float64))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_other_networks_are_exact_too(seed: int) -> None:
    network = random_network(
        seed,
        form=("bilinear", "polynomial")[seed % 2],
        weights=("binary", "ternary", "4bit")[seed % 3],
        bits=(1, 4, 8)[seed // 2],
        columns=(1, 10)[seed % 2],
        task=("classification", "regression")[seed // 3],
        d=70,
        m=30,
    )
    program = lower(network)
    x = np.concatenate([random_rows(1, network.encoder, 500), worst_case_rows(program)])
    assert compare(program, onnxruntime.open_artifact(build(program, option="custom")), x)


def test_the_same_network_gives_the_same_library(made) -> None:
    program, _, artifact = made
    again = build(program, option="custom")  # with other counters in Numba than the first time
    assert again.files == artifact.files
    library = again.files["model.so"]
    assert not any(
        word in library for word in (b"/tmp", b"operator.c", b"qcompile_generated", b".note.gnu.build")
    )


@pytest.mark.slow
def test_another_process_makes_the_same_library(made, tmp_path: Path) -> None:
    program, _, artifact = made
    (tmp_path / "p.qir").write_text(dump(program))
    code = (
        "import sys; from pathlib import Path; from qcompile.ir.text import parse;"
        "from qcompile.backends.library.onnx_operator import operator_library;"
        "Path(sys.argv[2]).write_bytes(operator_library(parse(Path(sys.argv[1]).read_text())))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "p.qir"), str(tmp_path / "m.so")]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert (tmp_path / "m.so").read_bytes() == artifact.files["model.so"]


def test_threads_take_turns(made) -> None:
    program, x, artifact = made
    runner, expected = onnxruntime.open_artifact(artifact), interpret(program, x)["scores"]
    wrong = []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(50):
            rows = rng.permutation(len(x))[: rng.integers(1, len(x))]
            wrong.append(not np.array_equal(runner.scores(x[rows]), expected[rows]))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 200 and not any(wrong)


def test_a_session_without_the_library_says_what_is_missing(made, tmp_path: Path) -> None:
    _, _, artifact = made
    content = artifact.files["model.onnx"]
    with pytest.raises(ModelError, match=r"not a registered function/op.*Give the library"):
        onnxruntime.open_session(content)
    with pytest.raises(UnsupportedError, match="is not a file; give a library"):
        onnxruntime.open_session(content, libraries=[tmp_path / "none.so"])
    (tmp_path / "text.so").write_text("no library")
    with pytest.raises(UnsupportedError, match=r"text.so is not loaded: "):
        onnxruntime.open_session(content, libraries=[tmp_path / "text.so"])


def test_the_operator_belongs_to_its_network(made) -> None:
    program, _, artifact = made
    (node,) = (n for n in onnx.load_from_string(artifact.files["model.onnx"]).graph.node if n.domain)
    assert node.op_type == _onnx_operator.operator_name(program)
    assert node.op_type != _onnx_operator.operator_name(
        lower(random_network(2, columns=3, d=21, m=9, bits=2))
    )


@pytest.mark.slow
def test_a_processor_without_the_instructions_is_refused(made, tmp_path: Path, monkeypatch) -> None:
    program, _, artifact = made
    monkeypatch.setattr(_onnx_operator, "_runs_here", lambda isa: "0")
    (tmp_path / "far.so").write_bytes(_onnx_operator.operator_library(program, "scalar"))
    with pytest.raises(UnsupportedError, match="has instructions that this processor lacks"):
        onnxruntime.open_session(artifact.files["model.onnx"], libraries=[tmp_path / "far.so"])


def test_what_the_form_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="gives int64 scores; tail 'double'"):
        build(lower(random_network(0)), option="custom", tail="double")
    pytest.importorskip("qonnx", reason="the qonnx package is not installed")
    from support.dialects import Recipe, qonnx_model

    path = tmp_path / "deep.onnx"
    path.write_bytes(qonnx_model(Recipe(2, 2, (9, 7, 3)), "N").SerializeToString())
    with pytest.raises(CompileError, match="use the packed form"):
        build(read_program(path), option="custom")
