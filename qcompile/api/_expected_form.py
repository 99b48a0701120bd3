"""A form of ONNX file that cannot hold what will be trained is refused before the training."""

from __future__ import annotations

import numpy as np

from qcompile.data.table import Table
from qcompile.problem.families import FAMILIES
from qcompile.train.choices import Choices

# So many training cells must differ from the median before a column is taken to vary in every split.
SURE = 40


def expect_form(form: str, choices: Choices, table: Table | None = None) -> None:
    """Refuse a form by the settings and, once it is read, the table.

    Args:
        form: a file name of backends/onnx/forms.
        choices: training settings; where they leave a choice open, the smallest network counts.
        table: what will be trained on.

    Raises:
        UnsupportedError: there is no such form, or it cannot hold such a network.
    """
    from qcompile.backends.onnx.build import expect

    weights = choices.weights if choices.max_weight_bits is None else f"{choices.max_weight_bits}bit"
    certain = choices.encoder == "uniform" and choices.bits is not None
    top = (1 << choices.bits) - 1 if certain and choices.bits else 1
    squares = not FAMILIES[choices.family].ACTIVATION  # whose activation may be small
    inputs = _varying(table) if table is not None and squares else 0
    expect(form, weights, inputs, top)


def _varying(table: Table) -> int:
    """Columns that give at least one code each, whatever rows are drawn for the test."""
    x = np.sort(table.x[: len(table) - table.held_out], axis=0)  # missing cells last
    present = (~np.isnan(x)).sum(axis=0)
    middle = np.take_along_axis(x, np.maximum(present - 1, 0)[None] // 2, axis=0)
    return int((((x != middle) & ~np.isnan(x)).sum(axis=0) >= SURE).sum())
