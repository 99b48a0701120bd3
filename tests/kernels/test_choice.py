"""The method is chosen by a cost model, and the choice can be measured, stored and explained."""

import json

import pytest
from support.two_layer import form

from qcompile.kernels.fused import calibrate, choose
from qcompile.kernels.method import LanesMethod, load
from qcompile.kernels.simd.isa import ISAS


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("QCOMPILE_CACHE", str(tmp_path))
    choose.calibrated.cache_clear()
    yield
    choose.calibrated.cache_clear()


@pytest.mark.parametrize("isa", ("avx512", "avx2"))
@pytest.mark.parametrize("rows", [1, 256])
def test_one_bit_codes_are_counted_and_wide_codes_are_looked_up(isa, rows):
    batch = ("tile_bytes", "tile_words") if rows > 1 and isa == "avx2" else ()
    narrow, wide = ("popcount", "bytes4", *batch[:1]), ("words5", "words6", "bytes4", *batch[1:])
    assert choose.choose(form(300, 64, 1), ISAS[isa], rows).method in narrow
    assert choose.choose(form(300, 64, 8), ISAS[isa], rows).method in wide


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("bits", range(1, 9))
def test_a_chosen_method_takes_the_codes_and_the_instruction_set(isa, bits):
    choice = choose.choose(form(20, 3, bits), ISAS[isa], 1)
    method = load(choice.method)
    assert bits <= method.max_bits
    assert isa in method.isas
    assert choice.reason


@pytest.mark.parametrize("method", ("popcount", "bytes4", "words5"))
def test_more_weight_planes_cost_more_by_whole_vectors(method):
    costs, lanes = (0.001, 0.1), max(16, load(method).lanes)
    for rows, paid in ((1, lanes), (lanes, lanes), (lanes + 1, 2 * lanes), (2 * lanes, 2 * lanes)):
        expected = 100 * (paid * 0.001 + 0.1)
        assert choose.predicted_ns(costs, load(method), 4, rows, 100) == pytest.approx(
            load(method).passes(4) * expected, rel=1e-15
        )
    assert load("popcount").passes(4) == 4


def test_a_stored_calibration_wins_over_the_default_and_a_damaged_one_does_not():
    path = calibrate.file()
    table = {"single": {"bytes4": [1.0, 2.0]}, "batch": {"bytes4": [1.0, 2.0]}}
    path.write_text(json.dumps({"costs": {"avx512": table}}))
    assert choose.choose(form(9, 9, 8), ISAS["avx512"], 1).method == "bytes4"
    assert "calibrated here" in choose.choose(form(9, 9, 8), ISAS["avx512"], 1).reason
    negative, narrow = {"bytes4": [-1.0, 2.0]}, {"bytes6": [1.0, 2.0]}
    for text in ("{", "[]", json.dumps({"costs": {"avx512": {"single": negative, "batch": negative}}}),
                 json.dumps({"costs": {"avx512": {"single": narrow, "batch": narrow}}})):  # fmt: skip
        path.write_text(text)
        choose.calibrated.cache_clear()
        assert choose.stored("avx512") == choose.shipped("avx512")


@pytest.mark.slow
def test_calibration_measures_every_method_and_is_used_at_once():
    found = calibrate.calibrate("scalar", seconds=0.01)
    assert set(found) == {"single", "batch"}
    assert "tile_words" in found["batch"] and "tile_words" not in found["single"]
    assert choose.stored("scalar")["batch"].keys() == found["batch"].keys()
    assert all(product > 0 for costs in found.values() for product, _ in costs.values())


def test_a_calibration_under_former_names_is_read():
    path = calibrate.file()
    former = {"bytes4": [9.0, 9.0], "rows16": [1.0, 2.0], "rows8": [0.5, 2.0], "gone": [0.1, 0.1]}
    path.write_text(json.dumps({"costs": {"avx2": {"single": former, "batch": former}}}))
    assert choose.stored("avx2")["batch"].keys() == {"bytes4", "tile_words", "tile_bytes"}
    assert choose.choose(form(300, 64, 4), ISAS["avx2"], 256).method == "tile_bytes"


@pytest.mark.parametrize(
    ("isa", "bits", "method"), [("scalar", 1, "popcount"), ("scalar", 8, "popcount"), ("neon", 1, "popcount"),
                                ("neon", 2, "bytes4"), ("neon", 8, "bytes4")]
)  # fmt: skip
def test_an_instruction_set_without_measurements_goes_by_expected_ratios(isa, bits, method):
    choice = choose.choose(form(300, 64, bits), ISAS[isa], 1)
    assert (choice.method, choice.expected_ns, choice.reason) == (method, 0.0, f"no measurement for {isa}")


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("bits", range(1, 9))
def test_rows_that_fill_no_tile_go_to_a_method_for_any_number_of_rows(isa, bits):
    few = choose.companion(ISAS[isa], bits, 128, 300)
    assert isinstance(few, LanesMethod) and bits <= few.max_bits and isa in few.isas
