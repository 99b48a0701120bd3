"""The QONNX form runs in the qonnx package, where it equals the interpreter, and reads back."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from support.networks import FORMS, random_network, random_rows

from qcompile.backends.onnx.build import build
from qcompile.errors import CompileError, UnsupportedError
from qcompile.importers.qonnx import read_program
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower

pytestmark = pytest.mark.filterwarnings("ignore")  # of qonnx itself


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weights", ("binary", "ternary", "2bit", "4bit"))
def test_qonnx_executes_the_same_scores(form: str, weights: str) -> None:
    pytest.importorskip("qonnx", reason="the qonnx package is not installed")
    from support.dialects import execute

    for bits in (1, 2):
        network = random_network(bits, form=form, weights=weights, bits=bits, columns=3, m=2, d=9)
        program = lower(network)
        model = onnx.load_from_string(build(program, option="qonnx").files["model.onnx"])
        x = random_rows(0, network.encoder, 12)
        found = np.concatenate([execute(model, row[None]) for row in x])
        np.testing.assert_array_equal(found, interpret(program, x)["scores"])


def test_scores_beyond_float32_integers_are_refused() -> None:
    with pytest.raises(CompileError, match=r"float32, which is exact below 2\^24"):
        build(lower(random_network(0, bits=8, d=30, m=20)), option="qonnx")
    with pytest.raises(UnsupportedError, match="tail 'int64' is for the other options"):
        build(lower(random_network(0, bits=1)), option="qonnx", tail="int64")


def test_an_imported_network_goes_out_as_qonnx_again(tmp_path: Path) -> None:
    pytest.importorskip("qonnx", reason="the qonnx package is not installed")
    from support.dialects import Recipe, execute, qonnx_model, rows

    path = tmp_path / "source.onnx"
    path.write_bytes(qonnx_model(Recipe(2, 2, (9, 7, 3), batch_norm=True), "N").SerializeToString())
    program = read_program(path)
    model = onnx.load_from_string(build(program, option="qonnx").files["model.onnx"])
    x = rows(20, 9)
    found = np.concatenate([execute(model, row[None]) for row in x])
    np.testing.assert_array_equal(found, interpret(program, x)["scores"])
