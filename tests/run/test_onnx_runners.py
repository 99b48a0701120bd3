"""Runners and profiles of ONNX files."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from networks import random_network, random_rows
from onnx import TensorProto, helper

from qcompile.backends.artifact import Artifact
from qcompile.backends.onnx_graph import build
from qcompile.errors import ModelError, UnsupportedError
from qcompile.ir.lower import lower
from qcompile.network import decide, forward
from qcompile.run import onnxruntime, reference
from qcompile.run.profile_onnx import profile_files, ratios
from qcompile.run.runner import Runner

RUNTIMES = (onnxruntime, reference)


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda m: m.__name__.rsplit(".", 1)[-1])
@pytest.mark.parametrize("columns", (1, 4))
def test_a_runner_scores_and_predicts_as_the_network(runtime, columns: int) -> None:
    network = random_network(3, columns=columns)
    runner = runtime.open_artifact(build(lower(network)))
    assert isinstance(runner, Runner)
    x = random_rows(0, network.encoder, 50)
    scores = forward(network, x)
    np.testing.assert_array_equal(runner.scores(x), scores)
    np.testing.assert_array_equal(runner.predict(x), decide(network, scores))
    assert runner.scores(x).dtype == np.int64


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda m: m.__name__.rsplit(".", 1)[-1])
def test_regression_predicts_values(runtime) -> None:
    network = random_network(3, task="regression")
    x = random_rows(0, network.encoder, 20).astype(np.float64)
    found = runtime.open_artifact(build(lower(network))).predict(x)
    np.testing.assert_array_equal(found, forward(network, x)[:, 0] * network.scale + network.offset)


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda m: m.__name__.rsplit(".", 1)[-1])
def test_another_kind_of_artifact_is_refused(runtime) -> None:
    artifact = Artifact("c99", {"model.c": b""}, "model.c", "")
    with pytest.raises(UnsupportedError, match="of kind 'onnx', not 'c99'"):
        runtime.open_artifact(artifact)


def test_a_missing_provider_and_a_damaged_file_are_named() -> None:
    artifact = build(lower(random_network(0)))
    with pytest.raises(UnsupportedError, match="MagicExecutionProvider is not installed here; available: "):
        onnxruntime.open_artifact(artifact, providers=["MagicExecutionProvider"])
    with pytest.raises(ModelError, match="does not load the model"):
        onnxruntime.open_session(artifact.files["model.onnx"][:100])


def written(folder: Path, name: str, **options) -> Path:
    path = folder / name
    path.write_bytes(build(lower(random_network(1, columns=3, d=40, m=30)), **options).files["model.onnx"])
    return path


def test_two_files_are_profiled_side_by_side(tmp_path: Path) -> None:
    paths = [written(tmp_path, "packed.onnx"), written(tmp_path, "dense.onnx", option="dense")]
    profiles = profile_files(paths, batches=(1, 8), seconds_per=0.01)
    for path, profile in zip(paths, profiles, strict=True):
        assert profile.size_bytes == path.stat().st_size
        assert profile.session_ms > 0 and profile.first_run_ms > 0
        assert {(r.quantity, r.batch) for r in profile.latency} == {
            (f"latency_p{p}", b) for p in (50, 90, 99) for b in (1, 8)
        }
        for table in profile.operators.values():
            assert "MatMulInteger" in {row.operator for row in table}
            assert sum(row.share for row in table) == pytest.approx(1)
            assert [row.us_per_run for row in table] == sorted((r.us_per_run for r in table), reverse=True)
        json.dumps(profile.to_json())
    found = ratios(profiles)
    assert set(found) == {1, 8} and all(first == 1 and second > 0 for first, second in found.values())


def foreign(folder: Path, shape: list[int | str], kind: int = TensorProto.FLOAT) -> Path:
    values = [helper.make_tensor_value_info(n, kind, shape) for n in ("a", "b")]
    graph = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "g", values[:1], values[1:])
    imports = [helper.make_opsetid("", 13)]
    path = folder / "foreign.onnx"
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), path)
    return path


def test_any_onnx_file_is_profiled_and_a_fixed_batch_is_kept(tmp_path: Path) -> None:
    (profile,) = profile_files([foreign(tmp_path, [5, 3], TensorProto.INT64)], seconds_per=0.01)
    assert {r.batch for r in profile.latency} == {5}
    free = foreign(tmp_path, ["n", "w"])
    (profile,) = profile_files([free], batches=(2,), shapes={"a": [7]}, seconds_per=0.01)
    assert {r.batch for r in profile.latency} == {2}


def test_what_cannot_be_profiled_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a file"):
        profile_files([tmp_path / "nothing.onnx"])
    with pytest.raises(UnsupportedError, match=r"input 'a' is a tensor\(string\)"):
        profile_files([foreign(tmp_path, ["n", 2], TensorProto.STRING)])
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(ModelError, match="does not load the model"):
        profile_files([broken])
    split = tmp_path / "split.onnx"
    nodes = [helper.make_node("Reshape", ["a", "s"], ["b"])]
    named = {"a": ["n", "w"], "b": [3, 3]}
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in named.items()]
    shape = helper.make_tensor("s", TensorProto.INT64, [2], [3, 3])
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], [shape])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), split)
    with pytest.raises(ModelError, match=r"does not run on random rows.*give shapes="):
        profile_files([split])
