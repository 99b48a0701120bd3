"""Every dot kernel equals the slow reference at sizes around every word edge."""

import numpy as np
import pytest

from qcompile import registry
from qcompile.kernels._contract import Dot, dot_reference

# Each side of every word boundary up to two words: where tail bugs live.
WIDTHS = (1, 2, 7, 8, 63, 64, 65, 127, 128, 129, 257)
KERNELS = [
    name
    for name in registry.names("qcompile.kernels")
    if getattr(registry.load("qcompile.kernels", name), "SPEC", None)
    and registry.load("qcompile.kernels", name).SPEC.level == "dot"
]
GRIDS = {"binary": (-1, 1), "ternary": (-1, 0, 1), "integer": (-15, -7, -1, 0, 3, 14)}


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("d", WIDTHS)
def test_a_dot_kernel_equals_the_reference(name: str, d: int) -> None:
    module = registry.load("qcompile.kernels", name)
    rng = np.random.default_rng(d)
    for grid in module.SPEC.weights:
        for bits in module.SPEC.input_bits:
            for m in (1, 7, 8, 9):
                form = Dot(rng.choice(GRIDS[grid], (m, d)).astype(np.int64), bits)
                top = (1 << bits) - 1
                x = rng.integers(0, top + 1, (5, d)).astype(np.uint8)
                x[0], x[1] = 0, top
                out = np.full((5, m), -1, dtype=np.int64)
                module.run(module.pack(form), x, out)
                np.testing.assert_array_equal(out, dot_reference(form, x))


def test_xnor_refuses_wider_codes_and_other_weights() -> None:
    module = registry.load("qcompile.kernels", "xnor_b1_u1")
    with pytest.raises(ValueError, match="one-bit codes, not 4-bit"):
        module.pack(Dot(np.array([[1, -1]]), 4))
    with pytest.raises(ValueError, match=r"signs\[0, 1\] is 0"):
        module.pack(Dot(np.array([[1, 0]]), 1))
