"""The barrier by conjugate gradients: the same steps as the factorised system, the same optimum."""

from __future__ import annotations

import numpy as np
import pytest

from qcompile.certificate.make import check
from qcompile.problem.problem import pose
from qcompile.relax.barrier.iterative import IterativeSystem
from qcompile.relax.barrier.linearise import linearise
from qcompile.relax.barrier.model import model_of
from qcompile.relax.barrier.point import cold_start
from qcompile.relax.barrier.samples import SampleSystem
from qcompile.relax.certify import certify
from qcompile.relax.methods import dual_barrier
from qcompile.relax.solution import Settings, Status

FAMILIES = {
    "bilinear": {"family": "bilinear"},
    "quadratic": {"family": "quadratic"},
    "polynomial": {"family": "polynomial", "activation": (0.1, 0.5, 0.2)},
}


def problem(family: str, loss: str = "squared", n: int = 120, d: int = 20):
    rng = np.random.default_rng(3)
    q = 2 * rng.integers(0, 16, (n, d)) - 15
    y = ((q / 15) @ rng.choice([-1, 1], d)) * ((q / 15) @ rng.choice([-1, 1], d))
    y = y / y.std() if loss == "squared" else np.where(y >= 0, 1.0, -1.0)
    return pose(q, 15, y, 0.01, loss=loss, **FAMILIES[family])


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_direction_is_the_factorised_system_s(family):
    model = model_of(problem(family))
    linear = linearise(model, cold_start(model))
    exact, iterative = SampleSystem(model), IterativeSystem(model)
    assert exact.factor(model, linear, 1e-15)
    assert iterative.factor(model, linear, 1e-15)
    rng = np.random.default_rng(0)
    dual = linear.residual
    diagonal = 1e-3 * rng.standard_normal(linear.inverse.shape)
    one, two = exact.solve(dual, diagonal), iterative.solve(dual, diagonal)
    # The residual asked for is EXACT in the preconditioner's norm, so directions agree to a few of it.
    for a, b in zip(one, two, strict=True):
        assert np.linalg.norm(a - b) <= 0.1 * np.linalg.norm(a)


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_it_reaches_the_same_certified_optimum(family, loss, monkeypatch):
    one = problem(family, loss)
    exact = dual_barrier.solve(one, Settings(gap=1e-4))
    monkeypatch.setattr(dual_barrier, "LARGEST", 0)
    found = dual_barrier.solve(one, Settings(gap=1e-2))
    certificate = certify(one, found)
    assert found.status is Status.SOLVED
    assert check(one, certificate).valid
    assert certificate.bound <= exact.objective
    assert found.objective - certificate.bound <= 1e-2 * found.objective
