"""The model file: an exact round trip, and one sentence for everything that is not one."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from support.networks import FORMS, random_network

from qcompile.backends.onnx.build import build
from qcompile.errors import ModelError
from qcompile.ir.lower import lower
from qcompile.model.network import Network
from qcompile.model_file import container as _onnx_file
from qcompile.model_file.keys import DIGEST, digest
from qcompile.model_file.read import read_network

ARRAYS = ("u", "v", "alpha")
ENCODER_ARRAYS = ("kind", "feature", "shift", "gain", "fill")
PLAIN = ("scale", "offset", "form", "activation", "weights", "task", "classes", "columns", "provenance")


def written(network: Network, folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(build(lower(network)).files["model.onnx"])
    return path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weights", ("binary", "ternary", "2bit", "3bit", "4bit"))
@pytest.mark.parametrize("task", ("classification", "regression"))
def test_a_network_comes_back_equal_in_every_field(
    form: str, weights: str, task: str, tmp_path: Path
) -> None:
    for seed, columns in enumerate((1, 4)):
        network = random_network(seed, form=form, weights=weights, columns=columns, task=task)
        back = read_network(written(network, tmp_path))
        for name in ARRAYS:
            np.testing.assert_array_equal(getattr(back, name), getattr(network, name))
        for name in ENCODER_ARRAYS:
            assert getattr(back.encoder, name).tobytes() == getattr(network.encoder, name).tobytes()
        assert (back.encoder.name, back.encoder.bits) == (network.encoder.name, network.encoder.bits)
        for name in PLAIN:
            assert getattr(back, name) == getattr(network, name)
        assert build(lower(back)).digest == build(lower(network)).digest


def refused(path: Path, match: str) -> None:
    with pytest.raises(ModelError, match=match) as caught:
        read_network(path)
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".")


def test_a_missing_empty_or_foreign_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    refused(tmp_path / "nothing.onnx", "cannot be read: No such file")
    refused(tmp_path, "cannot be read: Is a directory")
    empty = tmp_path / "empty.onnx"
    empty.write_bytes(b"")
    refused(empty, "is empty")
    text = tmp_path / "text.onnx"
    text.write_text("not a model at all, only a letter to a friend")
    refused(text, "is not an ONNX model")
    foreign = tmp_path / "foreign.onnx"
    node = onnx.helper.make_node("Neg", ["a"], ["b"])
    value = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1]) for n in "ab"]
    graph = onnx.helper.make_graph([node], "g", value[:1], value[1:])
    foreign.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    refused(foreign, "qcompile did not write it")


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    content = written(random_network(1, columns=3), tmp_path).read_bytes()
    cut = tmp_path / "cut.onnx"
    for length in range(0, len(content), 37):
        cut.write_bytes(content[:length])
        refused(cut, "is empty|is not an ONNX model|did not write|was changed")


def test_a_flipped_bit_never_changes_the_network_unseen(tmp_path: Path) -> None:
    path = written(random_network(1, columns=3), tmp_path)
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    damaged = tmp_path / "damaged.onnx"
    for position in rng.choice(len(content), 300, replace=False):
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(rng.integers(8))
        damaged.write_bytes(flipped)
        refused(damaged, "not an ONNX model|was changed|did not write|another file")


def resealed(path: Path, change) -> Path:
    """The file after a change whose author also renewed the digest."""
    model = onnx.load(path)
    change(model)
    for entry in model.metadata_props:
        if entry.key == DIGEST:
            entry.value = digest(model)
    path.write_bytes(model.SerializeToString())
    return path


def entry(model: onnx.ModelProto, old: str, new: str) -> None:
    for e in model.metadata_props:
        if e.key == "qcompile.network":
            assert old in e.value
            e.value = e.value.replace(old, new)


def tensor(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    return next(t for t in model.graph.initializer if t.name == name)


RESEALED = {
    "short weights": lambda m: setattr(tensor(m, "weights"), "raw_data", b"\0"),
    "absurd shape": lambda m: tensor(m, "weights").dims.__setitem__(0, 1 << 60),
    "negative shape": lambda m: tensor(m, "weights").dims.__setitem__(0, -5),
    "unknown type": lambda m: setattr(tensor(m, "alpha"), "data_type", 99),
    "no alpha": lambda m: setattr(tensor(m, "alpha"), "name", "omega"),
    "more neurons": lambda m: entry(m, '"neurons":7', '"neurons":70000000000'),
    "not a grid": lambda m: entry(m, '"weights":"binary"', '"weights":"septenary"'),
    "version": lambda m: entry(m, '"version":1', '"version":9'),
    "no json": lambda m: entry(m, '"version":1', '"version":'),
    "many columns": lambda m: entry(m, '"kinds":[', '"kinds":[100000000000,'),
    "many features": lambda m: entry(m, '"features":5', '"features":100000000000'),
    "other features": lambda m: entry(m, '"features":5', '"features":3'),
    "many names": lambda m: entry(m, '"count":5', '"count":100000000000'),
    "endless scale": lambda m: entry(m, '"scale":', '"scale":1e999,"was":'),
    "deep json": lambda m: entry(m, '"version":1', '"version":' + "[" * 100_000),
}


@pytest.mark.parametrize("name", RESEALED)
def test_a_damaged_file_with_a_true_digest_is_still_refused(name: str, tmp_path: Path) -> None:
    path = written(random_network(1, columns=3), tmp_path)
    refused(resealed(path, RESEALED[name]), "damaged|tensor|version")


def test_data_in_other_files_is_not_followed(tmp_path: Path) -> None:
    def external(model: onnx.ModelProto) -> None:
        t = tensor(model, "weights")
        t.ClearField("raw_data")
        t.data_location = onnx.TensorProto.EXTERNAL
        t.external_data.add(key="location", value="../../etc/passwd")

    refused(
        resealed(written(random_network(1), tmp_path), external), "in another file, which is not followed"
    )


def test_a_file_above_the_size_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(random_network(1), tmp_path)
    monkeypatch.setattr(_onnx_file, "MAX_FILE_BYTES", 100)
    refused(path, "models up to 100 bytes are read")


def test_more_weights_than_are_read_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    def grown(model: onnx.ModelProto) -> None:
        entry(model, '"neurons":7', '"neurons":70000000')

    refused(
        resealed(written(random_network(1, columns=3), tmp_path), grown), "weights are more than 16777216"
    )
