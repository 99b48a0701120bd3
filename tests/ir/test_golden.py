"""A small network as text, before and after the passes: read these files to see the compiler at work.

The files stand in tests/golden/ir. After a change that is meant, run
``pytest --update-golden tests/ir/test_golden.py`` and review the difference.
"""

import numpy as np
import pytest
from support.golden import Golden
from support.networks import random_deep

from qcompile.ir.lower import lower
from qcompile.ir.program import Program
from qcompile.ir.text import dump
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from qcompile.passes.pipeline import optimise


def _flowers() -> Program:
    """Three binary neurons on two measurements; the last two are twins up to sign."""
    encoder = Encoder("uniform", 2, [0, 0, 4], [0, 1, 0], [4.0, 1.0, 0.0], [0.75, 1.5, 1.0], [5.8, 1.2])
    u = np.array([[1, -1, 1], [1, 1, -1], [-1, -1, 1]])
    v = np.array([[1, 1, 1], [-1, 1, 1], [-1, 1, 1]])
    return lower(
        Network(
            encoder,
            u,
            v,
            np.array([[5, -1], [2, 7], [0, 3]]),
            scale=0.125,
            classes=("setosa", "other"),
            columns=("sepal length", "petal width"),
        ),
        "flowers",
    )


@pytest.mark.parametrize(("name", "program"), (("flowers", _flowers()), ("deep", random_deep(4, layers=1))))
def test_the_text_of_a_program_before_and_after_the_passes(
    name: str, program: Program, golden: Golden
) -> None:
    best, _ = optimise(program)
    golden(f"ir/{name}.lowered.qir", dump(program))
    golden(f"ir/{name}.optimised.qir", dump(best))
