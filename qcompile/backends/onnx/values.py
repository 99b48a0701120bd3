"""Values of a program while it becomes a graph: their tensors, and the bound that chose the type.

The type of an integer value follows from a static bound on its magnitude, partial sums included:

    below 2^24   float32   (on images, whose convolutions are fastest in it)
    below 2^31   int32
    below 2^53   double    (every integer there is a double, so sums and products are exact)
    below 2^63   int64     (some runtimes narrow it silently, so only where it must be)
    above        refused
"""

from __future__ import annotations

from dataclasses import dataclass, field

from onnx import TensorProto

from qcompile.backends.onnx.graph import Graph
from qcompile.errors import CompileError, UnsupportedError, did_you_mean

TAILS = {"int32": TensorProto.INT32, "double": TensorProto.DOUBLE, "int64": TensorProto.INT64}
EXACT_FLOATS = 2**24  # below, float32 holds every integer
LIMITS = {"int32": 2**31, "double": 2**53, "int64": 2**63}


@dataclass(eq=False)
class Value:
    """One program value in the graph.

    Attributes:
        label: for the names of its tensors.
        type: the ONNX element type that it has by itself.
        tensors: element type -> name of a (N, length) tensor that holds it.
        whole: for one part of a row-wise product of several matrices: the value of all of them.
        parts: for ``whole``: its parts and their lengths.
    """

    label: str
    type: int
    tensors: dict[int, str] = field(default_factory=dict)
    whole: Value | None = None
    parts: list[tuple[Value, int]] = field(default_factory=list)


def tensor_value(name: str, type_: int) -> Value:
    """The value that a tensor holds."""
    return Value(name, type_, {type_: name})


def choose_type(bound: int, tail: str, what: str) -> int:
    """The element type for integers of a magnitude.

    Args:
        bound: on the magnitude.
        tail: "auto", or a type the user insists on.
        what: the value's name, for the message.

    Raises:
        CompileError: the bound does not fit the type asked for, or not int64.
        UnsupportedError: there is no such type.

    >>> [choose_type(b, "auto", "h") == TAILS[t] for b, t in ((2**31 - 1, "int32"), (2**31, "double"))]
    [True, True]
    """
    if tail != "auto" and tail not in TAILS:
        raise UnsupportedError(
            f"tail is {tail!r}, allowed: auto, {', '.join(TAILS)}.{did_you_mean(tail, TAILS)}"
        )
    for name, limit in LIMITS.items():
        if bound < limit and tail in ("auto", name):
            return TAILS[name]
    if tail == "auto" or bound >= LIMITS["int64"]:
        raise CompileError(
            f"{what} may reach {bound}, and an ONNX graph is exact only below 2^63; "
            "use smaller second-layer integers, fewer input bits or fewer neurons."
        )
    raise CompileError(f"{what} may reach {bound}, which {tail} does not hold exactly; use tail='auto'.")


def in_type(graph: Graph, value: Value, type_: int) -> str:
    """The tensor of a value in an element type; the parts of a product are cast as one."""
    if type_ not in value.tensors:
        if value.whole is not None:
            whole = value.whole
            names = graph.split(
                in_type(graph, whole, type_),
                [length for _, length in whole.parts],
                [part.label for part, _ in whole.parts],
            )
            for (part, _), name in zip(whole.parts, names, strict=True):
                part.tensors[type_] = name
        else:
            suffix = TensorProto.DataType.Name(type_).lower()
            source = value.tensors[value.type]
            value.tensors[type_] = graph.cast(source, type_, f"{value.label}_{suffix}")
    return value.tensors[type_]
