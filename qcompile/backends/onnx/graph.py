"""A graph under construction: nodes in order, constants without repetition, readable names."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

BATCH = "N"


class Graph:
    """Collects nodes and constants; every name is made once, and ``reserved`` ones only by ``output``.

    ``forms`` says of a program's convolutions how each was written, and why that is exact.

    >>> g = Graph()
    >>> g.node("Add", [g.constant(np.int32(1), "one"), g.constant(np.int32(1), "one")], "two")
    'two'
    >>> len(g.constants), g.node("Neg", ["two"], "two")
    (1, 'two_1')
    """

    def __init__(self, reserved: tuple[str, ...] = ()) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.forms: dict[str, str] = {}
        self._names: set[str] = set(reserved)
        self._renamed: dict[str, str] = {}
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def name(self, wanted: str) -> str:
        """``wanted``, or ``wanted_1``, ``wanted_2`` .. if it is taken."""
        name, k = wanted, 0
        while name in self._names:
            k += 1
            name = f"{wanted}_{k}"
        self._names.add(name)
        return name

    def constant(self, value: NDArray[Any] | np.generic, wanted: str) -> str:
        """The name of an initialiser with this value; equal values share one."""
        array = np.asarray(value)
        strings = array.dtype.kind in "OU"
        content = "\0".join(map(str, array.ravel())).encode() if strings else array.tobytes()
        key = (str(array.dtype), array.shape, content)
        if key not in self._known:
            self._known[key] = self.name(wanted)
            self.constants.append(numpy_helper.from_array(array, self._known[key]))
        return self._known[key]

    def array(self, value: NDArray[Any], name: str) -> str:
        """An initialiser of its own, which ``importers.native`` finds by this name."""
        return self.tensor(numpy_helper.from_array(np.ascontiguousarray(value)), name)

    def tensor(self, tensor: onnx.TensorProto, wanted: str) -> str:
        """Add an initialiser that is already a tensor (packed int4 and int2)."""
        tensor.name = self.name(wanted)
        self.constants.append(tensor)
        return tensor.name

    def input(self, wanted: str, type_: int, *shape: int, batch: int | str = BATCH) -> str:
        """Declare the graph's input (batch, *shape) and return its name."""
        name = self.name(wanted)
        self.inputs.append(helper.make_tensor_value_info(name, type_, [batch, *shape]))
        return name

    def output(self, value: str, wanted: str, type_: int, shape: list[int | str], what: str) -> None:
        """Make a value an output under one of the reserved names, with a doc string."""
        value = self._renamed.get(value, value)
        made_here = any(value in node.output for node in self.nodes)
        if not made_here or value in (o.name for o in self.outputs):
            value = self.node("Identity", [value], wanted)
        self._renamed[value] = wanted
        for node in self.nodes:
            for names in (node.input, node.output):
                names[:] = [wanted if name == value else name for name in list(names)]
        self.outputs.append(helper.make_tensor_value_info(wanted, type_, shape, doc_string=what))

    def node(self, op: str, inputs: list[str], wanted: str, **attributes: Any) -> str:
        """Append a node with one result and return the result's name."""
        result = self.name(wanted)
        self.nodes.append(helper.make_node(op, inputs, [result], name=result, **attributes))
        return result

    def second(self, op: str, inputs: list[str], wanted: list[str], **attributes: Any) -> str:
        """Append a node with two results, of which only the second is read; returns its name."""
        names = [self.name(w) for w in wanted]
        self.nodes.append(helper.make_node(op, inputs, names, name=names[1], **attributes))
        return names[1]

    def split(self, value: str, sizes: list[int], wanted: list[str]) -> list[str]:
        """Cut a (N, sum(sizes)) value along its columns."""
        names = [self.name(w) for w in wanted]
        operands = [value, self.constant(np.array(sizes), "sizes")]  # opset 18 has no even split without it
        self.nodes.append(helper.make_node("Split", operands, names, name=self.name("split"), axis=1))
        return names

    def cast(self, value: str, to: int, wanted: str) -> str:
        """Append a Cast."""
        return self.node("Cast", [value], wanted, to=to)
