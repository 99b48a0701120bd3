"""A new method is one new file: found, chosen by its own costs, exact, and run."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from support.two_layer import form

from qcompile.kernels import method as methods
from qcompile.kernels.contract import Dot, dot_reference, two_layer_reference
from qcompile.kernels.fused import choose, dot, network
from qcompile.kernels.simd.isa import current

SHIPPED = Path(methods.__file__).parent / "subset"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A package in place of kernels/subset, with the methods that are shipped."""
    name = f"methods_of_{request.node.name.split('[')[0]}"
    package = tmp_path / name
    package.mkdir()
    for path in SHIPPED.glob("*.py"):
        (package / path.name).write_text(path.read_text())
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(methods, "METHODS", name)
    choose.shipped.cache_clear()
    choose.calibrated.cache_clear()
    yield package
    choose.shipped.cache_clear()
    choose.calibrated.cache_clear()
    for module in [module for module in sys.modules if module.startswith(name)]:
        del sys.modules[module]


def test_a_copy_under_a_new_name_is_chosen_by_its_costs_exact_and_run(folder: Path) -> None:
    isa = current()
    costs = f'costs={{"{isa.name}": Costs(single=(1e-9, 1e-9), batch=(1e-9, 1e-9))}},'
    text = (folder / "popcount.py").read_text()
    text, found = re.subn(r"costs=\{.*?^    \},", costs, text, flags=re.M | re.S)
    assert found == 1
    (folder / "newer.py").write_text(text)
    assert "newer" in methods.names()
    codes = np.random.default_rng(0).integers(0, 16, (9, 70)).astype(np.uint8)
    product = Dot(np.random.default_rng(1).choice([-3, -1, 1, 3], (17, 70)), 4)
    out = np.full((9, 17), -1, np.int64)
    dot.fill(dot.pack(product, "newer"), codes, out)
    np.testing.assert_array_equal(out, dot_reference(product, codes))

    net = form(40, 12, 4)
    state = network.pack(net)
    assert (state.single.method, state.batch.method) == ("newer", "newer")
    x = np.random.default_rng(2).normal(0, 2, (9, 40)).astype(np.float32)
    for n in (1, 9):
        scores = np.full((n, 1), -1, np.int64)
        network.run(state, x[:n], scores)
        np.testing.assert_array_equal(scores, two_layer_reference(net, x[:n]))
    assert "single rows by newer" in network.explain(state)


def test_a_file_without_a_method_is_refused_by_name(folder: Path) -> None:
    (folder / "empty.py").write_text("")
    with pytest.raises(TypeError, match=r"\.empty defines no METHOD: a LanesMethod or a TileMethod"):
        methods.load("empty")
