"""compile, cost, compare and check on other cores, through the command line."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner

from qcompile.api import write_model
from qcompile.cli import main
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network

NEEDED = ("ziglang", "unicorn", "capstone", "elftools")
needs_edge = pytest.mark.skipif(
    not all(importlib.util.find_spec(m) for m in NEEDED), reason="pip install 'qcompile[edge]'"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    rng, d, m = np.random.default_rng(0), 17, 9
    kinds, features = [0] * (d - 1) + [4], [*range(d - 1), 0]
    encoder = Encoder("uniform", 4, kinds, features, *np.ones((2, d)), np.zeros(d - 1))
    u, v = rng.choice([-1, 1], (2, m, d))
    network = Network(encoder, u, v, rng.integers(-9, 10, (m, 3)), 1.0, classes=("a", "b", "c"))
    return write_model(network, tmp_path_factory.mktemp("edge") / "model.onnx")


def run(*words: object):
    result = CliRunner().invoke(main, [str(w) for w in words])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("layout", "entry"), [("plain", "model.c"), ("arduino", "src/model.c"), ("zephyr", "src/model.c")]
)
def test_compile_writes_the_files_of_a_layout(model, tmp_path, layout: str, entry: str) -> None:
    words = (
        "compile",
        model,
        "--target",
        "cortex-m4",
        "-o",
        tmp_path / "out",
        "--name",
        "model",
        "--layout",
        layout,
    )
    code, text = run(*words, "--json")
    assert code == 0
    record = json.loads(text)
    assert (tmp_path / "out" / entry).stat().st_size == record["files"][entry]
    assert record["target"] == "cortex-m4" and record["provenance"]["scratch_bytes"] > 0


def test_the_ternary_form_is_other_code_and_refused_where_there_is_none(model, tmp_path) -> None:
    for form in ("trained", "ternary"):
        words = (
            "compile",
            model,
            "--target",
            "cortex-m4",
            "-o",
            tmp_path / form,
            "--name",
            "model",
            "--form",
            form,
        )
        assert run(*words)[0] == 0
    assert (tmp_path / "trained/model.c").read_text() != (tmp_path / "ternary/model.c").read_text()
    encoder = Encoder("uniform", 1, [0, 4], [0, 0], *np.ones((2, 2)), np.zeros(1))
    square = Network(
        encoder, [[1, 1]], [[1, 1]], [[1]], 1.0, form="polynomial", activation=(1, 0, 0), task="regression"
    )
    other = write_model(square, tmp_path / "square.onnx")
    code, text = run("compile", other, "--target", "cortex-m4", "-o", tmp_path / "no", "--form", "ternary")
    assert code == 2 and "this one is polynomial" in text and not (tmp_path / "no").exists()


@needs_edge
def test_check_judges_flash_and_ram_on_another_core_and_writes_junit(model, tmp_path) -> None:
    budget, junit = tmp_path / "pyproject.toml", tmp_path / "junit.xml"
    budget.write_text("[tool.qcompile.budget]\nmax_flash_kb = 64\nmax_ram_kb = 8\n")
    words = ("check", model, "--target", "cortex-m4", "--budget", budget, "--junit", junit)
    assert run(*words, "--max-latency-ms", 5)[0] == 0
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("3", "0")
    code, text = run(*words, "--max-flash-kb", 0.5, "--json")
    assert code == 1 and ElementTree.parse(junit).getroot().get("failures") == "1"
    assert "max_flash_kb 0.5" in text and "over by" in text


@needs_edge
def test_cost_and_compare_say_how_each_figure_was_found(model) -> None:
    code, text = run("cost", model, "--target", "cortex-m0plus", "--json")
    record = json.loads(text)
    assert code == 0 and record["how"] == "counted by unicorn"
    assert {"measured", "modelled"} == {r["origin"] for r in record["rows"]}
    code, text = run("compare", model, "--target", "cortex-m4", "--target", "cortex-m55", "--json")
    rows = json.loads(text)["rows"]
    assert code == 0 and [r["target"] for r in rows] == ["cortex-m4", "cortex-m55"]
    expected = (
        "counted by qemu" if shutil.which("qemu-system-arm") else "estimated from counted operations: qemu"
    )
    assert rows[1]["how"].startswith(expected)
    assert rows[0]["energy"]["low"] <= rows[0]["energy"]["expected"] <= rows[0]["energy"]["high"]
    for words in (("cost", model), ("compare", model)):
        assert run(*words, "--target", "cortex-m4")[0] == 0


@needs_edge
def test_verify_runs_the_c_on_emulated_cores(model) -> None:
    words = ("verify", model, "--rows", 20, "--json")
    code, text = run(*words, "--target", "cortex-m0plus", "--target", "x86-64-v2")
    checks = {c["name"]: c for c in json.loads(text)["checks"]}
    assert code == 0 and checks["C on cortex-m0plus"]["passed"] and checks["C on x86-64-v2"]["passed"]
    assert run(*words, "--target", "rv32imc_zbb")[0] == (0 if shutil.which("qemu-riscv32") else 2)


@needs_edge
@pytest.mark.parametrize("layout", ["plain", "arduino", "zephyr"])
def test_a_compiled_folder_is_verified_as_it_is_on_disk(model, tmp_path, layout: str) -> None:
    out = tmp_path / "out"
    for _ in range(2):  # into a folder that is already there, too
        assert (
            run(
                "compile",
                model,
                "--target",
                "cortex-m0plus",
                "-o",
                out,
                "--name",
                "model",
                "--layout",
                layout,
            )[0]
            == 0
        )
    record = json.loads((out / "artifact.json").read_text())
    assert (
        "clang" in record["figures"]["instructions"]["source"]
        and record["figures"]["flash"]["expected"] > 500
    )
    code, text = run("verify", out, "--rows", 20, "--json")
    assert code == 0 and [c["name"] for c in json.loads(text)["checks"]] == ["files", "C on cortex-m0plus"]
    assert run("cost", out, "--target", "cortex-m4")[0] == run("info", out)[0] == 0
    assert run("verify", out, "--target", "cortex-m4")[0] == 2
    source = next(out.rglob("model.c"))
    source.write_text(source.read_text().replace("best = k;", "best = 0;"))
    code, text = run("verify", out, "--rows", 20, "--json")
    assert code == 1 and "changed since they were written: " in text


@pytest.mark.parametrize(
    "damage", ["[]", '{"kind": "qcompile firmware"}', '{"kind": 1, "files": {"../x": ""}, "entry": "../x"}']
)
def test_a_damaged_description_is_one_sentence(tmp_path, damage: str) -> None:
    (tmp_path / "artifact.json").write_text(damage)
    code, text = run("verify", tmp_path)
    assert code == 2 and "compile it again" in text and "Traceback" not in text


def test_without_compiler_and_emulator_costs_are_labelled_estimates(model, tmp_path) -> None:
    """A fresh interpreter in which none of the optional packages can be imported, with an empty PATH."""
    hidden = ("ziglang", "unicorn", "capstone", "elftools", "wasmtime")
    hide = f"import sys\nfor m in {hidden}: sys.modules[m] = None\n"
    call = f"from qcompile.cli import main\nmain(['cost', {str(model)!r}, '--target', TARGET, '--json'])\n"
    environment = {"PATH": "", "PYTHONPATH": os.pathsep.join(sys.path)}
    for target in ("cortex-m4", "wasm32"):
        program = hide + f"TARGET = {target!r}\n" + call
        words = [sys.executable, "-c", program]
        done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        record = json.loads(done.stdout)
        assert record["how"].startswith("estimated from counted operations")
        assert {r["origin"] for r in record["rows"]} == {"modelled"}


def test_an_unknown_target_is_one_sentence_and_exit_2(model, tmp_path) -> None:
    code, _ = run("compile", model, "--target", "cortex-m5", "-o", tmp_path / "out")
    assert code == 2 and not (tmp_path / "out").exists()


def test_on_this_machine_costs_are_measured_not_estimated(model) -> None:
    code, text = run("compare", model, "--target", "host", "--target", "cortex-m4", "--json")
    here, there = json.loads(text)["rows"]
    assert code == 0 and here["how"] == "measured here" and here["latency"]["origin"] == "measured"
    assert there["target"] == "cortex-m4" and there["flash"] and here["flash"] is None
    code, text = run("cost", model, "--target", "host", "--json")
    assert code == 0 and json.loads(text)["how"] == "measured here"
