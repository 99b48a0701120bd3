"""The probe rows are worth their name."""

import numpy as np
import pytest
from support.networks import random_deep, random_encoder, random_network

from qcompile.ir.bounds import bounds
from qcompile.ir.interpret import interpret_all
from qcompile.ir.lower import lower
from qcompile.ir.probe import seeded_rows, worst_case_rows
from qcompile.ir.text import parse
from qcompile.model.encoder import encode, levels
from qcompile.model.network import Network


def _independent(seed: int, bits: int) -> Network:
    """A network whose encoder reads every feature once: any combination of codes is reachable."""
    network = random_network(seed, bits=bits, d=6, m=5)
    e = random_encoder(seed, 6, bits)
    feature = np.array([0, 1, 2, 3, 4, 0])
    encoder = type(e)(e.name, bits, np.array([0, 0, 1, 1, 1, 4]), feature, e.shift, e.gain, e.fill)
    return Network(
        encoder, network.u, network.v, network.alpha, 1.0, classes=network.classes, weights="binary"
    )


@pytest.mark.parametrize("bits", (1, 4, 8))
def test_worst_case_rows_reach_the_bound_of_first_layer_products(bits: int) -> None:
    program = lower(_independent(bits, bits))
    values = interpret_all(program, worst_case_rows(program, neurons=8))
    low, high = bounds(program)["tu"]
    reached = values["tu"]
    assert reached.min() == low
    assert reached.max() == high


def test_worst_case_scores_are_far_beyond_random_ones() -> None:
    for seed in range(5):
        program = lower(random_network(seed, d=65, m=30, columns=2))
        scores = [
            np.abs(interpret_all(program, rows)["scores"]).max()
            for rows in (worst_case_rows(program), seeded_rows(program, 200, seed))
        ]
        assert scores[0] > scores[1]


def test_seeded_rows_hit_both_sides_of_every_threshold_missing_cells_and_infinities() -> None:
    network = random_network(1, d=30)
    rows = seeded_rows(lower(network), 2000, 0)
    codes = encode(network.encoder, rows)
    assert np.isnan(rows).any(axis=0).all()
    assert np.isposinf(rows).any(axis=0).all()
    assert np.isneginf(rows).any(axis=0).all()
    varying = network.encoder.kind < 4
    assert (codes.min(axis=0)[varying] == 0).all()
    assert (codes.max(axis=0) == network.encoder.top).all()
    for kind, feature, shift in zip(
        network.encoder.kind, network.encoder.feature, network.encoder.shift, strict=True
    ):
        if kind in (1, 2):
            near = {shift, np.nextafter(shift, np.float32(np.inf)), np.nextafter(shift, np.float32(-np.inf))}
            assert np.isin(np.array(list(near), dtype=np.float32), rows[:, feature]).all()


def test_rows_depend_on_the_seed_alone() -> None:
    program = random_deep(2)
    np.testing.assert_array_equal(seeded_rows(program, 9, 4), seeded_rows(program, 9, 4))
    np.testing.assert_array_equal(worst_case_rows(program), worst_case_rows(program))
    assert not np.array_equal(seeded_rows(program, 9, 4), seeded_rows(program, 9, 5), equal_nan=True)


def test_integer_programs_get_integers_of_their_type() -> None:
    program = parse(
        "qcompile-ir 1\n%x : i3[4] = input\n%s : i8[1] = dot %x\n"
        "  weight = int(1, 4)\n    1 -2 3 0\noutput scores = %s"
    )
    for rows in (seeded_rows(program, 50), worst_case_rows(program)):
        assert rows.dtype == np.int64
        assert (rows.min(), rows.max()) == (-4, 3)
    scores = interpret_all(program, worst_case_rows(program))["s"]
    assert (scores.min(), scores.max()) == (-22, 20)


def test_levels_are_what_the_program_multiplies() -> None:
    network = random_network(3)
    rows = seeded_rows(lower(network), 20)
    q = interpret_all(lower(network), rows)["q"]
    np.testing.assert_array_equal(q, levels(encode(network.encoder, rows), network.encoder.bits))
