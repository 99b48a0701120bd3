"""``encode`` against a second implementation: one cell at a time, one float32 operation per step."""

from __future__ import annotations

import math

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from qcompile.errors import DataError
from qcompile.model.encoder import ColumnKind, Encoder, encode, levels

F = np.float32


def oracle(encoder: Encoder, cell: float, column: int) -> int:
    """The docstring of ``qcompile.model.encoder``, read literally."""
    kind, f = encoder.kind[column], encoder.feature[column]
    shift, gain, top = encoder.shift[column], encoder.gain[column], (1 << encoder.bits) - 1
    raw = F(cell)
    x = encoder.fill[f] if math.isnan(raw) else raw
    if kind == ColumnKind.CONSTANT:
        return top
    if kind == ColumnKind.MISSING:
        return top if math.isnan(raw) else 0
    if kind == ColumnKind.GREATER:
        return top if x > shift else 0
    if kind == ColumnKind.EQUAL:
        return top if x == shift else 0
    with np.errstate(over="ignore"):
        difference = F(x - shift)
        scaled = F(difference * gain)
    clipped = F(0) if scaled < 0 else F(top) if scaled > top else scaled
    return int(F(clipped + F(0.5)))


def random_encoder(seed: int, bits: int, features: int, width: int) -> Encoder:
    rng = np.random.default_rng(seed)
    kind = np.sort(rng.integers(0, 5, size=width)).astype(np.uint8)
    feature = rng.integers(0, features, size=width).astype(np.int32)
    shift = (rng.integers(-4, 5, size=width) / 2).astype(F)
    gain = np.exp(rng.normal(0, 3, size=width)).astype(F)
    return Encoder(
        "uniform", bits, kind, feature, shift, gain, (rng.integers(-4, 5, size=features) / 2).astype(F)
    )


cells = st.one_of(
    st.floats(width=32),  # NaN, infinities, subnormals and both zeros among them
    st.sampled_from([-2.0, -0.5, 0.0, 0.5, 1.0, 2.0]),  # values that equal a shift
)


@settings(deadline=None, max_examples=150)
@given(st.data(), st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 4), st.integers(1, 8))
def test_codes_equal_the_scalar_definition_for_every_float32(
    data: st.DataObject, seed: int, bits: int, features: int, width: int
) -> None:
    encoder = random_encoder(seed, bits, features, width)
    x = data.draw(hnp.arrays(np.float32, (3, features), elements=cells))
    expected = [[oracle(encoder, row[encoder.feature[j]], j) for j in range(width)] for row in x]
    codes = encode(encoder, x)
    assert codes.dtype == np.uint8
    assert codes.tolist() == expected


@pytest.mark.parametrize("bits", range(1, 9))
def test_every_rounding_boundary_is_as_the_scalar_definition_says(bits: int) -> None:
    top = (1 << bits) - 1
    encoder = Encoder("uniform", bits, [0], [0], [0.1], [top / 0.7], [0.0])
    middle = 0.1 + 0.7 * (np.arange(top) + 0.5) / top
    x = np.concatenate([np.nextafter(F(m), F(s)) for m in middle.astype(F)[:, None] for s in (-9, 0, 9)])
    x = np.concatenate([x, middle.astype(F)])[:, None]
    assert encode(encoder, x)[:, 0].tolist() == [oracle(encoder, float(c), 0) for c in x[:, 0]]


def test_wider_types_are_rounded_to_float32_first() -> None:
    encoder = Encoder("threshold", 1, [1, 2], [0, 0], [1.0, 1.0], [1.0, 1.0], [0.0])
    just_above = 1.0 + 1e-9  # equals 1 as float32
    assert encode(encoder, np.array([[just_above]], dtype=np.float64)).tolist() == [[0, 1]]
    assert encode(encoder, np.array([[2]], dtype=np.int64)).tolist() == [[1, 0]]


def test_infinities_saturate() -> None:
    encoder = Encoder("uniform", 3, [0, 1], [0, 0], [0.0, 0.0], [1.0, 1.0], [0.0])
    assert encode(encoder, [[np.inf], [-np.inf]]).tolist() == [[7, 7], [0, 0]]


def test_codes_stand_for_odd_levels() -> None:
    for bits in range(1, 9):
        top = (1 << bits) - 1
        q = levels(np.arange(top + 1)[None], bits)[0]
        assert q.tolist() == list(range(-top, top + 1, 2))


@pytest.mark.parametrize("shape", [(3,), (2, 2), (2, 4)])
def test_rows_of_another_width_are_refused(shape: tuple[int, ...]) -> None:
    encoder = Encoder("uniform", 1, [4], [0], [0.0], [1.0], [0.0, 0.0, 0.0])
    with pytest.raises(DataError, match=r"reads \(n, 3\)"):
        encode(encoder, np.zeros(shape))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (dict(bits=0), "1 to 8 bits"),
        (dict(bits=9), "1 to 8 bits"),
        (dict(kind=[4, 0]), "non-decreasing"),
        (dict(kind=[0, 5]), "non-decreasing"),
        (dict(feature=[0, 2]), "feature must lie in 0..1"),
        (dict(feature=[-1, 0]), "feature must lie"),
        (dict(shift=[0.0]), "one entry per output column"),
        (dict(shift=[np.nan, 0.0]), "finite"),
        (dict(gain=[0.0, 1.0]), "gain positive"),
        (dict(gain=[np.inf, 1.0]), "finite"),
        (dict(fill=[np.inf, 0.0]), "finite"),
    ],
)
def test_an_encoder_that_contradicts_itself_is_refused(fields: dict[str, object], message: str) -> None:
    valid: dict[str, object] = dict(
        name="uniform",
        bits=2,
        kind=[0, 4],
        feature=[1, 0],
        shift=[0.0, 0.0],
        gain=[1.0, 1.0],
        fill=[0.0, 0.0],
    )
    Encoder(**valid)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        Encoder(**(valid | fields))  # type: ignore[arg-type]


def test_blocks_of_a_kind_are_contiguous_and_cover_everything() -> None:
    encoder = random_encoder(3, 2, 4, 30)
    covered = [j for kind in ColumnKind for j in range(30)[encoder.of_kind(kind)]]
    assert covered == list(range(30))
    assert all((encoder.kind[encoder.of_kind(kind)] == kind).all() for kind in ColumnKind)
