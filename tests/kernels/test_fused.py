"""The fused network equals the reference, bit for bit: encoders, weights, classes, bounds, spellings."""

import dataclasses

import numpy as np
import pytest

from qcompile.kernels.contract import TwoLayer, two_layer_reference
from qcompile.kernels.fused import network as network_kernel
from qcompile.kernels.simd import isa
from qcompile.model.encoder import Encoder, encode

LEVEL, GREATER, EQUAL, MISSING, CONSTANT = range(5)


def encoder(rng, bits, counts, features, direct=True):
    """An encoder with so many columns of each kind."""
    kind = np.repeat(np.arange(5), counts)
    d = len(kind)
    feature = rng.integers(0, features, d)
    if direct and counts[0] <= features:
        feature[: counts[0]] = np.arange(counts[0])
    shift = rng.normal(0, 1, d).astype(np.float32)
    shift[kind == EQUAL] = rng.integers(0, 3, (kind == EQUAL).sum())
    gain = np.exp(rng.normal(1, 1, d)).astype(np.float32)
    return Encoder("mixed", bits, kind, feature, shift, gain, rng.normal(0, 1, features))


def network(rng, enc, m, classes=1, grid=(-1, 1), polynomial=False, alpha=127):
    top = enc.top
    u, v = (rng.choice(grid, (m, enc.width)).astype(np.int64) for _ in range(2))
    a = rng.integers(-alpha, alpha + 1, (classes, m)).astype(np.int64)
    t_bound = int(max(np.abs(u).sum(1).max(), np.abs(v).sum(1).max())) * top
    activation = (2, -3, 5) if polynomial else (1, 0, 0)
    h_bound = 2 * t_bound**2 + 3 * t_bound + 5 if polynomial else t_bound**2
    return TwoLayer(
        enc, u, np.full(m, 2), -top * u.sum(1),
        None if polynomial else v, None if polynomial else np.full(m, 2),
        None if polynomial else -top * v.sum(1),
        activation, a, np.arange(1, classes + 1), np.arange(classes), t_bound, h_bound,
        int(np.abs(a).sum(1).max()) * h_bound * classes + classes,
    )  # fmt: skip


def rows(rng, n, enc):
    """Rows with missing cells, infinities, ties with the thresholds and signed zeros."""
    x = rng.normal(0, 3, (n, enc.features)).astype(np.float32)
    odd = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 3e38, 1e-40, 1.0, 2.0], np.float32)
    where = rng.random(x.shape) < 0.2
    x[where] = rng.choice(odd, where.sum())
    exact = rng.integers(0, enc.width, n)
    x[np.arange(n), enc.feature[exact]] = enc.shift[exact]
    return x


def scores(form, x, **options):
    state = network_kernel.pack(form, **options)
    out = np.full((len(x), len(form.alpha)), -1, np.int64)
    network_kernel.run(state, x, out)
    return out


@pytest.mark.parametrize(
    ("spelling", "bits"),
    [(one, bits) for one in isa.supported() for bits in (1, 4, 8) if one != "scalar" or bits == 4],
)
def test_it_equals_the_reference(spelling, bits):
    rng = np.random.default_rng(bits)
    enc = encoder(rng, bits, (20, 0, 0, 0, 1), 20)
    form = network(rng, enc, 17)
    for n in (1, 3, 4, 9):
        x = rows(rng, n, enc)
        np.testing.assert_array_equal(scores(form, x, isa=spelling), two_layer_reference(form, x))


@pytest.mark.parametrize(
    "counts",
    [(65, 0, 0, 0, 0), (0, 129, 0, 0, 1), (0, 0, 17, 0, 2), (16, 17, 31, 3, 70)],
)
@pytest.mark.parametrize("direct", [True, False])
def test_every_kind_of_column_is_encoded_as_defined(counts, direct):
    rng = np.random.default_rng(sum(counts))
    enc = encoder(rng, 3, counts, 66, direct)
    form = network(rng, enc, 2)
    x = rows(rng, 40, enc)
    assert len(np.unique(encode(enc, x))) > 1
    np.testing.assert_array_equal(scores(form, x), two_layer_reference(form, x))


@pytest.mark.parametrize(
    ("grid", "polynomial", "classes"),
    [((-1, 1), False, 10), ((-1, 0, 1), False, 1), ((-3, -1, 1, 3), True, 1), ((-15, -5, 15), True, 10)],
)
def test_every_grid_form_and_number_of_classes(grid, polynomial, classes):
    rng = np.random.default_rng(len(grid))
    enc = encoder(rng, 4, (30, 0, 0, 0, 1), 30)
    form = network(rng, enc, 33, classes, grid, polynomial)
    x = rows(rng, 6, enc)
    np.testing.assert_array_equal(scores(form, x), two_layer_reference(form, x))


@pytest.mark.parametrize("alpha", [1, 127, 2**20, 2**33])
def test_extreme_inputs_reach_every_accumulator_width(alpha):
    rng = np.random.default_rng(3)
    enc = encoder(rng, 8, (300, 0, 0, 0, 1), 300)
    form = network(rng, enc, 16, 1, alpha=alpha)
    largest = np.ones_like(form.u)
    form = dataclasses.replace(
        form, u=largest, v=largest, u_shift=-255 * largest.sum(1), v_shift=-255 * largest.sum(1)
    )
    x = np.full((5, 300), np.inf, np.float32)
    x[1] = -np.inf
    x[2, ::2] = -np.inf
    np.testing.assert_array_equal(scores(form, x), two_layer_reference(form, x))


@pytest.mark.slow
@pytest.mark.parametrize("spelling", isa.supported())
@pytest.mark.parametrize(("method", "bits"), [("tile_words", 8), ("tile_bytes", 3)])
def test_tiles_of_rows_answer_every_number_of_rows(method, bits, spelling):
    rng = np.random.default_rng(bits)
    enc = encoder(rng, bits, (40, 10, 5, 2, 1), 40)
    form = network(rng, enc, 33, 3, (-1, 0, 1))
    x = rows(rng, 119, enc)
    expected = two_layer_reference(form, x)
    state = network_kernel.pack(form, isa=spelling, method=method)
    for n in (*range(1, 19), 31, 32, 33, 48, 63, 64, 65, 119):
        out = np.full((n, 3), -1, np.int64)
        network_kernel.run(state, x[:n], out)
        np.testing.assert_array_equal(out, expected[:n], err_msg=f"{n} rows")


def test_neurons_may_have_scales_of_their_own():
    rng = np.random.default_rng(4)
    form = network(rng, encoder(rng, 2, (12, 0, 0, 0, 1), 12), 19)
    form = dataclasses.replace(form, u_scale=rng.integers(-3, 4, 19), v_scale=rng.integers(1, 3, 19))
    x = rows(rng, 7, form.encoder)
    np.testing.assert_array_equal(scores(form, x), two_layer_reference(form, x))


def test_a_network_whose_sums_may_leave_their_type_is_not_served():
    rng = np.random.default_rng(5)
    form = network(rng, encoder(rng, 2, (3, 0, 0, 0, 1), 3), 2)
    assert network_kernel.serves(form) > 0
    assert network_kernel.serves(dataclasses.replace(form, t_bound=2**31)) == 0
    assert network_kernel.serves(dataclasses.replace(form, score_bound=2**63)) == 0
