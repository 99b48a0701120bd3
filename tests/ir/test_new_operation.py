"""An operation that lies in a folder of its own works everywhere without being listed anywhere."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from qcompile.backends.c99 import build as c99
from qcompile.backends.onnx import build as onnx_graph
from qcompile.cost.count import count
from qcompile.errors import ModelError, UnsupportedError
from qcompile.ir import ops
from qcompile.ir.bounds import element_bounds
from qcompile.ir.fit import fit_types
from qcompile.ir.interpret import interpret
from qcompile.ir.probe import worst_case_rows
from qcompile.ir.text import dump, parse
from qcompile.ir.verify import verify
from qcompile.passes.pipeline import optimise
from qcompile.run.host import open_program

NEW = '''
"""shiftright a; by: floor(a / 2^by), one shift per channel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qcompile.model.arrays import frozen
from qcompile.ir.operation import Op, expect, same_places
from qcompile.ir.work import Work


@dataclass(frozen=True, eq=False)
class ShiftRight(Op):
    a: str
    by: NDArray[np.int64]

    channelwise = True

    def __post_init__(self):
        object.__setattr__(self, "by", frozen(self.by, np.int64, 1, "by"))

    def meaning(self, *values):
        return values[0] >> self.by.astype(values[0].dtype)

    def wrong(self, *operands):
        n = self.type.channels
        return expect((operands[0].channels, n), (len(self.by), n)) or same_places(self.type, operands[0])

    def bound(self, *operands):
        return [(lo >> by, hi >> by) for (lo, hi), by in zip(operands[0], self.by.tolist())]

    def gradient(self, slope, *values):
        return (slope / 2.0**self.by,)

    def work(self, *operands):
        return Work(adds=self.type.length, constant_bytes=len(self.by))
'''
TEXT = """qcompile-ir 1
%x : u4[3] = input
%d : i16[3] = dot %x
  weight = int(3, 3)
    9 -9 1
    1 2 3
    0*3
%r : i64[3] = shiftright %d
  by = int(3)
    2 1 0
%s : i64[1] = dot %r
  weight = int(1, 3)
    1 1 1
output scores = %s
"""


@pytest.fixture
def extended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "shiftright.py").write_text(NEW)
    monkeypatch.setattr(ops, "__path__", [*ops.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    yield
    sys.modules.pop("qcompile.ir.ops.shiftright", None)


def test_without_its_file_it_is_unknown() -> None:
    with pytest.raises(ModelError, match="is not an operation; known: add, affine"):
        parse(TEXT)


@pytest.mark.usefixtures("extended")
def test_it_is_read_written_bounded_verified_probed_counted_and_optimised() -> None:
    program = fit_types(parse(TEXT))
    verify(program)
    assert dump(parse(dump(program))) == dump(program)
    assert element_bounds(program)["r"] == [(-34, 37), (0, 45), (0, 0)]
    rows = np.array([[15, 0, 3], [0, 15, 1]])
    expected = [[(138 >> 2) + (24 >> 1)], [(-134 >> 2) + (33 >> 1)]]
    np.testing.assert_array_equal(interpret(program, rows)["scores"], expected)
    found = interpret(program, worst_case_rows(program))["scores"]
    assert (found.min(), found.max()) == (-34 + 15, 37 + 30)  # at (0, 15, 0) and (15, 0, 15)
    assert [(c.kind, c.adds) for c in count(program)][1] == ("shiftright", 3)
    best, _ = optimise(program)
    np.testing.assert_array_equal(interpret(best, rows)["scores"], expected)
    assert best["r"].type.channels == 2  # the row of zeros is gone, and its shift with it


@pytest.mark.usefixtures("extended")
@pytest.mark.parametrize(
    ("name", "run"),
    (
        ("the C back-end", c99.build),
        ("the ONNX back-end", lambda p: onnx_graph.build(p, option="packed")),
        ("the host's machine", open_program),
        ("QONNX", lambda p: onnx_graph.build(p, option="qonnx")),
    ),
)
def test_a_back_end_that_does_not_know_it_names_it(name: str, run) -> None:
    message = f"%r is an operation shiftright, which {name} does not run; it runs: add, affine"
    with pytest.raises(UnsupportedError, match=message):
        run(fit_types(parse(TEXT)))
