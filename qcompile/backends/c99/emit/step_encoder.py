"""The step encoder in C: a binary search per column, in float32 or in integer keys of floats.

Cores without float instructions, and steps at infinity, compare keys (model/float_order.py). NaN
becomes the column's fill first, so do not compile with -ffast-math.
"""

from __future__ import annotations

import numpy as np

from qcompile.backends.c99.emit.data import array, float_text
from qcompile.backends.c99.emit.encoder import NAN_TEST
from qcompile.model.float_order import key_of
from qcompile.model.step_encoder import StepEncoder


def step_encoder_code(prefix: str, encoder: StepEncoder, hard_float: bool, function: str) -> tuple[str, str]:
    """Constant arrays, and ``void FUNCTION(const float *x, uint8_t *codes)``."""
    rows, count = encoder.steps.shape
    keyed = not hard_float or not np.isfinite(encoder.steps).all()
    ctype = "int32_t" if keyed else "float"
    constants = array(ctype, f"{prefix}_steps", key_of(encoder.steps) if keyed else encoder.steps)
    first = int(encoder.feature[0]) if encoder.width else 0
    if np.array_equal(encoder.feature, first + np.arange(encoder.width)):
        read = f"{f'{first}U + ' if first else ''}i"
    else:
        n = encoder.features
        index = "uint8_t" if n <= 256 else "uint16_t" if n <= 65536 else "int32_t"
        constants += array(index, f"{prefix}_steps_feature", encoder.feature)
        read = f"{prefix}_steps_feature[i]"
    fill = encoder.fill[encoder.feature]
    fills = key_of(fill) if keyed else fill
    if len(np.unique(fill)) <= 1:
        value = fills[0] if encoder.width else 0
        filled = f"({int(value)})" if keyed else float_text(float(value))
    else:
        constants += array(ctype, f"{prefix}_steps_fill", fills)
        filled = f"{prefix}_steps_fill[i]"
    load = f"qc_float_key(x[{read}])" if keyed else f"x[{read}]"
    missing = "(v > QC_KEY_INFINITE) || (v < -QC_KEY_INFINITE)" if keyed else NAN_TEST
    steps = f"{prefix}_steps" if rows == 1 else f"&{prefix}_steps[i * {count}U]"
    unused = "" if encoder.width else "    (void)x;\n    (void)codes;\n"
    body = f"""void {function}(const float *x, uint8_t *codes)
{{
    size_t i;
{unused}    for (i = 0U; i < {encoder.width}U; ++i) {{ /* steps reached */
        const {ctype} *steps = {steps};
        {ctype} v = {load};
        size_t low = 0U, left = {count}U;
        v = ({missing}) ? {filled} : v;
        while (left > 1U) {{
            size_t half = left / 2U;
            low = (v >= steps[low + half - 1U]) ? low + half : low;
            left -= half;
        }}
        codes[i] = (uint8_t)(low + ((v >= steps[low]) ? 1U : 0U));
    }}
}}
"""
    return constants, body
