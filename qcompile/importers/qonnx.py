"""Low-bit networks of other tools: QONNX, Brevitas, FINN and plain QDQ files become programs.

    read_program("TFC_1W1A.onnx")  ->  Program of encode, dot, threshold, dot, .., argmax, scale

The walk (onnx/walk.py) folds constants and follows every activation as a function of integers
(lanes.py); quantizers become integer thresholds found by exact search (codes.py, search.py), and where
those are evenly spaced one multiplication and shift (passes/requantize_thresholds.py); products and
convolutions become integer ones (affine.py finds the integers). Nothing is approximated: the program
takes the decisions that the source graph takes in float32, as long as its products are exact there.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.errors import ModelError, QCompileError, UnsupportedError
from qcompile.files import readable
from qcompile.importers.onnx.affine import common_unit, slopes
from qcompile.importers.onnx.arrange import vector
from qcompile.importers.onnx.lanes import Lane
from qcompile.importers.onnx.ops import (
    activations,
    arithmetic,
    images,
    products,
    qoperator,
    quantize,
    shape,
)
from qcompile.importers.onnx.walk import Walk, walk
from qcompile.ir.fit import fit_types
from qcompile.ir.lower import lower
from qcompile.ir.ops import Affine, Argmax, Op, Scale, Sign
from qcompile.ir.program import Program
from qcompile.ir.types import F64, ValueType
from qcompile.model_file.container import one_sentence, read_model
from qcompile.model_file.keys import DIGEST
from qcompile.model_file.read import read_network
from qcompile.passes import requantize_thresholds

WIDE = 31  # levels from which a multiplication takes less room than comparisons in every back-end

OPERATORS = {
    name: operator
    for unit in (activations, arithmetic, images, products, qoperator, quantize, shape)
    for name, operator in unit.OPERATORS.items()
}
ENDINGS = ("ArgMax", "LogSoftmax", "Sigmoid", "Softmax", "TopK")
GRID_BITS = 52  # scores of differently scaled outputs are put on one grid of this many bits


@one_sentence()
def read_program(path: str | Path, inputs: str | None = None) -> Program:
    """Import a low-bit network: fully connected, convolutional, with branches that meet again.

    Args:
        path: an ONNX file: one of ours, or in a dialect of QONNX, Brevitas, FINN, or QDQ.
        inputs: the integers that raw cells hold ("BINARY", "BIPOLAR", "UINT8", "UINT8/255", "FIXED<8,3>",
            .., see onnx/input_type.py), for files that multiply the input without a quantizer and do not
            annotate it.

    Returns:
        A program on raw float32 rows, flattened in the order of the file's input. "values" are the
        numbers that the file's last layer gives (before a softmax or argmax); "label" is there where
        the file decides by argmax, softmax or sigmoid, or has several outputs.

    Raises:
        ModelError: the file is not a readable, well-formed ONNX model.
        UnsupportedError: an operator, or this use of it, has no translation: which node, and why.
        CompileError: a sum leaves 64-bit integers.
    """
    model = read_model(path)
    if any(entry.key == DIGEST for entry in model.metadata_props):
        return lower(read_network(path), readable(Path(path).stem))
    if model.ir_version < 3:
        raise UnsupportedError(f"{path} has IR version {model.ir_version}; convert it to version 3 or newer.")
    try:
        with np.errstate(all="ignore"):  # float32 overflows to infinity here as it does in the source
            found = walk(model, OPERATORS, ENDINGS, inputs)
            outputs = _outputs(found)
    except RecursionError as error:
        raise ModelError(f"{path} is nested too deeply to be a network.") from error
    except QCompileError:
        raise
    except (ValueError, ArithmeticError, IndexError, TypeError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise UnsupportedError(f"the last layer of {path} cannot be translated: {reason}.") from error
    columns = len(outputs["columns"])
    classes = tuple(str(k) for k in range(max(2, columns))) if "label" in outputs["roles"] else ()
    if len(found.builder.classes) == len(classes) == len(set(found.builder.classes)):
        classes = found.builder.classes
    program = Program(
        name=readable(Path(path).stem),
        ops=(*found.builder.ops, *outputs["ops"]),
        outputs=outputs["roles"],
        classes=classes,
        metadata={
            "task": "classification" if classes else "regression",
            "form": "imported",
            "provenance": {
                "imported_from": Path(path).name,
                "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest(),
                "producer": f"{model.producer_name} {model.producer_version}".strip(),
                "notes": found.builder.notes,
            },
        },
    )
    return requantize_thresholds.run(fit_types(program.pruned()), fewest=WIDE)


def _outputs(found: Walk) -> dict[str, Any]:
    """The last layer as integer scores, their float64 values, and the decision where there is one."""
    builder = found.builder
    if found.output.source.raw:
        raise UnsupportedError("no quantizer or layer stands between the input and the output.")
    lane = vector(builder, found.output)
    line = slopes(lane)
    if line is None:
        raise UnsupportedError(
            "the output is neither quantized nor a line of the last integer sums; end the network with its "
            "last layer, a quantizer, Softmax, Sigmoid or ArgMax."
        )
    order = lane.index.reshape(-1)
    slope, offset = line[0][order], line[1][order]
    value = builder.realise(lane.source)
    ops: list[Op] = []
    columns = len(order)
    if lane.source.length != columns or (order != np.arange(columns)).any():
        pick = np.zeros((columns, lane.source.length), dtype=np.int64)
        pick[np.arange(columns), order] = 1
        value = builder.dot(value, pick)
    decides = found.decision is not None or columns > 1
    compared = columns == 1 or ((slope == slope[0]).all() and (offset == offset[0]).all())
    zero_based = columns > 1 or offset[0] == 0
    if decides and not (compared and zero_based and slope[0] > 0):
        value, slope, offset = _on_one_grid(lane, value, order, slope, offset, ops)
    scores = value
    roles = {"scores": scores, "values": "values"}
    if decides:
        decision = Sign if columns == 1 else Argmax
        ops.append(decision("label", ValueType("i", 64, 1), scores))
        roles["label"] = "label"
    ops.append(Scale("values", ValueType(*F64, columns), scores, slope, offset))
    return {"ops": ops, "roles": roles, "columns": range(columns)}


def _on_one_grid(
    lane: Lane,
    value: str,
    order: NDArray[np.int64],
    slope: NDArray[np.float64],
    offset: NDArray[np.float64],
    ops: list[Op],
) -> tuple[str, NDArray[np.float64], NDArray[np.float64]]:
    """Scores whose order is the order of the values: value = unit * score + base.

    Outputs of one scale have a unit that leaves small integers. For others it is 2^-k, where k is the
    smallest that makes every factor whole, where the scores then fit 52 bits; otherwise the largest
    that lets them, which rounds the factors far below the float32 they came from.
    """
    reach = np.maximum(np.abs(lane.source.low), np.abs(lane.source.high))[order]
    slope = np.where(reach == 0, 0.0, slope)  # of a sum that is always 0
    columns = len(order)
    base = float(offset[0]) if columns > 1 else 0.0  # a single score is compared with 0
    try:
        unit = common_unit(np.concatenate([slope, offset - base]))
    except ValueError:
        unit = 0.0
    if unit > 0:
        scale, shift = (np.round(c / unit).astype(np.int64) for c in (slope, offset - base))
        ops.append(Affine("scores", ValueType("i", 64, columns), value, scale, shift))
        return "scores", np.full(columns, unit), np.full(columns, base)
    largest = float((np.abs(slope) * reach + np.abs(offset)).max(initial=0))
    room = GRID_BITS - 1 - int(np.ceil(np.log2(max(largest, 2.0**-900))))
    whole = max(c.as_integer_ratio()[1].bit_length() - 1 for c in (*slope.tolist(), *offset.tolist()))
    k = min(whole, room, 900)
    scale, shift = (np.round(np.ldexp(c, k)).astype(np.int64) for c in (slope, offset))
    ops.append(Affine("scores", ValueType("i", 64, columns), value, scale, shift))
    return "scores", np.full(columns, 2.0**-k), np.zeros(columns)
