"""From a table to a network: nothing leaks, everything is seeded, every proof checks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qcompile.certificate.make import check
from qcompile.data.load import load
from qcompile.data.split import split
from qcompile.data.table import Table
from qcompile.errors import QCompileError
from qcompile.model.network import decide, forward
from qcompile.model.schema import Column, Schema
from qcompile.problem.objective import objective
from qcompile.train.choices import Choices
from qcompile.train.provenance import rebuild_problems
from qcompile.train.select.candidates import Candidate, candidates
from qcompile.train.select.choose import choose
from qcompile.train.table import train

QUICK = Choices(encoder="uniform", bits=2, beta=0.01, neurons=24)


@pytest.fixture(scope="module", params=["wine", "breast_cancer", "diabetes"])
def trained(request):
    table = load(f"sklearn:{request.param}")
    return table, train(table, QUICK)


def test_every_score_column_has_a_valid_certificate(trained):
    _, result = trained
    assert len(result.certificates) == result.network.alpha.shape[1] == len(result.objectives)
    for problem, certificate, value in zip(
        result.problems, result.certificates, result.objectives, strict=True
    ):
        assert check(problem, certificate).valid
        assert certificate.bound <= value


def test_the_reported_objective_is_the_deployed_integer_network_s(trained):
    _, result = trained
    network = result.network
    spread = _spread(trained)
    for c, (problem, value) in enumerate(zip(result.problems, result.objectives, strict=True)):
        alpha = network.alpha[:, c] * (network.scale / spread) * problem.unit**2
        assert objective(problem, network.u, network.v, alpha) == pytest.approx(value, rel=1e-9)


def _spread(trained):
    table, result = trained
    return float(table.y[result.train_index].std()) if result.network.task == "regression" else 1.0


def test_the_problems_can_be_posed_again_from_the_file_and_the_data(trained):
    table, result = trained
    again = rebuild_problems(result.network, table)
    assert [p.digest for p in again] == [p.digest for p in result.problems]


def test_no_test_row_reaches_the_training(trained):
    table, result = trained
    assert not set(result.train_index) & set(result.test_index)
    assert len(result.train_index) + len(result.test_index) == len(table)
    x = table.x.copy()
    x[result.test_index] = 1e6  # whatever the test rows hold, the network is the same
    other = train(replace(table, x=x), QUICK)
    np.testing.assert_array_equal(other.network.u, result.network.u)
    np.testing.assert_array_equal(other.network.alpha, result.network.alpha)
    assert other.network.scale == result.network.scale


def test_the_reported_accuracy_is_that_of_the_integer_network(trained):
    table, result = trained
    if result.network.task == "regression":
        assert result.metrics.measure == "R2"
        return
    labels = decide(result.network, forward(result.network, table.x[result.test_index]))
    assert result.metrics.test == pytest.approx((labels == table.y[result.test_index]).mean())
    assert np.sum(result.metrics.confusion) == len(result.test_index)


def test_a_listener_hears_every_stage():
    heard = []
    train(load("sklearn:iris"), Choices(encoder="uniform", bits=2), lambda e: heard.append(e.stage))
    for stage in ("split", "choose", "encoder", "solve", "rounding", "certificate", "accuracy"):
        assert stage in heard


def test_the_width_limit_holds():
    result = train(load("sklearn:iris"), Choices(encoder="uniform", bits=4, beta=0.001, neurons=3))
    assert (result.network.alpha != 0).sum(axis=0).max() <= 3


def test_validation_prefers_the_encoder_that_can_see():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (200, 2)).astype(np.float32)
    y = (np.abs(x[:, 0]) > 0.5).astype(np.int64)  # one bit per input cannot tell the classes apart
    columns = (Column("a", "numeric"), Column("b", "numeric"))
    chosen = choose(Table(x, y, Schema(columns, "y", "classification", ("in", "out")), "t"), Choices())
    assert str(chosen.candidate) != "uniform 1 bit"
    assert max(r.score for r in chosen.validation) > 0.9
    assert chosen.reason


def test_too_few_rows_to_validate_fall_back_and_say_so():
    x = np.arange(6, dtype=np.float32)[:, None]
    columns = (Column("a", "numeric"),)
    chosen = choose(Table(x, x[:, 0], Schema(columns, "y", "regression"), "t"), Choices())
    assert "too few rows" in chosen.reason


def test_what_the_user_gives_is_not_chosen():
    columns = (Column("a", "numeric"),)
    given = candidates(columns, Choices(encoder="threshold"))
    assert [str(c) for c in given] == ["threshold", "threshold, 8 constants"]
    assert candidates(columns, Choices(k=3, beta=0.1)) == (Candidate("thermometer", {"k": 3}),)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoder": "unifrom"}, "Did you mean 'uniform'"),
        ({"bits": 9}, "bits is 9, allowed: 1 to 8"),
        ({"encoder": "threshold", "bits": 4}, "leave bits out"),
        ({"encoder": "uniform", "k": 4}, "leave k out"),
        ({"beta": -1.0}, "beta is -1.0"),
        ({"gap": 5.0}, "0.01 is 1 %"),
        ({"neurons": 0}, "neurons is 0"),
        ({"family": "polynomial"}, "go together"),
        ({"prove": "quick"}, "allowed: auto, fast, tight, exact"),
        ({"test_fraction": 1.5}, "between 0 and 1"),
    ],
)
def test_a_wrong_choice_is_refused_with_the_next_step(settings, message):
    with pytest.raises(QCompileError, match=message):
        Choices(**settings)


def test_the_split_is_the_one_that_the_model_file_names(trained):
    table, result = trained
    facts = result.network.provenance
    rows, _ = split(table, facts["test_fraction"], facts["seed"], facts["split"])
    np.testing.assert_array_equal(rows, result.train_index)


def test_ctrl_c_while_a_single_column_is_solved_stops_the_training():
    def interrupt(event):
        if event.stage == "solve" and event.data.get("iteration") == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(load("sklearn:breast_cancer"), QUICK, interrupt)
