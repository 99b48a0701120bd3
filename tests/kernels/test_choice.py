"""The method is chosen by a cost model, and the choice can be measured, stored and explained."""

import json

import pytest
from support.two_layer import form

from qcompile import registry
from qcompile.kernels import _choice, _source, calibrate
from qcompile.kernels.simd.isa import ISAS


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("QCOMPILE_CACHE", str(tmp_path))
    _choice.calibrated.cache_clear()
    yield
    _choice.calibrated.cache_clear()


@pytest.mark.parametrize("isa", _choice.DEFAULT)
@pytest.mark.parametrize("rows", [1, 256])
def test_one_bit_codes_are_counted_and_wide_codes_are_looked_up(isa, rows):
    batch = ("rows8", "rows16") if rows > 1 and isa == "avx2" else ()
    narrow, wide = ("popcount", "bytes4", *batch[:1]), ("words5", "words6", "bytes4", *batch[1:])
    assert _choice.choose(form(300, 64, 1), ISAS[isa], rows).method in narrow
    assert _choice.choose(form(300, 64, 8), ISAS[isa], rows).method in wide


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("bits", range(1, 9))
def test_a_chosen_method_takes_the_codes_and_the_instruction_set(isa, bits):
    choice = _choice.choose(form(20, 3, bits), ISAS[isa], 1)
    method = registry.load(_choice.METHODS, choice.method)
    assert bits <= method.MAX_BITS
    assert isa in method.ISAS
    assert choice.reason


@pytest.mark.parametrize("method", ("popcount", "bytes4", "words5"))
def test_more_weight_planes_cost_more_by_whole_vectors(method):
    costs, lanes = (0.001, 0.1), max(16, registry.load(_choice.METHODS, method).LANES)
    for rows, paid in ((1, lanes), (lanes, lanes), (lanes + 1, 2 * lanes), (2 * lanes, 2 * lanes)):
        expected = 100 * (paid * 0.001 + 0.1)
        assert _choice.predicted_ns(costs, method, 4, rows, 100) == pytest.approx(
            _choice.passes(method, 4) * expected, rel=1e-15
        )
    assert _choice.passes("popcount", 4) == 4


def test_a_stored_calibration_wins_over_the_default_and_a_damaged_one_does_not():
    path = _source.folder() / _choice.FILE
    table = {"single": {"bytes4": [1.0, 2.0]}, "batch": {"bytes4": [1.0, 2.0]}}
    path.write_text(json.dumps({"costs": {"avx512": table}}))
    assert _choice.choose(form(9, 9, 8), ISAS["avx512"], 1).method == "bytes4"
    assert "calibrated here" in _choice.choose(form(9, 9, 8), ISAS["avx512"], 1).reason
    negative, narrow = {"bytes4": [-1.0, 2.0]}, {"bytes6": [1.0, 2.0]}
    for text in ("{", "[]", json.dumps({"costs": {"avx512": {"single": negative, "batch": negative}}}),
                 json.dumps({"costs": {"avx512": {"single": narrow, "batch": narrow}}})):  # fmt: skip
        path.write_text(text)
        _choice.calibrated.cache_clear()
        assert _choice.stored("avx512") == _choice.DEFAULT["avx512"]


@pytest.mark.slow
def test_calibration_measures_every_method_and_is_used_at_once():
    found = calibrate.calibrate("scalar", seconds=0.01)
    assert set(found) == {"single", "batch"}
    assert "rows16" in found["batch"] and "rows16" not in found["single"]
    assert _choice.stored("scalar")["batch"].keys() == found["batch"].keys()
    assert all(product > 0 for costs in found.values() for product, _ in costs.values())
