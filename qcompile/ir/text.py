"""The text form of a program: dump and parse, an exact round trip.

    qcompile-ir 1
    name "iris"
    classes ["no", "yes"]
    columns ["length", "width"]
    metadata {"seed": 0}
    %x : f32[2] = input
    %codes : u4[3] = encode %x
      encoder = "uniform" 4
      kind = int(3)
        0*2 4
      feature = int(3)
        0 1 0
      ...
    %t : i16[2] = dot %codes {"kernel": "xnor"}
      weight = sign(2, 3)
        06
        00
    %scores : i32[1] = ...
    output scores = %scores

One operation per line: result, type, operation, operands, notes as JSON where there are any.
Its constants follow, indented by two; their entries (constants_text.py) are indented by four.
Lines that start with # and blank lines are skipped. Free text is JSON, so the file is ASCII.
``dump`` is canonical: two programs are the same exactly where their texts are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

import numpy as np

from qcompile.data.encoder import Encoder
from qcompile.data.step_encoder import StepEncoder
from qcompile.errors import CompileError, ModelError
from qcompile.ir import ops as _ops
from qcompile.ir.constants_text import LARGEST, array_lines, array_of
from qcompile.ir.ops import Op
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType

__all__ = ["dump", "parse"]

HEADER = "qcompile-ir 1"
OPS: dict[str, type[Op]] = {
    name.lower(): getattr(_ops, name) for name in _ops.__all__ if name not in ("Op", "constants")
}
ENCODER_ARRAYS = ("kind", "feature", "shift", "gain", "fill")
STEP_ARRAYS = ("feature", "steps", "fill")
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
NAME = r'%(?:[A-Za-z_][A-Za-z0-9_.]*|"(?:[^"\\]|\\.)*")'
OPERATION = re.compile(rf"({NAME}) : (\S+) = (\w+)((?: {NAME})*)(?: (\{{.*\}}))?")
ARRAY = re.compile(r"(\w+) = (sign|trit|int|float)\(([\d, ]*)\)")


def dump(program: Program) -> str:
    r"""The program as text.

    >>> p = parse('qcompile-ir 1\n%x : u4[2] = input\noutput scores = %x')
    >>> print(dump(p), end="")
    qcompile-ir 1
    name "model"
    %x : u4[2] = input
    output scores = %x
    """
    lines = [HEADER, f"name {json.dumps(program.name)}"]
    for key in ("classes", "columns"):
        if getattr(program, key):
            lines.append(f"{key} {json.dumps(list(getattr(program, key)))}")
    if program.metadata:
        lines.append(f"metadata {json.dumps(program.metadata, sort_keys=True, default=list)}")
    for op in program.ops:
        lines += _dump_op(op)
    lines += [f"output {role} = {_name(value)}" for role, value in sorted(program.outputs.items())]
    return "\n".join(lines) + "\n"


def parse(text: str) -> Program:
    """Inverse of ``dump``.

    Raises:
        ModelError: the text is not a program; the message names the line.
    """
    lines = _lines(text)
    if not lines or lines[0].text != HEADER:
        raise ModelError(f"a program text starts with {HEADER!r}, this one with {text[:30]!r}.")
    facts: dict[str, Any] = {"name": "model", "classes": [], "columns": [], "metadata": {}}
    ops: list[Op] = []
    outputs: dict[str, str] = {}
    for line in lines[1:]:
        try:
            word, _, rest = line.text.partition(" ")
            if word in facts:
                facts[word] = _fact(rest, facts[word])
            elif word == "output":
                role, _, value = rest.partition(" = ")
                outputs[role] = _unname(value)
            else:
                ops.append(_parse_op(line))
        except (ValueError, TypeError, OverflowError, AttributeError) as problem:
            raise ModelError(f"line {line.number} of the program text: {problem}") from None
    try:
        return Program(
            name=facts["name"],
            ops=tuple(ops),
            outputs=outputs,
            classes=tuple(facts["classes"]),
            columns=tuple(facts["columns"]),
            metadata=facts["metadata"],
        )
    except CompileError as problem:
        raise ModelError(f"the program text is not a program: {problem}") from None


def _fact(text: str, like: Any) -> Any:
    """JSON of the same kind as the default: text, a list of texts, or an object."""
    value = json.loads(text)
    texts = not isinstance(like, list) or all(isinstance(v, str) for v in value)
    if not isinstance(value, type(like)) or not texts:
        raise ValueError(f"{text[:40]!r} should be a {type(like).__name__}.")
    return value


def _name(value: str) -> str:
    return "%" + (value if PLAIN.fullmatch(value) else json.dumps(value))


def _unname(text: str) -> str:
    if not re.fullmatch(NAME, text):
        raise ValueError(f"{text!r} is not a value name; expected for example %scores.")
    return str(json.loads(text[1:])) if text[1] == '"' else text[1:]


def _dump_op(op: Op) -> list[str]:
    head = f"{_name(op.result)} : {op.type} = {type(op).__name__.lower()}"
    head += "".join(f" {_name(a)}" for a in op.operands)
    lines = [head + (f" {json.dumps(op.notes, sort_keys=True)}" if op.notes else "")]
    for f in fields(op):
        value = getattr(op, f.name)
        if isinstance(value, Encoder | StepEncoder):
            lines.append(f"  encoder = {json.dumps(value.name)} {value.bits}")
            arrays = ENCODER_ARRAYS if isinstance(value, Encoder) else STEP_ARRAYS
            lines += [line for key in arrays for line in _dump_array(key, getattr(value, key))]
        elif isinstance(value, np.ndarray):
            lines += _dump_array(f.name, value)
        elif isinstance(value, tuple):
            lines += _dump_array(f.name, np.array(value, dtype=np.int64))
    return lines


def _dump_array(key: str, array: Any) -> list[str]:
    header, body = array_lines(array)
    return [f"  {key} = {header}", *(f"    {line}" for line in body)]


@dataclass
class _Line:
    """A line at the left margin with the indented lines below it."""

    number: int
    text: str
    below: list[str] = field(default_factory=list)


def _lines(text: str) -> list[_Line]:
    found: list[_Line] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line.startswith(" "):
            if not found:
                raise ModelError(f"line {number} of the program text is indented under nothing.")
            found[-1].below.append(line)
        else:
            found.append(_Line(number, line.rstrip()))
    return found


def _parse_op(line: _Line) -> Op:
    found = OPERATION.fullmatch(line.text)
    if not found or found[3] not in OPS:
        raise ValueError(f"{line.text[:60]!r} is not an operation; known: {', '.join(sorted(OPS))}.")
    kind = OPS[found[3]]
    given: dict[str, Any] = dict(_constants(line.below))
    if "encoder" in given:
        name, bits = given.pop("encoder")
        given["encoder"] = _encoder(name, bits, given)
    if "coefficients" in given:
        given["coefficients"] = tuple(int(c) for c in given["coefficients"])
    given |= dict(zip(("a", "b"), (_unname(n) for n in re.findall(NAME, found[4])), strict=False))
    wanted = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    if given.keys() != wanted - {"result", "type"}:
        raise ValueError(f"{found[3]} has {sorted(given)}, needs {sorted(wanted - {'result', 'type'})}.")
    notes = _fact(found[5], {}) if found[5] else {}
    made = ValueType.parse(found[2])
    if made.length > LARGEST:
        raise ValueError(f"{made} has more than {LARGEST} elements.")
    return kind(_unname(found[1]), made, **given, notes=notes)


def _encoder(name: str, bits: int, given: dict[str, Any]) -> Encoder | StepEncoder:
    """The encoder whose arrays are among the given constants; they are taken out."""
    arrays = STEP_ARRAYS if "steps" in given else ENCODER_ARRAYS
    if absent := [key for key in arrays if key not in given]:
        raise ValueError(f"the encoder has no {absent[0]}.")
    taken = [given.pop(key) for key in arrays]
    if arrays is ENCODER_ARRAYS:
        return Encoder(name, bits, *taken)
    made = StepEncoder(name, *taken)
    if made.bits != bits:
        raise ValueError(f"an encoder of {made.top} steps has {made.bits} bits, not {bits}.")
    return made


def _constants(below: list[str]) -> Iterator[tuple[str, Any]]:
    at = 0
    while at < len(below):
        head = below[at].strip()
        at += 1
        if found := re.fullmatch(r'encoder = ("(?:[^"\\]|\\.)*") (\d+)', head):
            yield "encoder", (json.loads(found[1]), int(found[2]))
            continue
        found = ARRAY.fullmatch(head)
        if not found:
            raise ValueError(f"{head[:60]!r} is not a constant; expected for example weight = int(2, 3).")
        tokens: list[str] = []
        while at < len(below) and below[at].startswith("    "):
            tokens += below[at].split()
            at += 1
        shape = tuple(int(n) for n in found[3].split(",") if n.strip())
        yield found[1], array_of(found[2], shape, tokens)
