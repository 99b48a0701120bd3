"""Every encoder, fitted on a table of every column kind with missing cells, in every form of ONNX file."""

import shutil

import numpy as np
import onnx
import pytest
from support.networks import random_network, random_rows
from support.tables import table_of

from qcompile.backends.onnx.build import OPTIONS, build
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.model.encoder import ColumnKind, Encoder
from qcompile.model.network import Network
from qcompile.model.schema import Column
from qcompile.model_file.read import read_network
from qcompile.registry import load, names
from qcompile.run import onnxruntime, reference

ENCODERS = "qcompile.data.encode"
COLUMNS = (
    Column("length", "numeric"),
    Column("narrow", "numeric"),  # a range too narrow for float32 arithmetic
    Column("empty", "numeric"),  # no cell at all
    Column("same", "numeric"),
    Column("flag", "boolean"),
    Column("yes", "categorical", ("n", "y")),
    Column("colour", "categorical", tuple(f"c{k}" for k in range(7))),
)
SETTINGS = {"uniform": {"bits": 2}, "thermometer": {"k": 3}, "splits": {"count": 12}}


def table(n: int = 120) -> np.ndarray:
    """Cells as the data floor gives them: codes of categories, NaN where nothing stands."""
    rng = np.random.default_rng(5)
    x = np.stack(
        [
            rng.normal(size=n) * 30,
            rng.integers(0, 2, n) * np.float32(1e-37),
            np.full(n, np.nan),
            np.full(n, 2.5),
            rng.integers(0, 2, n),
            rng.integers(0, 2, n),
            rng.integers(0, 7, n),
        ],
        axis=1,
    ).astype(np.float32)
    x[rng.random(x.shape) < 0.15] = np.nan
    return x


def fitted(encoder: str, columns: int = 3) -> Network:
    made = load(ENCODERS, encoder).fit(table_of(table(), COLUMNS), **SETTINGS.get(encoder, {}))
    base = random_network(1, weights="binary", columns=columns, d=made.width, m=2, bits=made.bits)
    alpha = np.clip(base.alpha, -9, 9)
    names_ = tuple(c.name for c in COLUMNS)
    return Network(**{**vars(base), "encoder": made, "columns": names_, "alpha": alpha})


def scores(artifact, x: np.ndarray, option: str) -> np.ndarray:
    if option == "qonnx":
        from support.dialects import execute

        model = onnx.load_from_string(artifact.files["model.onnx"])
        return np.concatenate([execute(model, row[None]) for row in x])
    return onnxruntime.open_artifact(artifact).scores(x)


@pytest.mark.filterwarnings("ignore")  # of qonnx itself
@pytest.mark.parametrize(
    ("encoder", "option"),
    [
        pytest.param(encoder, option, marks=[pytest.mark.slow] if option == "custom" else [])
        for encoder in names(ENCODERS)
        for option in OPTIONS
    ],
)
def test_an_encoder_fitted_on_missing_cells_is_exact_in_every_form(encoder: str, option: str) -> None:
    if option == "qonnx":
        pytest.importorskip("qonnx", reason="the qonnx package is not installed")
    if option == "custom" and not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("there is no C compiler")
    network = fitted(encoder)
    kinds = set(network.encoder.kind)
    assert {ColumnKind.GREATER, ColumnKind.EQUAL, ColumnKind.MISSING, ColumnKind.CONSTANT} <= kinds
    program = lower(network)
    x = np.concatenate([table(30), np.full((1, 7), np.nan, np.float32), random_rows(2, network.encoder, 30)])
    x = x[:12] if option == "qonnx" else x
    artifact = build(program, option=option)
    np.testing.assert_array_equal(scores(artifact, x, option), interpret(program, x)["scores"])
    if option not in ("qonnx", "custom"):
        found = reference.open_artifact(artifact).scores(x)
        np.testing.assert_array_equal(found, interpret(program, x)["scores"])


def wide(numbers: np.ndarray) -> Network:
    """Levels alone with these shifts and fills."""
    d = len(numbers)
    kind = [ColumnKind.LEVEL] * (d - 1) + [ColumnKind.CONSTANT]
    shift, gain = numbers.copy(), np.abs(numbers) + 1
    shift[-1], gain[-1] = 0, 1
    encoder = Encoder("uniform", 4, kind, [*range(d - 1), 0], shift, gain, numbers[:-1])
    base = random_network(3, d=d, m=150)
    names_ = tuple(f"pixel{k}" for k in range(9, 8 + d))
    described = [{"name": name, "kind": "numeric", "categories": []} for name in names_]
    described[3] |= {"kind": "categorical", "categories": ["a", "b"]}
    schema = {"columns": described, "label": "y", "task": "classification", "classes": ["a", "b"]}
    provenance = {"schema": schema}
    return Network(**{**vars(base), "encoder": encoder, "columns": names_, "provenance": provenance})


NUMBERS = {
    "one": np.zeros(400),
    "two zeros": np.where(np.arange(400) % 2, 0.0, -0.0),
    "a table": np.arange(400) % 37 - 5.5,
    "256": np.arange(400) % 256 - 0.25,
    "257": np.arange(400) % 257 - 0.25,
    "all": np.arange(400) + 0.1,
}


@pytest.mark.parametrize("case", NUMBERS)
def test_short_forms_of_the_encoder_lose_no_bit(case: str, tmp_path) -> None:
    network = wide(NUMBERS[case].astype(np.float32))
    program = lower(network)
    artifact = build(program)
    x = random_rows(2, network.encoder, 40)
    np.testing.assert_array_equal(scores(artifact, x, "packed"), interpret(program, x)["scores"])
    (tmp_path / "m.onnx").write_bytes(artifact.files["model.onnx"])
    back = read_network(tmp_path / "m.onnx")
    for name in ("kind", "feature", "shift", "gain", "fill"):
        assert getattr(back.encoder, name).tobytes() == getattr(network.encoder, name).tobytes()
    assert back.columns == network.columns and back.provenance == network.provenance
    sizes = {t.name: len(t.raw_data) for t in onnx.load(tmp_path / "m.onnx").graph.initializer}
    assert (
        sizes["fill"]
        == {"one": 4, "two zeros": 8, "a table": 148, "256": 1596, "257": 1596, "all": 1596}[case]
    )
