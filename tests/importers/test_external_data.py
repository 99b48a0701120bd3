"""Tensors in files beside the model are read like those inside it; nothing else is ever opened."""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import helper, numpy_helper
from support.dialects import Recipe, qonnx_model

from qcompile.cli import main
from qcompile.cost.profile import profile_files
from qcompile.errors import ModelError
from qcompile.importers.qonnx import read_program
from qcompile.ir.text import dump
from qcompile.model_file import container as _onnx_file

DATA = "weights.bin"


def source() -> onnx.ModelProto:
    return qonnx_model(Recipe(2, 2, (16, 8, 4), bias=True), "N")


def saved(folder: Path, **changes: str) -> Path:
    """The source with every tensor in one file beside it; the largest tensor's entries changed."""
    path = folder / "source.onnx"
    (folder / DATA).unlink(missing_ok=True)
    onnx.save(source(), path, save_as_external_data=True, location=DATA, size_threshold=0)
    model = onnx.load(path, load_external_data=False)
    tensor = max(model.graph.initializer, key=lambda t: np.prod(t.dims))
    for entry in tensor.external_data:
        entry.value = changes.get(entry.key, entry.value)
    path.write_bytes(model.SerializeToString())
    return path


def floats(folder: Path, location: str) -> Path:
    """A float network that ONNX Runtime runs, its one tensor elsewhere."""
    weight = numpy_helper.from_array(np.ones((4, 4), np.float32), "w")
    values = [helper.make_tensor_value_info(n, 1, ["n", 4]) for n in ("x", "y")]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    (folder / DATA).unlink(missing_ok=True)
    onnx.save(model, folder / "floats.onnx", save_as_external_data=True, location=DATA, size_threshold=0)
    moved = onnx.load(folder / "floats.onnx", load_external_data=False)
    moved.graph.initializer[0].external_data[0].value = location
    (folder / "floats.onnx").write_bytes(moved.SerializeToString())
    return folder / "floats.onnx"


def test_data_beside_the_file_is_read(tmp_path: Path) -> None:
    whole = tmp_path / "whole" / "source.onnx"
    whole.parent.mkdir()
    whole.write_bytes(source().SerializeToString())
    path = saved(tmp_path)
    assert len(path.read_bytes()) < len(whole.read_bytes()) + 60 * len(source().graph.initializer)
    operations = [dump(read_program(p)).split("provenance")[-1].split("\n", 1)[1] for p in (path, whole)]
    assert operations[0] == operations[1]
    result = CliRunner().invoke(main, ["import", str(path), "-o", str(tmp_path / "out"), "--json"])
    assert result.exit_code == 0, result.output
    (tmp_path / DATA).rename(tmp_path / "whole" / DATA)
    with pytest.raises(ModelError, match=f"'{DATA}', which is not beside it; copy that file too"):
        read_program(path)


def test_links_inside_the_folder_and_folders_below_it_are_followed(tmp_path: Path) -> None:
    path = saved(tmp_path, location="below/link.bin")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "link.bin").symlink_to(tmp_path / DATA)
    read_program(path)


OUTSIDE = (
    "../secret.bin",
    "below/../../secret.bin",
    "{absolute}",
    "link.bin",
    "linked/secret.bin",
    "C:\\a.bin",
)


@pytest.mark.parametrize("location", OUTSIDE)
def test_nothing_outside_the_folder_is_opened(location: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "below").mkdir(parents=True)
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(4096))
    (home / "link.bin").symlink_to(secret)
    (home / "linked").symlink_to(tmp_path)
    place = location.format(absolute=secret)
    for command, path in (("import", saved(home, location=place)), ("profile", floats(home, place))):
        result = CliRunner().invoke(main, [command, str(path)])
        assert result.exit_code == 2
        assert "outside of its folder; that is not read" in " ".join(result.output.split())
        assert "Traceback" not in result.output
    with pytest.raises(ModelError, match="outside of its folder") as caught:
        read_program(saved(home, location=place))
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_an_absolute_path_into_the_folder_is_refused_too(tmp_path: Path) -> None:
    for read, path in (
        (read_program, saved(tmp_path, location=str(tmp_path / DATA))),
        (lambda p: profile_files([p]), floats(tmp_path, str(tmp_path / DATA))),
    ):
        with pytest.raises(ModelError, match=r"outside of its folder.*by its relative path"):
            read(path)


WRONG = {
    "offset": {"-4": "the offset '-4', not a number", "99999999999": "which has", "1e3": "not a number"},
    "length": {
        "0": "needs 512 bytes",
        "4": "gives it 4",
        "99999999999": "gives it 99999999999",
        "x": "not a n",
    },
    "location": {
        "": "which is not beside it",
        ".": "which is not beside it",
        "a\0b": "which is no file name",
    },
}


@pytest.mark.parametrize(("key", "value"), [(k, v) for k in WRONG for v in WRONG[k]])
def test_offsets_and_lengths_are_checked(key: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=WRONG[key][value]):
        read_program(saved(tmp_path, **{key: value}))


def test_sizes_are_checked_before_memory_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path)
    monkeypatch.setattr(_onnx_file, "MAX_FILE_BYTES", path.stat().st_size + 100)
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("a file was opened before it was measured"))
    monkeypatch.setattr(Path, "read_bytes", lambda p: os.read(os.open(p, os.O_RDONLY), 1 << 20))
    with pytest.raises(ModelError, match="keeps in other files are too large"):
        read_program(path)


def test_what_is_not_a_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    path = saved(tmp_path, location="pipe")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelError, match="'pipe', which is not beside it"):
        read_program(path)
