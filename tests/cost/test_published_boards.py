"""What others measured on boards lies in the interval that users are shown, and near the prediction.

The quick test takes one board, the slow one all five; the table is printed by
tests/bench/bench_mlperf_tiny.py.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from qcompile.targets.schema import load_target


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    for package in ("ziglang", "unicorn", "capstone", "elftools"):
        pytest.importorskip(package, reason="counting needs qcompile[edge]")
    path = Path(__file__).parents[1] / "bench" / "bench_mlperf_tiny.py"
    spec = importlib.util.spec_from_file_location("bench_mlperf_tiny", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ratio(bench: ModuleType, board: tuple) -> float:
    """Published over priced cycles; checks that the published figures lie in the shown intervals."""
    name, target, _, ms, uj, _ = board
    row = np.random.default_rng(1).integers(0, 256, bench.LAYERS[0])
    cycles, _, shown = bench.priced(target, bench.anomaly_detector(), row)
    for quantity, published, per in (("latency", ms, 1e3), ("energy", uj, 1.0)):
        if published is not None:
            _, low, high = bench.interval(shown, quantity, per)
            assert low <= published <= high, name
    return ms * 1e3 * load_target(target).clock_mhz.expected / cycles


@pytest.mark.slow
def test_every_board_is_predicted_within_15_percent_from_the_other_chips(bench: ModuleType) -> None:
    ratios = {board[0]: ratio(bench, board) for board in bench.PUBLISHED}
    for board, mine in ratios.items():
        others = [np.log(r) for b, r in ratios.items() if b.split()[0] != board.split()[0]]
        assert abs(np.exp(np.mean(others)) / mine - 1) <= 0.15, board
    mean = np.exp(np.mean(np.log(list(ratios.values()))))
    for board in bench.PUBLISHED:  # the shipped factor is the one that these boards give
        assert load_target(board[1]).cycles["scale"].expected == pytest.approx(mean, rel=0.02)


def test_the_board_of_the_readme_lies_in_the_interval_that_is_shown(bench: ModuleType) -> None:
    assert 0.95 <= ratio(bench, bench.PUBLISHED[0]) <= 1.45
