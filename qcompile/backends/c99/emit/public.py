"""The functions of model.c that turn scores into what a user asks for: class, values, prediction."""

from __future__ import annotations

from qcompile.backends.c99.emit.data import array, float_text
from qcompile.ir.ops import Encode, Op, Scale
from qcompile.ir.program import Program


def decision(prefix: str, scores: int) -> str:
    """``PREFIX_label``: class index of exact scores."""
    head = f"\nint32_t {prefix}_label(const {prefix}_score_t *scores)\n{{\n"
    if scores == 1:
        return head + "    return (scores[0] >= 0) ? 1 : 0;\n}\n"
    return head + (
        "    int32_t best = 0;\n    int32_t k;\n\n"
        f"    for (k = 1; k < {scores}; ++k) {{\n        if (scores[k] > scores[best]) {{\n"
        "            best = k;\n        }\n    }\n    return best;\n}\n"
    )


def values(ops: tuple[Op, ...], prefix: str, value_type: str) -> str:
    """``PREFIX_values``: score * scale + offset, one operation per step, so that nothing is contracted."""
    op = next((o for o in ops if isinstance(o, Scale)), None)
    if op is None:
        return ""
    constants, lines = "", []
    for label, sign, numbers in (("scale", "*", op.scale), ("offset", "+", op.offset)):
        if len(set(numbers.tolist())) == 1:
            number = float(numbers[0])
            text = float_text(number) if value_type == "float" else repr(number)
        else:
            constants += array(value_type, f"{prefix}_{label}", numbers)
            text = f"{prefix}_{label}[k]"
        idle = label == "offset" and not numbers.any() and (op.scale > 0).all()  # no -0 that + 0 would undo
        lines.append("" if idle else f"        value = value {sign} {text};\n")
    constants = constants and f"\n{constants}"
    return (
        f"{constants}\nvoid {prefix}_values(const {prefix}_score_t *scores, {prefix}_value_t *values)\n{{\n"
        f"    size_t k;\n\n    for (k = 0U; k < {prefix.upper()}_SCORES; ++k) {{\n"
        f"        {value_type} value = ({value_type})scores[k];\n{''.join(lines)}"
        f"        values[k] = value;\n    }}\n}}\n"
    )


def predict(program: Program, prefix: str, codes: str, slim: bool) -> str:
    """``PREFIX_predict``, ``_predict_from_codes`` and ``_predict_slim``: everything in one call."""
    text = ""
    ways = [("predict_from_codes", codes, "codes", "scores_from_codes")]
    if any(isinstance(op, Encode) for op in program.ops):
        ways.append(("predict", "const float *x", "x", "scores"))
    if slim:
        ways.append(("predict_slim", "const float *x", "x", "scores_slim"))
    for name, row, variable, function in ways:
        call = f"    {prefix}_score_t scores[{prefix.upper()}_SCORES];\n\n"
        call += f"    {prefix}_{function}({variable}, scores, scratch);\n"
        if "label" in program.outputs:
            text += f"\nint32_t {prefix}_{name}({row}, {prefix}_scratch *scratch)\n"
            text += f"{{\n{call}    return {prefix}_label(scores);\n}}\n"
        elif any(isinstance(op, Scale) for op in program.ops):
            text += f"\nvoid {prefix}_{name}({row}, {prefix}_value_t *values, {prefix}_scratch *scratch)\n"
            text += f"{{\n{call}    {prefix}_values(scores, values);\n}}\n"
    return text
