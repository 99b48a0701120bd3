"""Program to graph: what all options share; an option only says how a matrix of small weights multiplies.

dot (affine codes)   t = (W scale) c + W shift: one integer product of the codes for all matrices
that read them, one addition of the constant part
dot, mul, add, poly  in the type that the static bound allows (values.py)
threshold            comparisons summed
argmax, sign, scale  as they are
conv, maxpool        convolutions.py; a dot on an image is a convolution with a kernel of one place
requantize, table, concat, gather   quantizers.py
reshape              layout.py
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from qcompile.backends.onnx import quantizers, steps
from qcompile.backends.onnx.convolutions import conv, maxpool
from qcompile.backends.onnx.encoder import emit_encoder
from qcompile.backends.onnx.graph import Graph
from qcompile.backends.onnx.layout import arranged, by_channel, from_rows, to_rows
from qcompile.backends.onnx.products import Stored
from qcompile.backends.onnx.step_encoder import emit_step_encoder
from qcompile.backends.onnx.steps import typed_constant
from qcompile.backends.onnx.values import EXACT_FLOATS, Value, choose_type, in_type, tensor_value
from qcompile.ir.bounds import element_bounds
from qcompile.ir.ops import (
    Add,
    Affine,
    Argmax,
    Concat,
    Conv,
    Dot,
    Encode,
    Gather,
    Input,
    MaxPool,
    Mul,
    Op,
    Poly,
    Requantize,
    Reshape,
    Scale,
    Sign,
    Table,
    Threshold,
)
from qcompile.ir.program import Program
from qcompile.ir.ranges import Range
from qcompile.ir.support import require
from qcompile.model.step_encoder import StepEncoder
from qcompile.model_file.keys import ALPHA

# (graph, name of (N, d) uint8 codes, their largest value, (d, n) int8 weights)
#     -> names of (N, n) int32 and of the (d, n) int8 tensor of the weights, if there is one
Product = Callable[[Graph, str, int, NDArray[np.int8]], tuple[str, str | None]]

SUMMED = 256  # vectors above which nodes that add their weights up take fewer bytes than the sums
INT32, DOUBLE, INT64, UINT8 = TensorProto.INT32, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.UINT8


def lower(
    program: Program, graph: Graph, product: Product, tail: str = "auto", stored: Stored = Graph.array
) -> dict[str, Value]:
    """Append a whole program to a graph.

    Args:
        program: any program.
        graph: gets the input, the nodes and the constants; outputs are the caller's.
        product: how codes times small weights are written.
        tail: the type behind the first products: "auto", "int32", "double", "int64".
        stored: how the small weights of convolutions are stored.

    Returns:
        The graph's value of every program value that the outputs need.

    Raises:
        CompileError: a value's static bound fits no type (or not the one asked for).
        UnsupportedError: there is no translation of an operation.
    """
    return _Lowering(program, graph, product, tail, stored).run()


class _Lowering:
    def __init__(self, program: Program, graph: Graph, product: Product, tail: str, stored: Stored) -> None:
        self.program, self.graph, self.product, self.tail = program, graph, product, tail
        self.stored = stored
        self.values: dict[str, Value] = {}
        self.ranges = element_bounds(program)

    def run(self) -> dict[str, Value]:
        graph = self.graph
        emit: Mapping[type[Op], Callable[[Any], Value | None]] = {
            Input: self.input,
            Encode: self.encode,
            Affine: self.affine,
            Dot: self.dot,
            Mul: lambda op: self.binary("Mul", op),
            Add: lambda op: self.binary("Add", op),
            Poly: lambda op: steps.poly(graph, op, self.values[op.a], self.bound(op.a), self.tail),
            Threshold: lambda op: steps.threshold(graph, op, self.values[op.a], *_span(self.ranges[op.a])),
            Argmax: lambda op: steps.argmax(graph, op, self.values[op.a]),
            Sign: self.sign,
            Scale: lambda op: steps.scale(graph, op, self.values[op.a]),
            Conv: self.conv,
            MaxPool: self.maxpool,
            Requantize: lambda op: quantizers.requantize(
                graph, op, self.values[op.a], self.ranges[op.a], self.tail
            ),
            Table: lambda op: quantizers.table(graph, op, self.values[op.a]),
            Concat: lambda op: quantizers.concat(
                graph, op, [self.values[a] for a in op.parts], self.bound(op.result)
            ),
            Gather: lambda op: quantizers.gather(graph, op, self.values[op.a]),
            Reshape: self.reshape,
        }
        require(self.program, emit.keys(), "the ONNX back-end", images=True)
        for op in self.program.ops:
            if op.result in self.values:
                continue  # a dot that was emitted together with its sibling
            value = emit[type(op)](op)
            if value is not None:
                self.values[op.result] = value
        return {**self.values, **self.outputs()}

    def outputs(self) -> dict[str, Value]:
        """The outputs as they leave: rows of elements in the program's order, integers as integers."""
        found = {}
        for name in set(self.program.outputs.values()) & self.values.keys():
            value, kind = self.values[name], self.program[name].type
            if value.type == TensorProto.FLOAT:
                value = tensor_value(in_type(self.graph, value, INT32), INT32)
            if not kind.is_vector:
                rows = to_rows(self.graph, in_type(self.graph, value, value.type), kind)
                value = tensor_value(rows, value.type)
            found[name] = value
        return found

    def bound(self, name: str) -> int:
        return max((max(-lo, hi) for lo, hi in self.ranges[name]), default=0)

    def input(self, op: Input) -> Value:
        kind, bits = op.type.kind, op.type.bits
        if kind == "f":
            type_ = TensorProto.FLOAT
        elif kind == "u" and bits <= 8:
            type_ = UINT8
        else:
            type_ = INT32 if op.type.high < 2**31 else INT64
        shape = (op.type.length,) if op.type.is_vector else op.type.shape
        given = self.graph.input(op.result, type_, *shape)
        return tensor_value(from_rows(self.graph, given, op.type, flat=False), type_)

    def encode(self, op: Encode) -> Value:
        raw = in_type(self.graph, self.values[op.a], TensorProto.FLOAT)
        raw = to_rows(self.graph, raw, self.program[op.a].type)
        emit = emit_step_encoder if isinstance(op.encoder, StepEncoder) else emit_encoder
        codes = emit(self.graph, raw, op.encoder)  # type: ignore[arg-type]
        return tensor_value(from_rows(self.graph, codes, op.type), UINT8)

    def conv(self, op: Conv) -> Value:
        kind = self.program[op.a].type
        return conv(self.graph, op, self.values[op.a], kind, self.ranges[op.a], self.stored, self.tail)

    def maxpool(self, op: MaxPool) -> Value:
        ends, kind = _span(self.ranges[op.a]), self.program[op.a].type
        return maxpool(self.graph, op, self.values[op.a], kind, ends, self.tail)

    def sign(self, op: Sign) -> Value:
        """Of the first channel."""
        source = self.values[op.a]
        if self.program[op.a].type.channels > 1:
            first = Gather(f"{op.result}_first", op.type, op.a, np.array([0]))
            source = quantizers.gather(self.graph, first, source)
        return steps.sign(self.graph, op, source)

    def reshape(self, op: Reshape) -> Value:
        """Codes that become a vector are bytes again, which products read."""
        value, (low, high) = self.values[op.a], _span(self.ranges[op.a])
        codes = op.type.is_vector and value.type == TensorProto.FLOAT and low >= 0 and high <= 255
        type_ = UINT8 if codes else value.type
        tensor = in_type(self.graph, value, type_)
        return tensor_value(arranged(self.graph, tensor, self.program[op.a].type, op.type), type_)

    def affine(self, op: Affine) -> Value | None:
        readers = self.program.users(op.result)
        absorbed = op.type.is_vector and op.result not in self.program.outputs.values()
        if absorbed and self._small_codes(op) is not None and all(isinstance(u, Dot) for u in readers):
            return None  # becomes part of the products that read it
        return self._affine(op)

    def _affine(self, op: Affine) -> Value:
        scale, shift = op.scale, op.shift
        bound = max(self.bound(op.result), self._affine_bound(op))
        floats = not op.type.is_vector and bound < EXACT_FLOATS
        type_ = TensorProto.FLOAT if floats else choose_type(bound, "auto", f"%{op.result}")
        result = in_type(self.graph, self.values[op.a], type_)
        if (scale != 1).any():
            factor = typed_constant(self.graph, by_channel(scale, op.type), type_, f"{op.result}.scale")
            result = self.graph.node("Mul", [result, factor], f"{op.result}_scaled")
        if (shift != 0).any():
            term = typed_constant(self.graph, by_channel(shift, op.type), type_, f"{op.result}.shift")
            result = self.graph.node("Add", [result, term], op.result)
        return tensor_value(result, type_)

    def _affine_bound(self, op: Affine) -> int:
        largest = max((abs(int(s)) for s in op.scale), default=0)
        return max(largest * self.bound(op.a), max((abs(int(s)) for s in op.shift), default=0))

    def _small_codes(self, op: Affine | None) -> Value | None:
        value = None if op is None else self.values.get(op.a)
        return value if value is not None and value.type == UINT8 else None

    def dot(self, op: Dot) -> Value:
        if not op.type.is_vector:
            weight = op.weight.reshape(len(op.weight), 1, 1, op.weight.shape[1])
            return self.conv(Conv(op.result, op.type, op.a, weight))
        source = self.program[op.a]
        affine = source if isinstance(source, Affine) else None
        codes = self._small_codes(affine) or self.values.get(op.a)
        if codes is not None and codes.type == UINT8:
            value = self._code_products(op, affine, codes)
            if value is not None:
                return value
        if op.a not in self.values:
            assert affine is not None
            self.values[op.a] = self._affine(affine)
        return self._wide_product(op)

    def _code_products(self, op: Dot, affine: Affine | None, codes: Value) -> Value | None:
        """All dots on the same codes at once, or None where their weights are not small."""
        dots = [d for d in self.program.users(op.a) if isinstance(d, Dot)]
        top = max((hi for _, hi in self.ranges[affine.a if affine else op.a]), default=0)
        weight = np.concatenate([d.weight for d in dots])
        effective, constant = weight, np.zeros(len(weight), dtype=np.int64)
        if affine is not None:
            length = weight.shape[1]
            effective = weight * np.broadcast_to(affine.scale, length)
            constant = weight @ np.broadcast_to(affine.shift, length)
        if effective.size == 0 or effective.min() < -128 or effective.max() > 127:
            return None
        sums = np.abs(effective).sum(axis=1) * top
        if (sums + np.abs(constant)).max() >= 2**31:
            return None
        result, matrix = self.product(self.graph, codes.tensors[UINT8], top, effective.T.astype(np.int8))
        if constant.any():
            bias = self._bias(constant, effective, affine, matrix)
            result = self.graph.node("Add", [result, bias], f"{op.result}_sums")
        whole = tensor_value(result, INT32)
        if len(dots) == 1:
            return whole
        whole.parts = [(Value(d.result, INT32, whole=whole), len(d.weight)) for d in dots]
        self.values.update({part.label: part for part, _ in whole.parts})
        return self.values[op.result]

    def _bias(
        self, constant: NDArray[np.int64], effective: NDArray[Any], affine: Affine | None, matrix: str | None
    ) -> str:
        """W shift: with one scale and shift for all columns, from the sums of the stored W scale."""
        graph, sums = self.graph, effective.astype(np.int64).sum(axis=1)
        if affine is not None and matrix is not None and len(constant) > SUMMED:
            scales, shifts = np.unique(affine.scale), np.unique(affine.shift)
            alone = len(scales) == len(shifts) == 1
            if alone and scales[0] > 0 and np.abs(sums).max() * abs(int(shifts[0])) < 2**31:
                wide = graph.cast(matrix, INT32, "weights_wide")
                axis = graph.constant(np.array([0]), "rows")
                total = graph.node("ReduceSum", [wide, axis], "weight_sums", keepdims=0)
                factor, divisor = (np.int32(int(k[0])) for k in (shifts, scales))
                total = graph.node("Mul", [total, graph.constant(factor, "shift")], "shifted_sums")
                if divisor != 1:  # every sum is a multiple of it
                    total = graph.node("Div", [total, graph.constant(divisor, "scale")], "bias")
                return total
        return typed_constant(graph, constant, INT32, "bias")

    def _wide_product(self, op: Dot) -> Value:
        sizes = np.array([max(-lo, hi) for lo, hi in self.ranges[op.a]], dtype=object)
        weight = np.abs(op.weight.astype(object))
        sums = weight @ sizes if weight.size else np.zeros(len(weight), dtype=object)
        largest = max([*sums, self.bound(op.a), *weight.ravel()], default=0)
        type_ = choose_type(int(largest), self.tail, f"%{op.result}")
        wanted = ALPHA if op.result == self.program.outputs["scores"] else f"{op.result}.weight"
        matrix = typed_constant(self.graph, op.weight.T, type_, wanted)
        operand = in_type(self.graph, self.values[op.a], type_)
        return tensor_value(self.graph.node("MatMul", [operand, matrix], op.result), type_)

    def binary(self, node: str, op: Mul | Add) -> Value:
        largest = max(self.bound(name) for name in (op.result, op.a, op.b))
        type_ = choose_type(largest, self.tail, f"%{op.result}")
        operands = [in_type(self.graph, self.values[name], type_) for name in (op.a, op.b)]
        return tensor_value(self.graph.node(node, operands, op.result), type_)


def _span(ranges: list[Range]) -> Range:
    return min((lo for lo, _ in ranges), default=0), max((hi for _, hi in ranges), default=0)
