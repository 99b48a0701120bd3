"""Model files whose metadata were edited and whose digest was renewed: read, or refused in one sentence."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import onnx
import pytest
from click.testing import CliRunner

from qcompile.cli import main
from qcompile.errors import ModelError
from qcompile.model_file.keys import DIGEST, NETWORK, PROVENANCE, digest
from qcompile.model_file.read import read_network

VALUES: tuple[Any, ...] = (
    None, 0, -1, 1, 3.5, -0.5, 1e308, float("nan"), 2**70, 10**6, True, "", "x", "é" * 10,
    [], {}, [[]], ["a"], {"a": 1},
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(p for key, item in inner for p in places(item, (*path, key)))]


def edited(value: Any, rng: random.Random) -> Any:
    """One value replaced, or one key of an object removed."""
    path = rng.choice(places(value))
    if not path:
        return rng.choice(VALUES)
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    if isinstance(holder, dict) and rng.random() < 0.3:
        del holder[path[-1]]
    else:
        holder[path[-1]] = rng.choice(VALUES)
    return value


def write(model: onnx.ModelProto, entries: dict[str, str], path: Path) -> None:
    made = onnx.ModelProto()
    made.CopyFrom(model)
    onnx.helper.set_model_props(made, {k: v for k, v in entries.items() if k != DIGEST})
    onnx.helper.set_model_props(made, {**entries, DIGEST: digest(made)})
    path.write_bytes(made.SerializeToString())


def mutants(source: Path, path: Path, count: int, seed: int) -> dict[int, int]:
    """Show each in every detail; how many ended with which exit code."""
    rng = random.Random(seed)
    model = onnx.load(source)
    entries = {e.key: e.value for e in model.metadata_props}
    codes: dict[int, int] = {}
    for _ in range(count):
        key = rng.choice([NETWORK, PROVENANCE])
        write(model, {**entries, key: json.dumps(edited(json.loads(entries[key]), rng))}, path)
        found = CliRunner().invoke(main, ["info", str(path)])
        assert found.exit_code in (0, 2), found.output
        assert "unexpected" not in found.stderr and found.stderr.count("\n") <= 1, found.stderr
        codes[found.exit_code] = codes.get(found.exit_code, 0) + 1
    return codes


def test_an_edited_model_is_shown_or_refused_in_one_sentence(built: Path, tmp_path: Path) -> None:
    codes = mutants(built / "model.onnx", tmp_path / "m.onnx", 30, 0)
    assert codes.keys() == {0, 2}


@pytest.mark.slow
def test_two_thousand_five_hundred_edited_models(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = int(os.environ.get("QCOMPILE_MUTANTS", "2500"))
    codes = mutants(built / "model.onnx", tmp_path / "m.onnx", count, 1)
    with capsys.disabled():
        print(f"\n{count} edited models: {codes[0]} shown, {codes[2]} refused, 0 with another end")


@pytest.mark.parametrize(
    ("key", "path", "value", "told"),
    [
        (PROVENANCE, ("certificate", "bound"), None, "not all numbers"),
        (PROVENANCE, ("certificate", "gap"), True, "not all numbers"),
        (PROVENANCE, ("certificate", "columns", 0, "objective"), "1", "not all numbers"),
        (PROVENANCE, ("certificate", "kind"), [1], "kinds of proof are not all texts"),
        (PROVENANCE, ("certificate",), 1.5, "is damaged"),
        (PROVENANCE, ("schema",), [], "is damaged"),
        (NETWORK, ("classes",), [1, 2], "classes are not all texts"),
        (NETWORK, ("classes",), ["no", None], "classes are not all texts"),
        (NETWORK, ("activation",), [], "not enough values"),
        (NETWORK, ("columns",), [[]] * 30, "columns are not all texts"),
    ],
)
def test_a_wrong_type_is_named(
    key: str, path: tuple[Any, ...], value: Any, told: str, built: Path, tmp_path: Path
) -> None:
    model = onnx.load(built / "model.onnx")
    entries = {e.key: e.value for e in model.metadata_props}
    record = holder = json.loads(entries[key])
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    write(model, {**entries, key: json.dumps(record)}, tmp_path / "m.onnx")
    with pytest.raises(ModelError, match=told):
        read_network(tmp_path / "m.onnx")


@pytest.mark.parametrize("edit", ["an output removed", "labels shortened", "an axis that is not there"])
def test_a_graph_that_does_not_run_is_one_sentence(edit: str, built: Path, tmp_path: Path) -> None:
    model = onnx.load(built / "model.onnx")
    if edit == "an output removed":
        del model.graph.output[[o.name for o in model.graph.output].index("scores")]
    elif edit == "labels shortened":
        output = next(o for o in model.graph.output if o.name == "class_index")
        source = next(n for n in model.graph.node if output.name in n.output)
        rename = onnx.helper.make_node("Slice", ["inner_index", "from", "to"], [output.name])
        source.output[list(source.output).index(output.name)] = "inner_index"
        for node in model.graph.node:
            node.input[:] = ["inner_index" if i == output.name else i for i in node.input]
        for name, value in (("from", 0), ("to", 5)):
            model.graph.initializer.append(
                onnx.helper.make_tensor(name, onnx.TensorProto.INT64, [1], [value])
            )
        model.graph.node.append(rename)
    else:
        node = next(n for n in model.graph.node if any(a.name == "axis" for a in n.attribute))
        next(a for a in node.attribute if a.name == "axis").i = 7
    write(model, {e.key: e.value for e in model.metadata_props}, tmp_path / "m.onnx")
    found = CliRunner().invoke(main, ["predict", str(tmp_path / "m.onnx"), "sklearn:breast_cancer"])
    assert found.exit_code == 2 and found.stderr.count("\n") == 1, found.output
    assert "unexpected" not in found.stderr
