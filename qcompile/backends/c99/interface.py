"""What the C files say about a model: names, types, sizes and functions, ready to be printed.

Every text here that came from a person or a file has passed ``names.py``: it can end no comment, no
string and no line.
"""

from __future__ import annotations

from dataclasses import dataclass

from qcompile.backends.c99.emit.source import Member, Source
from qcompile.backends.c99.inputs import Inputs, inputs_of
from qcompile.backends.c99.names import comment, literal
from qcompile.backends.c99.plan.plan import Plan
from qcompile.ir.ops import Encode, Scale
from qcompile.model.offsets import offsets_said

BYTES = {
    "int64_t": 8, "uint64_t": 8, "double": 8, "int32_t": 4, "uint32_t": 4, "int16_t": 2, "int8_t": 1,
    "uint8_t": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """A macro of the header; name and count are padded, so that a block of them stands in columns."""

    name: str
    count: str
    what: str


@dataclass(frozen=True)
class Way:
    """One way to hand over a row: what it is, its C parameter, and the suffix of the functions for it."""

    what: str
    row: str
    suffix: str


@dataclass(frozen=True)
class Interface:
    """A model as its C files present it.

    Attributes:
        prefix: of every external name; a C identifier.
        upper: the prefix of its macros.
        title: the model's name, for comments.
        reads_floats: a row is raw floats; else it is integer codes.
        classifies: there is a class index; else there are values only.
        scores: number of scores of a row.
        score_type: C type of a score.
        score_range: its least and largest value.
        value_type: C type of a value, "" where the program has none.
        classes: class names as C string literals; empty where there are none or no class index.
        row_type: C type of an element of a row.
        row_length: macro with the length of a row.
        suffix: of the functions that take such a row.
        ways: every way to hand over a row, the preferred one first.
        sizes: macros of the header.
        members: arrays of the scratch structure, in order of falling alignment.
        scratch_bytes: its size.
        inputs: names and codes of the elements of a row.
        offsets: sentences on columns that are read as differences.
        word_bits: of a packed word.
        dsp: the core has the DSP instructions.
        compares_nan: missing cells are recognised by a comparison that -ffast-math removes.
        headers: kernel headers that the code includes, in order.
        code: constants and functions.
    """

    prefix: str
    upper: str
    title: str
    reads_floats: bool
    classifies: bool
    scores: int
    score_type: str
    score_range: tuple[int, int]
    value_type: str
    classes: tuple[str, ...]
    row_type: str
    row_length: str
    suffix: str
    ways: tuple[Way, ...]
    sizes: tuple[Size, ...]
    members: tuple[Member, ...]
    scratch_bytes: int
    inputs: Inputs
    offsets: tuple[str, ...]
    word_bits: int
    dsp: bool
    compares_nan: bool
    headers: tuple[str, ...]
    code: str


def interface_of(plan: Plan, source: Source, prefix: str) -> Interface:
    """The interface of a planned program and its code."""
    program, upper = plan.program, prefix.upper()
    score = program.outputs["scores"]
    encode = next((op for op in program.ops if isinstance(op, Encode)), None)
    classifies = "label" in program.outputs
    classes = tuple(map(literal, program.classes)) if classifies else ()
    codes = Way("Codes", f"const {plan.types[plan.codes]} *codes", "_from_codes")
    slim = Way("Slim row", "const float *x", "_slim")
    inputs = inputs_of(program)
    raw = Way("Raw row (NaN: missing cell)", "const float *x", "")
    offsets = offsets_said(program.metadata.get("provenance", {})) if encode else ()
    return Interface(
        prefix=prefix,
        upper=upper,
        title=comment(program.name),
        reads_floats=encode is not None,
        classifies=classifies,
        scores=program[score].type.length,
        score_type=plan.types[score],
        score_range=plan.ranges[score],
        value_type=source.value_type if any(isinstance(op, Scale) for op in program.ops) else "",
        classes=classes,
        row_type="float" if encode else plan.types[plan.codes],
        row_length=f"{upper}_FEATURES" if encode else f"{upper}_INPUTS",
        suffix="" if encode else "_from_codes",
        ways=(*([raw] if encode else []), *([slim] if inputs.slim else []), codes),
        sizes=_sizes(plan, prefix, encode, len(classes), scratch_bytes(source), len(inputs.slim)),
        members=_members(source),
        scratch_bytes=scratch_bytes(source),
        inputs=inputs,
        offsets=tuple(map(comment, offsets)),
        word_bits=source.word_bits,
        dsp=source.dsp,
        compares_nan=source.compares_nan,
        headers=source.headers,
        code=source.text,
    )


def scratch_bytes(source: Source) -> int:
    """Size of the scratch structure: members stand in order of falling alignment, one byte at least."""
    widths = [BYTES[m.ctype] for m in _members(source)]
    total = sum(width * m.length for width, m in zip(widths, source.members, strict=True)) or 1
    widest = max(widths, default=1)
    return -(-total // widest) * widest


def _members(source: Source) -> tuple[Member, ...]:
    """The members with packed words spelled as the header, which knows no ``qc_word``, spells them."""
    word = f"uint{source.word_bits}_t"
    return tuple(
        Member(word if m.ctype == "qc_word" else m.ctype, m.name, m.length, m.what) for m in source.members
    )


def _sizes(
    plan: Plan, prefix: str, encode: Encode | None, classes: int, scratch: int, slim: int
) -> tuple[Size, ...]:
    program = plan.program
    low, high = plan.ranges[plan.codes]
    rows = [("INPUTS", program[plan.codes].type.length, f"integer codes of a row, each {low} to {high}")]
    if encode is not None:
        rows.insert(0, ("FEATURES", encode.encoder.features, "raw floats of a row"))
    if slim:
        rows.insert(1, ("SLIM", slim, "raw floats of a slim row: what the model reads"))
    rows.append(("SCORES", program[program.outputs["scores"]].type.length, "scores of a row"))
    if classes:
        rows.append(("CLASSES", classes, "class indices are 0 to this less 1"))
    rows.append(("SCRATCH_BYTES", scratch, f"sizeof({prefix}_scratch)"))
    width = max(len(name) for name, _, _ in rows)
    digits = max(len(str(n)) for _, n, _ in rows) + 1
    return tuple(Size(name.ljust(width), f"{n}U".ljust(digits), what) for name, n, what in rows)
