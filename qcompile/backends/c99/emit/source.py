"""model.c: constants, one function per dot, and the public functions, from a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qcompile.backends.c99.emit.dots import dot_code
from qcompile.backends.c99.emit.encoder import NAN_TEST, encoder_code
from qcompile.backends.c99.emit.loops import Where, elementwise, wide
from qcompile.backends.c99.emit.neon import padded_rows
from qcompile.backends.c99.emit.public import decision, predict, values
from qcompile.backends.c99.emit.step_encoder import step_encoder_code
from qcompile.backends.c99.names import comment
from qcompile.backends.c99.plan.plan import Plan, WideDot
from qcompile.backends.c99.plan.reads import features_read, slim_encoder
from qcompile.backends.c99.plan.types import CodeDot, DotCode
from qcompile.ir.ops import Encode, Threshold
from qcompile.model.encoder import Encoder
from qcompile.model.step_encoder import StepEncoder
from qcompile.targets.schema import Target

HEADERS = (
    "qc_base.h", "qc_float_key.h", "qc_pack.h", "qc_adders.h", "qc_neon.h", "qc_lut.h", "qc_int8.h",
    "qc_threshold.h",
)  # fmt: skip
KERNELS = {
    "xnor": "bits counted a word at a time",
    "lut": "table lookup, eight weights at a time",
    "int8": "multiply-accumulate of bytes",
}
SIZES = {"double": 8, "int64_t": 8, "qc_word": 8, "int32_t": 4, "int16_t": 2}


@dataclass(frozen=True)
class Member:
    """One array of the scratch structure."""

    ctype: str
    name: str
    length: int
    what: str


@dataclass(frozen=True)
class Source:
    """Text of model.c after its includes, with what the header needs to know.

    ``members`` make up the scratch structure, in order of falling alignment; ``compares_nan`` says that
    a missing cell is recognised by a comparison of floats, and not in integers.
    """

    text: str
    headers: tuple[str, ...]
    members: tuple[Member, ...]
    value_type: str
    word_bits: int
    dsp: bool
    compares_nan: bool


def make_source(plan: Plan, prefix: str, target: Target | None) -> Source:
    """Everything model.c holds."""
    features = target.features if target is not None else frozenset()
    word_bits = target.word_bits if target is not None else 32
    counter = "neon" if plan.neon else "native" if {"popcnt", "zbb"} & features else "adders"
    program = plan.program
    score = program.outputs["scores"]
    scores = program[score].type.length
    value_type = "double" if "f64" in features else "float"

    dots: dict[str, DotCode] = {}
    constants, functions = [], []
    shared: dict[str, str] = {}
    for step in plan.steps:
        if isinstance(step, CodeDot):
            r = step.op.result
            code = dot_code(prefix, plan.label(r), step, plan.types[r], counter, word_bits, r == score)
            dots[r] = code
            what = _described(step, plan)
            constants.append(_commented(f"Weights of {_named(r, plan)}.", code.constants))
            shared |= code.functions
            functions.append(_commented(what, code.function))
    members = _members(plan, dots, score)
    where = Where(plan, score)
    body: list[str] = []
    for step in plan.steps:
        if isinstance(step, CodeDot):
            body.append(_run_dot(step, dots, plan, where))
            continue
        if isinstance(step, WideDot):
            result, (constant, text) = step.op.result, wide(step, plan, prefix, where)
        else:
            result, (constant, text) = step.result, elementwise(step, plan, prefix, where)
        constants.append(_commented(f"Constants of {comment(result)}.", constant))
        body.append(f"\n    /* {comment(result)} */\n{text}")
    encode = next((op for op in program.ops if isinstance(op, Encode)), None)
    read = features_read(program)
    encoder, slim = "", ""
    if encode is not None:
        constant, encoder = _encoder(prefix, encode.encoder, target, f"{prefix}_encode")
        encoder = f"QC_OPERATION {encoder}"
        constants.append(_commented("Constants of the encoder.", constant))
        if 0 < len(read) < encode.encoder.features:
            lean = slim_encoder(encode.encoder, read)
            constant, function = _encoder(f"{prefix}_slim", lean, target, f"{prefix}_encode_slim")
            constant = _commented("Constants of the encoder of slim rows.", constant)
            slim = f"\n{constant}\nQC_OPERATION static {function}"
    steps = "".join(body).lstrip("\n")
    declare = "    size_t i;\n" if "(i = " in steps else ""
    unused = "" if "scratch->" in steps else "    (void)scratch;\n"
    space = "\n" if declare or unused else ""
    codes = f"const {plan.types[plan.codes]} *codes"
    text = "\n".join(c for c in constants if c) + "\n" + "\n".join([*shared.values(), *functions])
    text += (
        f"\n{encoder}\nvoid {prefix}_scores_from_codes({codes}, {prefix}_score_t *scores, "
        f"{prefix}_scratch *scratch)\n{{\n{declare}{unused}{space}{steps}}}\n"
    )
    if encode is not None:
        text += _from_floats(prefix, "")
    if slim:
        text += slim + _from_floats(prefix, "_slim")
    if "label" in program.outputs:
        text += decision(prefix, scores)
    text += values(program.ops, prefix, value_type)
    text += predict(program, prefix, codes, bool(slim))
    headers = {"qc_base.h"} | {h for d in dots.values() for h in d.headers}
    if any(isinstance(s, Threshold) for s in plan.steps):
        headers.add("qc_threshold.h")
    if "qc_float_key(" in encoder:
        headers.add("qc_float_key.h")
    if "qc_reached32(" in encoder:
        headers.add("qc_threshold.h")
    used = tuple(h for h in HEADERS if h in headers)
    return Source(text, used, members, value_type, word_bits, "dsp" in features, NAN_TEST in encoder)


def _encoder(
    prefix: str, encoder: Encoder | StepEncoder, target: Target | None, function: str
) -> tuple[str, str]:
    """Constant arrays and the function of either kind of encoder."""
    if isinstance(encoder, StepEncoder):
        hard_float = target is not None and "f32" in target.features
        return step_encoder_code(prefix, encoder, hard_float, function)
    return encoder_code(prefix, encoder, target, function)


def _from_floats(prefix: str, suffix: str) -> str:
    """``PREFIX_scores``, or ``PREFIX_scores_slim``: encode a row, then use its codes."""
    parameters = f"const float *x, {prefix}_score_t *scores, {prefix}_scratch *scratch"
    return (
        f"\nvoid {prefix}_scores{suffix}({parameters})\n"
        f"{{\n    {prefix}_encode{suffix}(x, scratch->codes);\n"
        f"    {prefix}_scores_from_codes(scratch->codes, scores, scratch);\n}}\n"
    )


def _commented(what: str, text: str) -> str:
    return f"/* {what} */\n{text}" if text else ""


def _named(value: str, plan: Plan) -> str:
    held = [comment(name) for name in plan.together.get(value, [value])]
    return f"{', '.join(held[:-1])} and {held[-1]}" if held[1:] else held[0]


def _described(step: CodeDot, plan: Plan) -> str:
    """What a dot's function computes, for the comment above it."""
    rows, d = step.op.weight.shape
    spans = [plan.ranges[name] for name in plan.together[step.op.result]]
    low, high = min(s[0] for s in spans), max(s[1] for s in spans)
    scale = "" if step.scale == 1 else f"{step.scale} "
    return (
        f"{_named(step.op.result, plan)}: {scale}W c + k of {d} codes c, {rows} rows, "
        f"{KERNELS[step.kernel]};\n"
        f" * results lie in {low} .. {high}."
    )


def _members(plan: Plan, dots: dict[str, DotCode], score: str) -> tuple[Member, ...]:
    members: list[Member] = []
    if any(isinstance(op, Encode) for op in plan.program.ops):
        members.append(Member("uint8_t", "codes", plan.program[plan.codes].type.length, "the encoded row"))
    words = max((d.plane_words for d in dots.values()), default=0)
    if words:
        members.append(Member("qc_word", "planes", words, "codes as bit planes"))
    centred = max((d.centred for d in dots.values()), default=0)
    if centred:
        members.append(Member("int8_t", "centred", centred, "codes less 128"))
    for table in sorted({d.table for d in dots.values() if d.table}):
        members.append(Member(table, _table(table), 1024, "lookup tables of 32 codes"))
    steps = {s.op.result: s for s in plan.steps if isinstance(s, CodeDot)}
    for name, ctype in plan.types.items():
        if name in (score, plan.codes):
            continue
        length = len(steps[name].op.weight) if name in steps else plan.program[name].type.length
        if name in dots and plan.neon and steps[name].kernel != "lut":
            length = padded_rows(length)
        members.append(Member(ctype, plan.names[name], max(1, length), _named(name, plan)))
    return tuple(sorted(members, key=lambda m: -SIZES.get(m.ctype, 1)))


def _table(ctype: str) -> str:
    return f"table_{ctype[3:5].rstrip('_')}"


def _run_dot(step: CodeDot, dots: dict[str, DotCode], plan: Plan, where: Where) -> str:
    """The call of a dot, after its planes or bytes; members are shared by all sources."""
    code = dots[step.op.result]
    d = step.op.weight.shape[1]
    codes, text = where(step.source), ""
    if code.plane_words and _is_new(step, [s for s in _dots(plan) if dots[s.op.result].plane_words]):
        words = code.plane_words // step.bits
        text = f"    qc_pack_planes({codes}, {d}U, {step.bits}U, {words}U, scratch->planes);\n"
    if code.centred and _is_new(step, [s for s in _dots(plan) if dots[s.op.result].centred]):
        text = f"    qc_neon_centre({codes}, {d}U, {code.centred}U, scratch->centred);\n"
    call = code.call.format(
        codes=codes,
        planes="scratch->planes",
        centred="scratch->centred",
        table=f"scratch->{_table(code.table)}",
        out=where(step.op.result),
    )
    return text + f"    {call}\n"


def _dots(plan: Plan) -> Sequence[CodeDot]:
    return [s for s in plan.steps if isinstance(s, CodeDot)]


def _is_new(step: CodeDot, alike: Sequence[CodeDot]) -> bool:
    at = next(k for k, s in enumerate(alike) if s is step)
    return at == 0 or alike[at - 1].source != step.source
