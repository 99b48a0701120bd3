from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from support.networks import random_network, random_rows

from qcompile.model.encoder import Encoder, encode, levels
from qcompile.model.network import WEIGHTS, Network, decide, forward, forward_codes, score_bound


def encoder(d: int, bits: int = 2) -> Encoder:
    """d - 1 level columns of d - 1 raw features, then the constant."""
    kind = np.r_[np.zeros(d - 1), 4].astype(np.uint8)
    feature = np.r_[np.arange(d - 1), 0].astype(np.int32)
    return Encoder("uniform", bits, kind, feature, np.zeros(d), np.ones(d), np.zeros(max(1, d - 1)))


def scalar_score(network: Network, q: Any, k: int) -> int:
    """The definition in Python integers, one term at a time."""
    total = 0
    for j in range(network.neurons):
        t = sum(int(w) * int(x) for w, x in zip(network.u[j], q, strict=True))
        s = sum(int(w) * int(x) for w, x in zip(network.v[j], q, strict=True))
        a, b, c = network.activation
        total += int(network.alpha[j, k]) * (t * s if network.form == "bilinear" else a * t * t + b * t + c)
    return total


networks = st.builds(
    random_network,
    st.integers(0, 2**32 - 1),
    st.sampled_from(["bilinear", "polynomial"]),
    st.sampled_from(WEIGHTS),
    st.sampled_from([1, 2, 4, 8]),
    st.sampled_from([1, 3, 10]),
    d=st.integers(2, 8),
    m=st.integers(0, 5),
)


@settings(deadline=None, max_examples=60)
@given(networks, st.integers(0, 2**32 - 1))
def test_scores_are_the_definition_in_python_integers_and_stay_within_the_bound(
    net: Network, seed: int
) -> None:
    x = random_rows(seed, net.encoder, 4)
    scores = forward(net, x)
    assert scores.dtype == np.int64 and scores.shape == (4, net.alpha.shape[1])
    q = levels(encode(net.encoder, x), net.encoder.bits)
    expected = [[scalar_score(net, row, k) for k in range(scores.shape[1])] for row in q]
    assert scores.tolist() == expected
    assert int(np.abs(scores).max(initial=0)) <= score_bound(net)


def test_the_bound_is_reached_by_the_row_that_agrees_with_every_weight() -> None:
    net = Network(encoder(4, bits=3), [[1, -1, 1, 1]], [[1, -1, 1, 1]], [[-9]], 1.0, classes=("a", "b"))
    codes = np.array([[7, 0, 7, 7]])
    assert forward_codes(net, codes).tolist() == [[-score_bound(net)]] == [[-9 * 28 * 28]]


def test_a_score_that_could_leave_int64_is_refused_rather_than_wrapped() -> None:
    net = Network(encoder(3, bits=8), [[1, 1, 1]], [[1, 1, 1]], [[2**62]], 1.0, classes=("a", "b"))
    with pytest.raises(OverflowError, match="leave int64"):
        forward_codes(net, np.array([[255, 255, 255]]))


def test_of_equal_scores_the_first_class_wins_and_zero_is_the_second_of_two() -> None:
    three = Network(encoder(2), [[1, 1]], [[1, 1]], [[1, 1, 0]], 1.0, classes=("a", "b", "c"))
    assert decide(three, np.array([[5, 5, 1], [0, 1, 1]])).tolist() == [0, 1]
    two = Network(encoder(2), [[1, 1]], [[1, 1]], [[1]], 1.0, classes=("no", "yes"))
    assert decide(two, np.array([[-1], [0], [1]])).tolist() == [0, 1, 1]


def test_a_network_is_read_only() -> None:
    net = random_network(0, "bilinear", "binary", 2, 3)
    with pytest.raises(ValueError, match="read-only"):
        net.alpha[:] = 0


VALID: dict[str, Any] = {
    "encoder": encoder(2), "u": [[1, -1]], "v": [[1, 1]], "alpha": [[1]], "scale": 1.0, "classes": ("a", "b"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"u": [[1, 1, 1]]}, "do not fit"),
        ({"alpha": [[1], [2]]}, "do not fit"),
        ({"alpha": np.zeros((1, 0), int)}, "at least one column"),
        ({"weights": "5bit"}, "allowed: binary"),
        ({"form": "cubic"}, "allowed: bilinear"),
        ({"form": "polynomial"}, "v must equal u"),
        ({"task": "ranking"}, "allowed: classification"),
        ({"classes": ("a", "b", "c")}, "3 class names for 1 score"),
        ({"u": [[1, 0]]}, "outside the binary grid"),
        ({"v": [[1, 3]]}, "outside the binary grid"),
        ({"u": [[1, 300]]}, "int8 cannot represent"),
        ({"alpha": [[0.5]]}, "int64 cannot represent"),
        ({"u": [1, -1]}, "expected 2"),
        ({"scale": 0.0}, "positive"),
        ({"scale": float("nan")}, "finite"),
        ({"offset": float("inf")}, "finite"),
    ],
)
def test_a_network_that_contradicts_itself_is_refused(change: dict[str, Any], message: str) -> None:
    Network(**VALID)
    with pytest.raises(ValueError, match=message):
        Network(**(VALID | change))
