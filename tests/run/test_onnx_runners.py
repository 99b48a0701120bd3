"""Runners and profiles of ONNX files."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support.networks import random_network, random_rows

from qcompile.backends.artifact import Artifact
from qcompile.backends.onnx.build import build
from qcompile.cost.profile import profile_files, ratios
from qcompile.errors import ModelError, UnsupportedError
from qcompile.ir.lower import lower
from qcompile.json_records import to_json
from qcompile.model.network import decide, forward
from qcompile.run import onnxruntime, reference
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
        json.loads(to_json(profile))
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
    sequence = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, ["n"]))
    values = [
        helper.make_value_info("a", sequence),
        helper.make_tensor_value_info("b", TensorProto.INT64, []),
    ]
    graph = helper.make_graph([helper.make_node("SequenceLength", ["a"], ["b"])], "g", values[:1], values[1:])
    listed = tmp_path / "sequence.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), listed)
    with pytest.raises(UnsupportedError, match=r"input 'a' is a seq\(tensor\(float\)\); only tensors"):
        profile_files([listed])
    with pytest.raises(UnsupportedError, match=r"no input 'q' to give a shape; the inputs are 'a'"):
        profile_files([foreign(tmp_path, ["n", 2])], shapes={"q": [2]})
    with pytest.raises(UnsupportedError, match=r"more than .* elements; give fewer rows"):
        profile_files([foreign(tmp_path, ["n", "w"])], batches=(1 << 20,), shapes={"a": [1 << 20]})
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
    with pytest.raises(ModelError, match=r"does not run on random rows of 'a' \[1, 1\].*--shape"):
        profile_files([split])


KINDS = ("FLOAT", "DOUBLE", "FLOAT16", "BOOL", "UINT8", "INT8", "INT32", "UINT64", "INT64", "STRING")


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_of_every_kind_are_filled(kind: str, tmp_path: Path) -> None:
    path = foreign(tmp_path, ["n", 2], getattr(TensorProto, kind))
    (profile,) = profile_files([path], batches=(3,), seconds_per=0.005)
    assert {r.batch for r in profile.latency} == {3}


def test_several_inputs_keep_the_sizes_that_the_file_fixes(tmp_path: Path) -> None:
    named = {"a": ["n", 3], "b": [1, 3], "c": []}
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in named.items()]
    nodes = [helper.make_node("Add", ["a", "b"], ["s"]), helper.make_node("Mul", ["s", "c"], ["y"])]
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])
    path = tmp_path / "three.onnx"
    graph = helper.make_graph(nodes, "g", values, [result])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    (profile,) = profile_files([path], batches=(1, 4), seconds_per=0.005)
    assert {r.batch for r in profile.latency} == {1, 4}


def external(folder: Path, location: str) -> Path:
    weight = onnx.numpy_helper.from_array(np.ones((4, 4), np.float32), "w")
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 4]) for n in ("x", "y")]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = folder / "external.onnx"
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    moved = onnx.load(path, load_external_data=False)
    moved.graph.initializer[0].external_data[0].value = location
    path.write_bytes(moved.SerializeToString())
    return path


def test_tensors_in_other_files_are_counted_and_never_leave_the_folder(tmp_path: Path) -> None:
    path = external(tmp_path, "weights.bin")
    (profile,) = profile_files([path], batches=(1,), seconds_per=0.005)
    assert profile.size_bytes == path.stat().st_size + 64
    with pytest.raises(ModelError, match=r"'missing\.bin', which is not beside it"):
        profile_files([external(tmp_path, "missing.bin")])
    for far in ("../weights.bin", "/etc/hostname"):
        with pytest.raises(ModelError, match="outside of its folder; that is not read"):
            profile_files([external(tmp_path, far)])


def test_a_file_without_inputs_runs_at_one_size(tmp_path: Path) -> None:
    one = onnx.numpy_helper.from_array(np.ones(3, np.float32), "one")
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])
    graph = helper.make_graph([helper.make_node("Add", ["one", "one"], ["y"])], "g", [], [result], [one])
    path = tmp_path / "constant.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    (profile,) = profile_files([path], batches=(1, 8), seconds_per=0.005)
    assert {r.batch for r in profile.latency} == {1}


def test_a_tree_ensemble_with_a_zipmap_is_profiled(tmp_path: Path) -> None:
    tree = helper.make_node(
        "TreeEnsembleClassifier", ["x"], ["label", "scores"], domain="ai.onnx.ml",
        nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2],
        nodes_featureids=[0, 0, 0], nodes_values=[0.5, 0.0, 0.0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0],
        class_treeids=[0, 0], class_nodeids=[1, 2], class_ids=[0, 1], class_weights=[1.0, 1.0],
        classlabels_int64s=[0, 1], post_transform="NONE",
    )  # fmt: skip
    zipped = helper.make_node("ZipMap", ["scores"], ["p"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])
    element = helper.make_map_type_proto(
        TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    )
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
        helper.make_value_info("p", helper.make_sequence_type_proto(element)),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])
    imports = [helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 1)]
    path = tmp_path / "tree.onnx"
    graph = helper.make_graph([tree, zipped], "g", [x], outputs)
    onnx.save(helper.make_model(graph, opset_imports=imports, ir_version=8), path)
    (profile,) = profile_files([path], batches=(2,), seconds_per=0.005)
    assert {o.operator for o in profile.operators[2]} == {"TreeEnsembleClassifier", "ZipMap"}
