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
An image has positions too: u4[8x8x16]. Constants follow as constants_text.py writes them.
Lines that start with # and blank lines are skipped. Free text is JSON, so the file is ASCII.
``dump`` is canonical: two programs are the same exactly where their texts are.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from qcompile.errors import CompileError, ModelError, newer_version
from qcompile.ir.constants_text import LARGEST, read_constants
from qcompile.ir.operation import Op
from qcompile.ir.ops import find, words
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.json_records import Json

NEWEST = 1
HEADER = f"qcompile-ir {NEWEST}"
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
NAME = r'%(?:[A-Za-z_][A-Za-z0-9_.]*|"(?:[^"\\]|\\.)*")'
OPERATION = re.compile(rf"({NAME}) : (\S+) = (\w+)((?: {NAME})*)(?: (\{{.*\}}))?")


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
    later = re.fullmatch(r"qcompile-ir (\d{1,9})", lines[0].text) if lines else None
    if later and int(later[1]) > NEWEST:
        raise ModelError(newer_version("the program text", int(later[1]), NEWEST))
    if not lines or lines[0].text != HEADER:
        raise ModelError(f"a program text starts with {HEADER!r}, this one with {text[:30]!r}.")
    facts: Json = {"name": "model", "classes": [], "columns": [], "metadata": {}}
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
    head = f"{_name(op.result)} : {op.type} = {op.word()}"
    head += "".join(f" {_name(a)}" for a in op.operands)
    return [head + (f" {json.dumps(op.notes, sort_keys=True)}" if op.notes else ""), *op.text()]


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
    kind = find(found[3]) if found else None
    if not found or kind is None:
        raise ValueError(f"{line.text[:60]!r} is not an operation; known: {', '.join(words())}.")
    made = ValueType.parse(found[2])
    if made.length > LARGEST:
        raise ValueError(f"{made} has more than {LARGEST} elements.")
    operands = [_unname(name) for name in re.findall(NAME, found[4])]
    notes = _fact(found[5], {}) if found[5] else {}
    return kind.parsed(_unname(found[1]), made, operands, dict(read_constants(line.below)), notes)
