"""model.c: constants, one function per dot, and the public functions, from a plan."""

from __future__ import annotations

from dataclasses import dataclass

from qcompile.backends._c99_data import array
from qcompile.backends._c99_dots import DotCode, dot_code
from qcompile.backends._c99_encoder import encoder_code
from qcompile.backends._c99_loops import Where, elementwise, wide
from qcompile.backends._c99_plan import Plan, WideDot
from qcompile.backends._c99_plan_types import CodeDot
from qcompile.backends._c99_step_encoder import step_encoder_code
from qcompile.data.step_encoder import StepEncoder
from qcompile.ir.ops import Encode, Op, Scale, Threshold
from qcompile.targets.schema import Target

__all__ = ["Source", "make_source"]


@dataclass(frozen=True)
class Source:
    """Text of model.c after its includes, with what the header needs to know.

    ``members`` are (C type, name, length) of the scratch structure.
    """

    text: str
    headers: tuple[str, ...]
    members: tuple[tuple[str, str, int], ...]
    score_type: str
    value_type: str
    word_bits: int
    dsp: bool


def make_source(plan: Plan, prefix: str, target: Target | None) -> Source:
    """Everything model.c holds."""
    features = target.features if target is not None else frozenset()
    word_bits = target.word_bits if target is not None else 32
    neon = "neon" in features and word_bits == 64
    counter = "neon" if neon else "native" if {"popcnt", "zbb"} & features else "adders"
    program = plan.program
    score = program.outputs["scores"]
    scores = program[score].type.length
    score_type = plan.types.get(score, "int32_t")
    value_type = "double" if "f64" in features else "float"

    dots: dict[str, DotCode] = {}
    for step in plan.steps:
        if isinstance(step, CodeDot):
            r = step.op.result
            dots[r] = dot_code(prefix, plan.names[r], step, plan.types[r], counter, word_bits)
    members = _members(plan, dots, score)
    constants = [d.constants for d in dots.values()]
    shared = {name: text for d in dots.values() for name, text in d.functions.items()}
    functions = [*shared.values(), *(d.function for d in dots.values())]
    body: list[str] = []
    for step in plan.steps:
        where = Where(plan, score)
        if isinstance(step, CodeDot):
            body.append(_run_dot(step, dots, plan, where))
        elif isinstance(step, WideDot):
            constant, text = wide(step, plan, prefix, where)
            constants.append(constant)
            body.append(text)
        else:
            constant, text = elementwise(step, plan, prefix, where)
            constants.append(constant)
            body.append(text)
    encode = next((op for op in program.ops if isinstance(op, Encode)), None)
    encoder = ""
    if encode is not None:
        hard_float = target is not None and "f32" in features
        if isinstance(encode.encoder, StepEncoder):
            constant, encoder = step_encoder_code(prefix, encode.encoder, hard_float)
        else:
            constant, encoder = encoder_code(prefix, encode.encoder, hard_float)
        constants.append(constant)
    upper = prefix.upper()
    steps = "".join(body)
    declare = "    size_t i;\n" if "(i = 0U" in steps else ""
    unused = "" if "scratch->" in steps else "    (void)scratch;\n"
    text = "\n".join(c for c in constants if c) + "\n" + "\n".join(functions)
    text += (
        f"\n{encoder}\nvoid {prefix}_scores_from_codes(const {plan.types[plan.codes]} *codes, "
        f"{prefix}_score_t *scores, {prefix}_scratch *scratch)\n{{\n{declare}{unused}{steps}}}\n"
    )
    if encode is not None:
        text += (
            f"\nvoid {prefix}_scores(const float *x, {prefix}_score_t *scores, {prefix}_scratch *scratch)\n"
            f"{{\n    {prefix}_encode(x, scratch->codes);\n"
            f"    {prefix}_scores_from_codes(scratch->codes, scores, scratch);\n}}\n"
        )
    if "label" in program.outputs:
        text += _decision(prefix, scores)
    text += _values(program.ops, prefix, upper, value_type)
    headers = {"qc_base.h"} | {h for d in dots.values() for h in d.headers}
    if any(isinstance(s, Threshold) for s in plan.steps):
        headers.add("qc_threshold.h")
    if "qc_float_key(" in encoder:
        headers.add("qc_float_key.h")
    order = (
        "qc_base.h",
        "qc_float_key.h",
        "qc_pack.h",
        "qc_adders.h",
        "qc_neon.h",
        "qc_lut.h",
        "qc_int8.h",
        "qc_threshold.h",
    )
    used = tuple(h for h in order if h in headers)
    return Source(text, used, members, score_type, value_type, word_bits, "dsp" in features)


def _members(plan: Plan, dots: dict[str, DotCode], score: str) -> tuple[tuple[str, str, int], ...]:
    found: list[tuple[str, str, int]] = []
    if any(isinstance(op, Encode) for op in plan.program.ops):
        found.append(("uint8_t", "codes", plan.program[plan.codes].type.length))
    words = max((d.plane_words for d in dots.values()), default=0)
    if words:
        found.append(("qc_word", "planes", words))
    tables = {d.table for d in dots.values() if d.table}
    found += [(t, f"table_{t[3:5].rstrip('_')}", 1024) for t in sorted(tables)]
    lengths = {s.op.result: len(s.op.weight) for s in plan.steps if isinstance(s, CodeDot)}
    for name, ctype in plan.types.items():
        if name not in (score, plan.codes):
            found.append((ctype, plan.names[name], max(1, lengths.get(name, plan.program[name].type.length))))
    widest = {"double": 8, "int64_t": 8, "qc_word": 8, "int32_t": 4, "int16_t": 2}
    return tuple(sorted(found, key=lambda m: -widest.get(m[0], 1)))


def _run_dot(step: CodeDot, dots: dict[str, DotCode], plan: Plan, where: Where) -> str:
    code = dots[step.op.result]
    d = step.op.weight.shape[1]
    text = ""
    if code.plane_words:
        # Planes of one source are packed once; the member is shared, so a new source packs again.
        earlier = [s for s in plan.steps if isinstance(s, CodeDot) and dots[s.op.result].plane_words]
        at = earlier.index(step)
        if at == 0 or earlier[at - 1].source != step.source:
            words = code.plane_words // step.bits
            text = (
                f"    qc_pack_planes({where(step.source)}, {d}U, {step.bits}U, {words}U, scratch->planes);\n"
            )
    call = code.call.format(
        codes=where(step.source),
        planes="scratch->planes",
        table=f"scratch->table_{code.table[3:5].rstrip('_')}",
        out=where(step.op.result),
    )
    return text + f"    {call}\n"


def _decision(prefix: str, scores: int) -> str:
    head = f"\nint32_t {prefix}_label(const {prefix}_score_t *scores)\n{{\n"
    if scores == 1:
        return head + "    return (scores[0] >= 0) ? 1 : 0;\n}\n"
    return head + (
        "    int32_t best = 0;\n    int32_t k;\n"
        f"    for (k = 1; k < {scores}; ++k) {{\n        if (scores[k] > scores[best]) {{\n"
        "            best = k;\n        }\n    }\n    return best;\n}\n"
    )


def _values(ops: tuple[Op, ...], prefix: str, upper: str, value_type: str) -> str:
    op = next((o for o in ops if isinstance(o, Scale)), None)
    if op is None:
        return ""
    constants = ""
    parts = []
    for label, values in (("scale", op.scale), ("offset", op.offset)):
        constants += array(value_type, f"{prefix}_{label}", values)
        parts.append(f"{prefix}_{label}[k]")
    return (
        f"\n{constants}\nvoid {prefix}_values(const {prefix}_score_t *scores, {prefix}_value_t *values)\n{{\n"
        f"    size_t k;\n    for (k = 0U; k < {upper}_SCORES; ++k) {{\n"
        f"        {value_type} value = ({value_type})scores[k];\n        value = value * {parts[0]};\n"
        f"        value = value + {parts[1]};\n        values[k] = value;\n    }}\n}}\n"
    )
