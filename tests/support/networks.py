"""Random networks, deep programs and raw rows, seeded."""

import numpy as np

from qcompile.ir.fit import fit_types
from qcompile.ir.ops import Affine, Argmax, Dot, Encode, Input, Scale, Threshold
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.model.encoder import ColumnKind, Encoder
from qcompile.model.network import Network

FORMS = ("bilinear", "polynomial")


def random_encoder(seed: int, d: int = 12, bits: int = 4, features: int = 5) -> Encoder:
    """Every kind of column, the lifted constant last."""
    rng = np.random.default_rng(seed)
    kind = [*np.sort(rng.integers(0, 4, d - 1)).tolist(), int(ColumnKind.CONSTANT)]
    feature = rng.integers(0, features, d)
    feature[-1] = 0
    shift = np.round(rng.normal(size=d), 1).astype(np.float32)
    gain = rng.uniform(0.3, 9.0, d).astype(np.float32)
    fill = rng.normal(size=features).astype(np.float32)
    return Encoder("uniform", bits, kind, feature, shift, gain, fill)


def random_network(
    seed: int,
    form: str = "bilinear",
    weights: str = "binary",
    bits: int = 4,
    columns: int = 1,
    d: int = 12,
    m: int = 7,
    task: str = "classification",
    features: int = 5,
) -> Network:
    """A network with weights of the grid and small second-layer integers, some of them zero."""
    rng = np.random.default_rng(seed)
    if weights == "ternary":
        u, v = rng.integers(-1, 2, (2, m, d))
    else:
        k = 1 if weights == "binary" else int(weights[0])
        u, v = 2 * rng.integers(0, 1 << k, (2, m, d)) - ((1 << k) - 1)
    if form == "polynomial":
        v = u
    alpha = rng.integers(-127, 128, (m, columns)) * (rng.random((m, columns)) < 0.8)
    classes = tuple(f"class {k}" for k in range(2 if columns == 1 else columns))
    activation = (1, 0, 0) if form == "bilinear" else tuple(int(c) for c in rng.integers(-3, 4, 3))
    return Network(
        random_encoder(seed, d, bits, features),
        u,
        v,
        alpha,
        scale=float(rng.uniform(1e-6, 1.0)),
        offset=float(rng.normal()) if task == "regression" else 0.0,
        form=form,
        activation=activation,
        weights=weights,
        task=task,
        classes=classes if task == "classification" else (),
        columns=tuple(f"feature {k}" for k in range(features)),
        provenance={"seed": seed},
    )


def varied_network(seed: int, d: int = 0, m: int = 0, bits: int = 0, columns: int = 0) -> Network:
    """Every weight grid, form and task in turn over twenty seeds; sizes at random where none is given."""
    rng = np.random.default_rng(seed)
    d = d or int(rng.integers(2, 150))
    return random_network(
        seed,
        FORMS[seed // 4 % 2],
        ("binary", "ternary", "2bit", "4bit")[seed % 4],
        bits or int(rng.integers(1, 9)),
        columns or int(rng.integers(1, 11)),
        d,
        m or int(rng.integers(1, 12)),
        "regression" if seed % 5 == 4 else "classification",
        features=max(1, d // 2),
    )


def random_rows(seed: int, encoder: Encoder, n: int) -> np.ndarray:
    """Rows around the thresholds, with missing cells and infinities."""
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=(n, encoder.features)) * 2, 1).astype(np.float32)
    odd = rng.random(x.shape)
    x[odd < 0.05] = np.nan
    x[(odd > 0.05) & (odd < 0.07)] = np.inf
    x[(odd > 0.07) & (odd < 0.09)] = -np.inf
    return x


def random_deep(seed: int, layers: int = 3, width: int = 0, bits: int = 0) -> Program:
    """A threshold network as an importer makes it: dot, batch norm, quantizer, repeated, then argmax.

    With a width every layer has it, and the encoder compares neighbouring features, or all of them.
    """
    rng = np.random.default_rng(seed)
    encoder = random_encoder(seed, d=int(rng.integers(4, 20)), bits=int(rng.choice([1, 2, 8])))
    if width:
        feature = np.arange(width) if seed % 2 else rng.permutation(width)
        at = np.round(rng.normal(size=width), 1)
        encoder = Encoder("threshold", bits or 1, [1] * width, feature, at, [1.0] * width, at[::-1] * 2)
    wide = lambda n: ValueType("i", 64, n)  # noqa: E731
    ops = [Input("x", ValueType("f", 32, encoder.features)), Encode("a0", wide(encoder.width), "x", encoder)]
    ops.append(Affine("q0", wide(encoder.width), "a0", [2], [-encoder.top]))
    n, last = encoder.width, "q0"
    for k in range(1, layers + 1):
        m, levels = width or int(rng.integers(3, 12)), int(rng.choice([1, 1, 3]))
        weight = rng.choice([-1, 1], (m, n)) if seed % 2 else rng.integers(-2, 3, (m, n))
        ops.append(Dot(f"d{k}", wide(m), last, weight))
        ops.append(Affine(f"b{k}", wide(m), f"d{k}", rng.integers(-3, 4, m), rng.integers(-9, 10, m)))
        at = np.sort(rng.integers(-20, 21, (m, levels)), axis=1)
        ops.append(Threshold(f"t{k}", wide(m), f"b{k}", at, rng.choice([-1, 1], m)))
        ops.append(Affine(f"q{k}", wide(m), f"t{k}", [2], [-levels]))
        n, last = m, f"q{k}"
    ops.append(Dot("o", wide(4), last, rng.integers(-3, 4, (4, n))))
    ops.append(Affine("s", wide(4), "o", rng.integers(1, 5, 4), rng.integers(-9, 10, 4)))
    ops.append(Argmax("label", wide(1), "s"))
    ops.append(Scale("values", ValueType("f", 64, 4), "s", rng.uniform(size=4), rng.normal(size=4)))
    outputs = {"scores": "s", "label": "label", "values": "values"}
    return fit_types(Program(f"deep {seed}", tuple(ops), outputs, classes=("a", "b", "c", "d")))
