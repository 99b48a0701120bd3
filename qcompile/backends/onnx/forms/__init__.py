"""The forms of an exported ONNX graph: one file per purpose, ``--onnx NAME``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from qcompile.backends.onnx.graph import BATCH, Graph
from qcompile.backends.onnx.values import Value
from qcompile.ir.program import Program
from qcompile.registry import Registry


def _nothing(program: Program) -> dict[str, bytes]:
    return {}


def _anything(weights: str, inputs: int, top: int) -> None:
    return None


@dataclass(frozen=True)
class Form:
    """How a program becomes a graph, and what is special about it.

    Attributes:
        emit: (program, graph under construction, tail type) -> the values of the program.
        opset: of ONNX's own operators.
        ir: version of the file format, the oldest that knows this opset.
        readable: the weights can be read back from the graph itself.
        runtime: the file of qcompile/run that executes it.
        domain: of the operators that are not ONNX's own.
        batch: rows per call where they are fixed, else the name of the free dimension.
        files: what the graph needs beside it.
        expect: (grid of the weights, inputs, largest code) -> None; raises UnsupportedError where the
            form certainly cannot hold such a network.
    """

    emit: Callable[[Program, Graph, str], dict[str, Value]]
    opset: int
    ir: int
    readable: bool = True
    runtime: str = "onnxruntime"
    domain: str | None = None
    batch: int | str = BATCH
    files: Callable[[Program], dict[str, bytes]] = _nothing
    expect: Callable[[str, int, int], None] = _anything


@runtime_checkable
class FormFile(Protocol):
    """A file of this folder: it defines FORM."""

    FORM: Form


FORMS: Registry[FormFile] = Registry("qcompile.backends.onnx.forms", "forms of ONNX file", FormFile)
