"""Every target file is valid, every number has a source, and a wrong field is named."""

from dataclasses import replace

import pytest

from qcompile.cost.counted import cycles_of
from qcompile.errors import DataError, UnsupportedError
from qcompile.registry import names
from qcompile.targets.schema import CYCLE_CLASSES, MODEL_KEYS, Figure, load_target, parse, template

GOOD = """
schema = 1
title = "a board"
kind = "mcu"
[core]
isa = "armv6-m"
features = ["dsp"]
word_bits = 32
clock_mhz = { value = 48, source = "its datasheet", kind = "datasheet", date = "2020-01" }
"""


@pytest.mark.parametrize("name", names("qcompile.targets", ".toml"))
def test_every_shipped_target_loads_and_every_figure_has_a_source_and_a_date(name: str) -> None:
    target = load_target(name)
    figures = [v for v in vars(target).values() if isinstance(v, Figure)]
    for table in (target.cycles, target.model, target.operations):
        figures += table.values()
    assert figures
    for figure in figures:
        assert len(figure.source) > 8 and figure.date


@pytest.mark.parametrize("name", names("qcompile.targets", ".toml"))
def test_every_shipped_target_can_be_estimated_and_states_an_energy(name: str) -> None:
    target = load_target(name)
    assert {"cpi", "per_call", "per_mac_xnor", "per_mac_lut", "per_mac_int8"} <= set(target.model)
    assert target.pj_per_cycle is not None or target.core_watts is not None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 1", "schema = 2", "schema is 2"),
        ("schema = 1", "", "schema is missing; expected a whole number"),
        ('kind = "mcu"', 'kind = "mpu"', r"kind is 'mpu', allowed: .*Did you mean 'mcu'"),
        ('"dsp"', '"dps"', r"core.features has 'dps', allowed.*Did you mean 'dsp'"),
        ("word_bits = 32", "word_bits = 31", "core.word_bits is 31"),
        ("word_bits = 32", "word_bits = true", "core.word_bits is True; expected a whole number"),
        ("value = 48", 'value = "48"', "core.clock_mhz.value is '48'; expected a finite number"),
        ("value = 48", "value = 48, low = 50", "low 50, value 48, high 48"),
        ("value = 48", "value = nan", "core.clock_mhz has low nan"),
        ('source = "its datasheet",', "", "core.clock_mhz.source is missing"),
        ('source = "its datasheet"', 'source = " "', "core.clock_mhz.source is empty"),
        ('kind = "datasheet"', 'kind = "guess"', "core.clock_mhz.kind is 'guess', allowed: datasheet"),
        ("clock_mhz", "clock", "core.clock_mhz is missing; expected a figure"),
        ('isa = "armv6-m"', 'isa = "armv6-m"\nspeed = 3', "core.speed is not a known field"),
        ('features = ["dsp"]', 'features = [3]', r"core.features is \[3\]; expected a list of texts"),
        ('title = "a board"', "title = 'a", "is not valid TOML"),
        ('kind = "mcu"', 'kind = "mcu"\n[runner]\nname = "unicron"',
         "runner.name is 'unicron', allowed: .*Did you mean 'unicorn'"),
        ('kind = "mcu"', 'kind = "mcu"\n[runner]\nmachine = "tumb"', "Did you mean 'thumb'"),
        ('title = "a board"', 'title = "a board"\ncolour = "red"', "colour is not a known field"),
        ('kind = "mcu"', 'kind = "mcu"\n[cycles]\nalus = { value = 1, source = "x", kind = "measured" }',
         "cycles.alus is not a known field. Did you mean 'alu'"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_what_is_allowed(old: str, new: str, message: str) -> None:
    assert parse(GOOD, "b", "b.toml").clock_mhz.expected == 48
    with pytest.raises(DataError, match="b.toml.*" + message):
        parse(GOOD.replace(old, new, 1), "b", "b.toml")


def test_a_target_of_the_users_own_is_a_file(tmp_path) -> None:
    path = tmp_path / "my_board.toml"
    path.write_text(GOOD)
    assert load_target(path).name == "my_board"
    with pytest.raises(DataError, match="cannot be read"):
        load_target(tmp_path / "other.toml")


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(UnsupportedError, match="Did you mean 'host'"):
        load_target("hosst")


def test_the_template_is_a_target_with_every_field() -> None:
    target = parse(template(), "my_board", "my_board.toml")
    assert set(target.cycles) == set(CYCLE_CLASSES) and set(target.model) == set(MODEL_KEYS)
    assert target.operations and target.pj_per_cycle and target.flash_wait_states and target.voltage_v
    assert "core_watts" in template() and target.compiler and target.runner == "unicorn"


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path) -> None:
    (tmp_path / "d.toml").mkdir()
    with pytest.raises(DataError, match=r"d.toml cannot be read: Is a directory\.$"):
        load_target(tmp_path / "d.toml")
    (tmp_path / "b.toml").write_bytes(b"title = '\xff'")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        load_target(tmp_path / "b.toml")


def test_waiting_for_flash_widens_the_interval_only_where_nothing_was_calibrated() -> None:
    mix = {"alu": 10, "load": 5}
    board = parse(template(), "b", "b.toml")
    plain = replace(board, cycles={k: v for k, v in board.cycles.items() if k != "scale"})
    assert cycles_of(mix, plain) == (20, 20, 20 + 5 * 3)
    assert cycles_of(mix, replace(plain, flash_wait_states=None)) == (20, 20, 20)
    assert cycles_of(mix, board) == pytest.approx((19, 24, 29))
