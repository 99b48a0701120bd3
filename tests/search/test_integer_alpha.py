"""The integer layer is the deployed network: its objective is that of its integers."""

from __future__ import annotations

import numpy as np
import pytest
from support.problems import KINDS, random_problem, true_optimum

from qcompile import registry
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network, forward_codes
from qcompile.problem.problem import pose
from qcompile.search.atoms import Atoms
from qcompile.search.columns import generate
from qcompile.search.integer.layer import quantize
from qcompile.search.settings import RoundingSettings


def _three_classes(loss: str = "logistic", beta: float = 0.003):
    """One-vs-rest problems over the same rows."""
    base = random_problem(0, 90, 6, beta, "squared", "bilinear-binary")
    rng = np.random.default_rng(0)
    q = 2 * rng.integers(0, 4, (90, 6)) - 3
    q[:, -1] = 3
    label = (q[:, 0] * q[:, 1] > 0).astype(int) + (q[:, 2] > 0)
    problems = [
        pose(q, 3, np.where(label == c, 1.0, -1.0), beta, loss=loss, family=base.family) for c in range(3)
    ]
    return problems, [generate(p, RoundingSettings()) for p in problems]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_the_objective_is_recomputed_from_the_integer_network(kind, bits):
    problem = random_problem(1, 60, 6, 0.005, "logistic", kind)
    atoms = generate(problem, RoundingSettings())
    layer = quantize([problem], [atoms], bits)
    top = max(1, 2 ** (bits - 1) - 1)
    assert np.abs(layer.alpha).max() <= top
    assert layer.alpha.any(axis=1).all()
    d = problem.d
    encoder = Encoder(
        "uniform", 2, [0] * (d - 1) + [4], [*range(d - 1), 0], [0.0] * d, [1.0] * d, [0.0] * (d - 1)
    )
    network = Network(
        encoder,
        layer.u,
        layer.v,
        layer.alpha,
        layer.scale,
        form=layer.form.form,
        activation=layer.form.activation,
        weights=problem.weights,
        task="regression",
    )
    f = layer.scale * forward_codes(network, (problem.q + 3) // 2)[:, 0]
    loss = registry.load("qcompile.problem.losses", problem.loss)
    radius = layer.step * np.abs(layer.alpha).sum()
    value = problem.weight @ loss.value(f, problem.y) + problem.penalty * radius
    assert abs(value - layer.objectives[0]) <= 1e-12 * value
    assert layer.scale == layer.step / layer.form.divisor


@pytest.mark.parametrize("kind", KINDS)
def test_no_integer_network_beats_the_true_optimum_and_wide_ones_reach_it(kind):
    for seed in range(3):
        problem = random_problem(seed, 25, 4, 0.01, "squared", kind)
        atoms, best = generate(problem, RoundingSettings(tolerance=1e-6)), true_optimum(problem)
        values = [quantize([problem], [atoms], bits).objectives[0] for bits in (1, 3, 6, 12, 16)]
        assert min(values) >= best - 1e-6
        # At 16 bits alpha is off by at most half a step of max|alpha| / 32767; the objective is
        # optimal in alpha, so it moves by the square of that, far below 1e-5 of it.
        assert values[-1] <= atoms.objective * (1 + 1e-5)


def test_classes_share_equal_neurons_and_one_scale():
    problems, atoms = _three_classes()
    layer = quantize(problems, atoms, 8)
    assert len(layer.u) < sum(len(a.alpha) for a in atoms)
    assert layer.alpha.shape == (len(layer.u), 3)
    rows = np.hstack([layer.u, layer.v])
    assert len(np.unique(rows, axis=0)) == len(rows)
    for objective, a in zip(layer.objectives, atoms, strict=True):
        assert a.objective * (1 - 1e-4) <= objective <= a.objective * 1.01


def test_neurons_equal_up_to_sign_and_swap_become_one():
    problem = pose([[1, 1, 1], [1, -1, 1], [-1, 1, 1], [-1, -1, 1]], 1, [1.5, 1.5, -0.5, -0.5], 0.01)
    u, v = np.array([[1, 1, 1], [1, -1, 1], [-1, -1, -1]]), np.array([[1, -1, 1], [-1, -1, -1], [1, -1, 1]])
    atoms = Atoms(u, v, np.array([0.5, 0.25, 0.125]), 0.0, 1.0)
    layer = quantize([problem], [atoms], 8)
    assert len(layer.u) == 1
    # 0.5 (u v) - 0.25 (v u) - 0.125 (u v): one neuron, whose loss the search may then improve on.
    alone = Atoms(u[:1], v[:1], np.array([0.125]), 0.0, 1.0)
    assert layer.objectives == quantize([problem], [alone], 8).objectives


def test_more_bits_are_never_much_worse_and_equal_magnitudes_are_signs():
    problem = random_problem(9, 150, 12, 0.002, "logistic", "bilinear-binary")
    atoms = generate(problem, RoundingSettings())
    values = {bits: quantize([problem], [atoms], bits).objectives[0] for bits in (1, 2, 3, 4, 6, 8, 12)}
    assert values[1] == values[2]
    assert values[12] <= values[8] * 1.0001 <= values[6] * 1.001 <= values[4] * 1.01 <= values[1] * 1.05
    assert set(np.unique(quantize([problem], [atoms], 1).alpha)) <= {-1, 0, 1}


@pytest.mark.parametrize("bits", [1, 8])
def test_empty_networks_make_an_empty_layer(bits):
    problem = random_problem(0, 10, 4, 1e4, "logistic", "bilinear-binary")
    empty = generate(problem, RoundingSettings())
    assert quantize([problem], [empty], bits).objectives == (empty.objective,)
    layer = quantize([problem, problem], [empty, empty], bits)
    assert layer.u.shape == (0, 4) and layer.alpha.shape == (0, 2) and layer.scale > 0
    assert layer.objectives == (empty.objective, empty.objective)
    cheap = random_problem(0, 10, 4, 0.001, "logistic", "bilinear-binary")
    mixed = quantize([problem, cheap], [empty, generate(cheap, RoundingSettings())], bits)
    assert not mixed.alpha[:, 0].any() and mixed.alpha[:, 1].any()


def test_the_same_input_gives_the_same_bytes():
    problems, atoms = _three_classes()
    a, b = quantize(problems, atoms, 4), quantize(problems, atoms, 4)
    assert a.alpha.tobytes() + a.u.tobytes() == b.alpha.tobytes() + b.u.tobytes() and a.scale == b.scale


def test_wrong_widths_and_mixed_problems_are_refused():
    problem = random_problem(0, 10, 4, 0.1, "squared", "bilinear-binary")
    other = random_problem(0, 10, 5, 0.1, "squared", "bilinear-binary")
    atoms = generate(problem, RoundingSettings())
    with pytest.raises(ValueError, match=r"bits is 17, allowed: 1 .*2 to 16"):
        quantize([problem], [atoms], 17)
    with pytest.raises(ValueError, match=r"one Atoms per problem"):
        quantize([problem, other], [atoms, atoms], 8)


def test_coarse_integers_gain_from_polished_weights():
    gained = 0
    for seed in range(4):
        problem = random_problem(seed, 120, 8, 0.002, "logistic", "bilinear-binary")
        atoms = generate(problem, RoundingSettings())
        # Two equal columns are quantized without polishing, to twice the objective of one.
        plain = quantize([problem, problem], [atoms, atoms], 1).objectives[0]
        polished = quantize([problem], [atoms], 1).objectives[0]
        assert polished <= plain * (1 + 1e-6)
        gained += polished < plain * (1 - 1e-4)
    assert gained >= 1
