"""Counts, estimates, latency, energy and budgets of the cost model."""

import dataclasses
import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcompile.cost.budget import Budget, found_here, from_toml, judge
from qcompile.cost.count import count
from qcompile.cost.energy import POWERCAP, counters, energy
from qcompile.cost.estimate import estimate
from qcompile.cost.latency import measure, percentile_interval
from qcompile.cost.rows import CostReport, CostRow, merge
from qcompile.cost.size import size_row
from qcompile.errors import DataError, UnsupportedError
from qcompile.ir.lower import lower
from qcompile.json_records import from_json, to_json
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from qcompile.targets.schema import load_target


def network(d: int = 20, m: int = 6, bits: int = 2, columns: int = 3, seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    encoder = Encoder(
        "uniform", bits, [0] * (d - 1) + [4], [*range(d - 1), 0], np.zeros(d), np.ones(d), np.zeros(d - 1)
    )
    u, v = rng.choice([-1, 1], (2, m, d))
    alpha = rng.integers(-9, 10, (m, columns))
    return Network(encoder, u, v, alpha, 0.5, classes=tuple("abcdefghij"[: max(2, columns)]))


class Sleeper:
    def __init__(self, name: str, seconds: float) -> None:
        self.name, self.seconds, self.batches = name, seconds, set()

    def scores(self, x):
        self.batches.add(len(x))
        end = time.perf_counter() + self.seconds
        while time.perf_counter() < end:
            pass
        return x


def test_a_dot_counts_m_times_d_multiply_accumulates_and_packed_bytes() -> None:
    by_name = {c.operation: c for c in count(lower(network(d=20, m=6)))}
    assert (by_name["tu"].macs, by_name["tu"].rows, by_name["tu"].weight_bits) == (120, 6, 1)
    assert by_name["tu"].constant_bytes == 15  # 120 signs in bits
    assert by_name["scores"].macs == 18
    assert by_name["h"].muls == 6
    assert by_name["label"].compares == 2


def test_the_totals_are_the_sums_of_the_operations() -> None:
    report = estimate(lower(network()), load_target("host"))
    parts = [r for r in report.select("cycles") if r.operation != "total"]
    (total,) = report.select("cycles", operation="total")
    for end in ("low", "expected", "high"):
        assert math.isclose(sum(getattr(r, end) for r in parts), getattr(total, end), rel_tol=1e-12)
    assert {"latency", "energy", "flash", "ram", "macs"} <= {r.quantity for r in report.rows}
    assert all(r.origin == "modelled" and r.source for r in report.rows)


@given(st.integers(1, 40), st.integers(1, 30), st.integers(1, 8))
@settings(deadline=None, max_examples=25)
def test_more_neurons_never_cost_less(d: int, m: int, bits: int) -> None:
    host = load_target("host")
    small, large = (estimate(lower(network(d + 1, k, bits)), host) for k in (m, 2 * m))
    for quantity in ("instructions", "latency", "energy"):
        (a,), (b,) = (r.select(quantity, operation="total") for r in (small, large))
        assert a.expected <= b.expected


def test_a_target_without_a_model_cannot_be_estimated() -> None:
    bare = dataclasses.replace(load_target("host"), model={})
    with pytest.raises(UnsupportedError, match=r"no \[model\] table"):
        estimate(lower(network()), bare)


def test_measured_latency_is_the_time_of_a_call_for_every_runner_and_batch() -> None:
    slow, fast = Sleeper("slow", 2e-3), Sleeper("fast", 2e-4)
    rows = measure([slow, fast], np.zeros((3, 2)), batches=(1, 4), seconds_per=0.02, min_calls=5)
    assert len(rows) == 2 * 2 * 3 and all(r.origin == "measured" and r.unit == "us" for r in rows)
    assert slow.batches == {1, 4}
    report = CostReport(rows, "host")
    (p50,) = report.select("latency_p50", backend="slow", batch=4)
    assert p50.expected >= 2000
    (other,) = report.select("latency_p50", backend="fast", batch=4)
    assert 200 <= other.expected < p50.expected
    with pytest.raises(DataError, match="at least one row"):
        measure([slow], np.zeros((0, 2)))


def test_the_percentile_interval_covers_the_truth_at_its_rate() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        low, _, high = percentile_interval(np.sort(rng.random(200)), 90)
        hits += low <= 0.9 <= high
    assert hits / 400 >= 0.92  # nominal 0.95; three standard deviations of 400 trials are 0.033


def test_counters_are_used_where_readable_and_a_wrap_is_undone(tmp_path) -> None:
    zone = tmp_path / "intel-rapl:0"
    zone.mkdir()
    (zone / "max_energy_range_uj").write_text("1000000")
    (zone / "energy_uj").write_text("999000")
    (tmp_path / "intel-rapl:0:0").mkdir()
    (tmp_path / "intel-rapl:0:0" / "energy_uj").write_text("5")

    class Burner:
        name = "burner"

        def scores(self, x):
            now = int((zone / "energy_uj").read_text())
            (zone / "energy_uj").write_text(str((now + 7) % 1000000))
            return x

    assert counters(tmp_path) == (zone,)
    (row,) = energy([Burner()], np.zeros((1, 1)), (), load_target("host"), 0.05, tmp_path)
    assert row.origin == "measured" and row.expected == pytest.approx(7)
    assert counters(tmp_path / "nowhere") == ()


def test_without_counters_energy_is_time_times_watts_and_says_modelled(tmp_path) -> None:
    p50 = CostRow("latency_p50", "us", 9, 10, 11, "measured", "clock", "numba_cpu")
    (row,) = energy([], np.zeros((1, 1)), (p50,), load_target("host"), root=tmp_path)
    assert row.origin == "modelled" and row.expected == pytest.approx(50)  # 10 us x 5 W
    assert POWERCAP.parts[-1] == "powercap"


def test_a_verdict_names_what_is_over_and_by_how_much() -> None:
    report = merge(
        "host",
        (
            CostRow("latency_p50", "us", 9, 10, 12, "measured", "clock", "numba_cpu"),
            CostRow("latency_p50", "us", 9, 30, 32, "measured", "clock", "onnx_graph"),
            CostRow("latency", "us", 1, 2, 90, "modelled", "table", ""),
        ),
        (size_row({"model.onnx": b"x" * 4000}, "onnx_graph"),),
    )
    verdicts = judge(report, Budget(max_latency_us=20, max_size_kb=3, max_energy_uj=1))
    by_limit = {v.limit: v for v in verdicts}
    assert by_limit["max_latency_us"].within and by_limit["max_latency_us"].high == 12
    assert "over by 1 kB (33 %)" in by_limit["max_size_kb"].sentence
    assert not by_limit["max_energy_uj"].within and "no figure" in by_limit["max_energy_uj"].sentence
    (only,) = judge(report, Budget(max_latency_us=20), backend="onnx_graph")
    assert not only.within


def test_budgets_come_from_toml_and_options_win(tmp_path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text("[project]\nname='x'\n[tool.qcompile.budget]\nmax_flash_kb = 64\nmax_ram_kb = 8\n")
    assert from_toml(project, {"max_ram_kb": 4, "max_size_kb": None}) == Budget(max_flash_kb=64, max_ram_kb=4)
    plain = tmp_path / "budget.toml"
    plain.write_text("max_latency_us = 5000")
    assert from_toml(plain).max_latency_us == 5000
    plain.write_text("max_latency_ms = 5")
    assert from_toml(plain).max_latency_us == 5000
    assert found_here(tmp_path) == project
    project.write_text("[project]\nname='x'\n")
    assert found_here(tmp_path) is None and found_here(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_latencyus = 3", "Did you mean 'max_latency_us'"),
        ("max_latency_us = -3", "max_latency_us is -3; a budget is a positive number"),
        ("max_latency_us = '3'", "a positive number"),
        ("[project]\nname='x'", "the budget is empty"),
        ("= 3", "cannot be read"),
        ("[tool.qcompile]\nbudget = 3", "expected a table"),
        ("tool = 3", "budget is empty"),
        ("max_latency_ms = 'x'", "a positive number"),
        ("max_latency_ms = 1\nmax_latency_us = 1", "keep one"),
    ],
)
def test_a_wrong_budget_file_is_refused_with_a_reason(tmp_path, text: str, message: str) -> None:
    path = tmp_path / "budget.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        from_toml(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"low": 3}, "does not hold"),
        ({"origin": "guessed"}, "allowed: measured"),
        ({"source": ""}, "no source"),
    ],
)
def test_a_row_without_origin_or_order_cannot_be_made(change: dict, message: str) -> None:
    good = {"quantity": "size", "unit": "B", "low": 1, "expected": 2, "high": 2, "origin": "measured"}
    with pytest.raises(ValueError, match=message):
        CostRow(**{**good, "source": "x", **change})


def test_a_report_survives_json() -> None:
    report = estimate(lower(network()), load_target("host"))
    assert from_json(CostReport, to_json(report)) == report
