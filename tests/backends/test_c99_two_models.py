"""Models are named after what they are from, so that two of them link into one image."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.networks import random_network

from qcompile.api import compile_model, write_model
from qcompile.backends.c99.names import identifier
from qcompile.cli import main
from qcompile.errors import UnsupportedError
from qcompile.importers.naming import model_name
from qcompile.importers.open import open_model
from qcompile.ir.interpret import interpret

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror", "-ffp-contract=off")


def stored(path: Path, seed: int, **provenance: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    network = random_network(seed, d=9, m=4, columns=3)
    return Path(write_model(replace(network, provenance=provenance), path))


@pytest.mark.parametrize(
    ("place", "provenance", "name"),
    [
        ("build/model.onnx", {"source": "door sensor.csv"}, "door sensor"),
        ("build/model.onnx", {"source": "sklearn:iris"}, "iris"),
        ("build/model.onnx", {"source": "openml:credit-g@1"}, "credit-g"),
        ("motor/model.onnx", {"source": "the frame"}, "motor"),
        ("motor/model.onnx", {"source": "array"}, "motor"),
        ("motor/model.onnx", {}, "motor"),
        ("motor/pump.onnx", {"source": "sklearn:iris"}, "pump"),
        ("a/model.onnx", {"imported_from": "tfc.onnx"}, "tfc"),
    ],
)
def test_a_model_is_named_after_its_file_its_table_or_its_folder(tmp_path, place, provenance, name) -> None:
    model = open_model(stored(tmp_path / place, 1, **provenance))
    assert model_name(model) == name
    assert model_name(model, "mine") == "mine"


def test_a_folder_that_was_compiled_keeps_its_name_when_it_is_compiled_again(tmp_path: Path) -> None:
    model = stored(tmp_path / "build/model.onnx", 1, source="sklearn:iris")
    compile_model(model, "cortex-m4", tmp_path / "first", name="flowers")
    compile_model(tmp_path / "first", "cortex-m4", tmp_path / "second")
    assert (tmp_path / "first/flowers.c").read_bytes() == (tmp_path / "second/flowers.c").read_bytes()


def test_a_blank_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    model = stored(tmp_path / "build/model.onnx", 1)
    with pytest.raises(UnsupportedError, match="name is blank; give the model a name such as"):
        compile_model(model, "cortex-m4", tmp_path / "out", name=" ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["string", "main", "Time", "math", "int", "qc_base", "stdint"])
def test_no_name_hides_a_header_or_the_example(name: str) -> None:
    assert identifier(name).startswith("m_")


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
@pytest.mark.parametrize("names", [(None, None), ("string", "main"), ("left door", "left-door")])
def test_two_models_link_into_one_image_and_both_are_exact(tmp_path: Path, names) -> None:
    folders, prefixes, labels = [], [], []
    x = np.linspace(-2, 2, open_model(stored(tmp_path / "t.onnx", 1)).program.input.type.length)
    for seed, (source, name) in enumerate(zip(("door.csv", "motor.csv"), names, strict=True), 1):
        model = stored(tmp_path / f"{seed}/model.onnx", seed, source=source)
        words = ["compile", str(model), "--target", "cortex-m4", "-o", str(tmp_path / f"c{seed}")]
        done = CliRunner().invoke(main, [*words, *(["--name", name] if name else [])])
        assert done.exit_code == 0, done.output
        folders.append(tmp_path / f"c{seed}")
        (header,) = (p for p in folders[-1].glob("*.h") if not p.name.startswith("qc_"))
        prefixes.append(header.stem)
        row = x[None].astype(np.float32)
        labels.append(int(interpret(open_model(model).program, row)["label"][0, 0]))
    assert len(set(prefixes)) == 2 and (names[0] or prefixes == ["door", "motor"])
    values = ", ".join(f"{float(np.float32(v)).hex()}f" for v in x)
    calls = "".join(
        f"    static {p}_scratch s{k};\n    {p}_score_t scores{k}[{p.upper()}_SCORES];\n"
        f'    {p}_scores(row, scores{k}, &s{k});\n    printf("%d ", (int){p}_predict(row, &s{k}));\n'
        for k, p in enumerate(prefixes)
    )
    includes = "".join(f'#include "{p}.h"\n' for p in prefixes)
    head = f"#include <stdio.h>\n#include <string.h>\n{includes}"
    text = f"{head}int main(void)\n{{\n    const float row[] = {{{values}}};\n{calls}    return 0;\n}}\n"
    (tmp_path / "image.c").write_text(text)
    sources = [str(f / f"{p}.c") for f, p in zip(folders, prefixes, strict=True)]
    paths = [word for f in folders for word in ("-I", str(f))]
    command = ["gcc", *STRICT, "-Wno-declaration-after-statement", *paths, "image.c", *sources, "-o", "image"]
    subprocess.run(command, cwd=tmp_path, check=True)
    run = subprocess.run([str(tmp_path / "image")], capture_output=True, text=True, check=True)
    assert [int(v) for v in run.stdout.split()] == labels
