"""ONNX back-end: a program as one self-contained model file, exact in every runtime.

    build(program, option="packed")  ->  Artifact with model.onnx

The encoder is in the graph, weights are packed, integers stay integers; what the network is and
where it comes from stand in the metadata, so the file is also the model file that
``importers.native`` reads. The same program gives the same bytes.
"""

from __future__ import annotations

import json
from typing import Any

import onnx
from onnx import helper

from qcompile.backends.artifact import Artifact
from qcompile.backends.onnx.forms import FORMS
from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.outputs import NAMES, emit_outputs
from qcompile.ir.program import Program
from qcompile.model.offsets import offsets_said
from qcompile.model_file.columns import short_provenance
from qcompile.model_file.describe import describe_network
from qcompile.model_file.keys import (
    ALPHA,
    ARRAYS,
    CONVOLUTIONS,
    DIGEST,
    FILL,
    FORM,
    INDEX,
    LAYOUT,
    NETWORK,
    NEWEST,
    PROVENANCE,
    VERSION,
    WEIGHTS,
    digest,
    write_arrays,
)

OPTIONS = FORMS.names()
ENTRY = "model.onnx"


def build(program: Program, target: Any = None, option: str = "packed", tail: str = "auto") -> Artifact:
    """Write a program as ONNX.

    Args:
        program: any program; from ``lower(network)`` the file can be read back as that Network.
        target: not used: the graph is the same for every processor.
        option: the form, one of ``OPTIONS``.
        tail: the type behind the first layer: "auto" (int32, double or int64 by the static bound)
            or one of them by name.

    Returns:
        An artifact of kind "onnx": ``model.onnx``, and what its form needs beside it.

    Raises:
        CompileError: a static bound leaves the exact range of every type, or of the one asked for.
        UnsupportedError: there is no such option, or it cannot hold this program.
    """
    model, forms = _model(program, option, tail)
    content = model.SerializeToString(deterministic=True)
    form = FORMS[option].FORM
    facts = {"backend": "onnx_graph", "option": option, "tail": tail, "runtime": form.runtime}
    return Artifact(
        kind="onnx",
        files={ENTRY: content, **form.files(program)},
        entry=ENTRY,
        program=program,
        provenance={**facts, **({"convolutions": forms} if forms else {})},
    )


def expect(option: str, weights: str, inputs: int = 0, top: int = 1) -> None:
    """Refuse, before any training, a form that cannot hold what will be trained.

    What passes may still be refused by ``build``, which sees the network.

    Args:
        option: the form, one of ``OPTIONS``.
        weights: the first layer's grid, "binary", "ternary", "2bit" to "4bit".
        inputs: encoded inputs that there will be at least.
        top: the largest code that an input will have at least.

    Raises:
        UnsupportedError: there is no such form, or it certainly cannot hold such a network.
    """
    FORMS[option].FORM.expect(weights, inputs, top)


def model_of(program: Program, option: str = "packed", tail: str = "auto") -> onnx.ModelProto:
    """The model message of ``build``, checked by onnx itself."""
    return _model(program, option, tail)[0]


def _model(program: Program, option: str, tail: str) -> tuple[onnx.ModelProto, dict[str, str]]:
    """The model, and how each of its convolutions was written."""
    form = FORMS[option].FORM
    graph = Graph(reserved=NAMES)
    values = form.emit(program, graph, tail)
    emit_outputs(program, graph, values, form.batch)
    message = helper.make_graph(
        graph.nodes,
        "qcompile",
        graph.inputs,
        graph.outputs,
        graph.constants,
        doc_string=_summary(program),
    )
    model = helper.make_model(
        message,
        opset_imports=[
            helper.make_opsetid("", form.opset),
            *([helper.make_opsetid(form.domain, 1)] if form.domain else []),
        ],
        ir_version=form.ir,
        producer_name="qcompile",
    )
    entries = _metadata(program, option, form.readable) | _image_entries(program, graph.forms)
    helper.set_model_props(model, entries)
    helper.set_model_props(model, {**entries, DIGEST: digest(model)})
    onnx.checker.check_model(model, full_check=True)
    return model, graph.forms


def _image_entries(program: Program, forms: dict[str, str]) -> dict[str, str]:
    """Of a program that reads an image: how its elements lie; of convolutions: why they are exact."""
    entries = {} if program.input.type.is_vector else {LAYOUT: _layout(program)}
    return {**entries, **({CONVOLUTIONS: _json(forms)} if forms else {})}


def _layout(program: Program) -> str:
    height, width, channels = program.input.type.shape
    return f"N x {height} x {width} x {channels} (rows, columns, channels)"


def _metadata(program: Program, option: str, readable: bool) -> dict[str, str]:
    provenance = program.metadata.get("provenance", dict(program.metadata))
    entries = {VERSION: str(NEWEST), PROVENANCE: _json(provenance), FORM: option}
    network = describe_network(program)
    if network is not None:
        entries[NETWORK] = _json(network)
        entries[PROVENANCE] = _json(short_provenance(provenance, program.columns))
        if not readable:  # the arrays as the packed form has them, so that every form reads back
            tensors = model_of(program).graph.initializer
            entries[ARRAYS] = write_arrays(t for t in tensors if _is_array(t.name))
    return entries


def _is_array(name: str) -> bool:
    return name in (WEIGHTS, ALPHA, FILL) or name.endswith((".feature", ".shift", ".gain", INDEX))


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _summary(program: Program) -> str:
    reads = f"{program.input.type.length} input columns"
    if not program.input.type.is_vector:
        reads = f"input {_layout(program)}"
    told = f"{program.name}: {reads}, integer network of qcompile"
    return "; ".join((told, *offsets_said(program.metadata.get("provenance", {}))))
