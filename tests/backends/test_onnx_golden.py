"""The graphs that are written today, in ONNX's text form, for every form of file.

The digest in the metadata covers the bytes of the file, so equal text means equal bytes.
"""

import re

import onnx.printer
import pytest
from support.golden import ROOT, Golden
from support.golden_programs import GRAPHS

from qcompile.backends.onnx.build import OPTIONS, model_of
from qcompile.errors import QCompileError

TAILS = ("int32", "double", "int64")


def text_of(name: str, option: str, tail: str = "auto") -> str:
    """One metadata entry and initialiser per line; or, where a form cannot hold the program, the refusal."""
    try:
        model = model_of(GRAPHS[name](), option, tail)
    except QCompileError as error:
        return f"refused: {type(error).__name__}\n"
    text = re.sub(r', (?="qcompile\.)', ",\n      ", onnx.printer.to_text(model))
    text = re.sub(r"(?<=\}), (?=[a-z])", ",\n    ", text)
    return text.rstrip("\n") + "\n"


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("name", GRAPHS)
def test_the_graph_of_a_program_is_the_golden_text(name: str, option: str, golden: Golden) -> None:
    golden(f"onnx/{name}.{option}.txt", text_of(name, option))


@pytest.mark.parametrize("tail", TAILS)
def test_the_graph_with_a_given_tail_type_is_the_golden_text(tail: str, golden: Golden) -> None:
    golden(f"onnx/ternary-classes.packed-{tail}.txt", text_of("ternary-classes", "packed", tail))


def test_every_golden_graph_belongs_to_a_program_and_a_form() -> None:
    expected = {f"{name}.{option}.txt" for name in GRAPHS for option in OPTIONS}
    expected |= {f"ternary-classes.packed-{tail}.txt" for tail in TAILS}
    assert {path.name for path in (ROOT / "onnx").iterdir()} == expected
