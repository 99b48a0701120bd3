"""The flash map is exact: its parts add up to the sections, and every operation owns its bytes."""

from __future__ import annotations

import numpy as np
import pytest

from qcompile.backends.c99.build import build
from qcompile.cost.counted import counted
from qcompile.cost.flash_map import flash_rows, owner
from qcompile.cost.rows import CostReport
from qcompile.ir.lower import lower
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from qcompile.passes.pipeline import optimise
from qcompile.run.emulate.image import Image
from qcompile.targets.schema import load_target


def artifact(name: str = "cortex-m4"):
    rng = np.random.default_rng(0)
    d, m = 24, 6
    encoder = Encoder(
        "uniform", 1, [1] * (d - 1) + [4], [*range(d - 1), 0], *np.full((2, d), 0.5), np.zeros(d - 1)
    )
    u, v = rng.choice([-1, 1], (2, m, d))
    network = Network(encoder, u, v, rng.integers(-9, 10, (m, 3)), 0.5, classes=("a", "b", "c"))
    target = load_target(name)
    return build(optimise(lower(network), target)[0], target), target


def test_what_no_symbol_covers_is_the_rest() -> None:
    made, _ = artifact()
    functions = dict(made.provenance["functions"])
    first = next(iter(functions))
    label = first.removeprefix("model_dot_")
    image = Image(
        (),
        {first: (0, 100), "model_encode": (100, 40), "__aeabi_fmul": (140, 10)},
        {".text": 160, ".rodata": 64, ".bss": 4},
        "",
        {f"model_w_{label}": 60},
    )
    found = {(r.quantity, r.operation): r.expected for r in flash_rows(made, image)}
    assert found == {
        ("text", functions[first]): 100, ("text", "encode"): 40, ("text", "runtime"): 10,
        ("text", "rest"): 10, ("text", "total"): 160,
        ("rodata", functions[first]): 60, ("rodata", "rest"): 4, ("rodata", "total"): 64,
    }  # fmt: skip
    assert owner("qc_int8_dot", made) == "tables" and owner("model_label", made) == "call"


@pytest.mark.parametrize("name", ["cortex-m4", "cortex-m0plus"])
def test_the_parts_of_a_linked_image_add_up_to_its_flash(name: str) -> None:
    for package in ("ziglang", "unicorn", "capstone", "elftools"):
        pytest.importorskip(package, reason="counting needs qcompile[edge]")
    made, target = artifact(name)
    report: CostReport = counted(made, target, np.zeros(23, np.float32))
    parts = [r.expected for q in ("text", "rodata") for r in report.select(q) if r.operation != "total"]
    sections = [r.expected for q in ("text", "rodata") for r in report.select(q, operation="total")]
    (flash,) = report.select("flash")
    assert sum(parts) == sum(sections) == flash.expected - report.select("data")[0].expected
    ram = sum(report.select(q)[0].expected for q in ("data", "scratch", "stack"))
    assert report.select("ram")[0].expected == ram
