"""compile --layout library: the command writes a library that a C program links and runs."""

import ctypes
import json
import platform
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from qcompile.cli import main
from qcompile.importers.open import open_model
from qcompile.ir.interpret import interpret
from qcompile.kernels.simd.isa import supported

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler to link with")
PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#include "model.h"
int main(int count, char **words) {
    float *row = malloc(sizeof(float) * MODEL_FEATURES);
    int64_t scores[MODEL_SCORES], label;
    for (int i = 0; i < MODEL_FEATURES; i++) row[i] = strtof(words[i + 1], NULL);
    model_scores(row, 1, scores);
    model_labels(row, 1, &label);
    for (int i = 0; i < MODEL_SCORES; i++) printf("%lld ", (long long)scores[i]);
    printf("%lld\\n", (long long)label);
    return count != MODEL_FEATURES + 1;
}
"""


@pytest.mark.slow
def test_a_c_program_and_ctypes_get_the_scores_of_the_interpreter(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "lib"
    done = CliRunner().invoke(
        main, ["compile", str(built), "--layout", "library", "--name", "model", "-o", str(out), "--json"]
    )
    assert done.exit_code == 0, done.output
    assert set(json.loads(done.stdout)["files"]) == {"model.so", "model.h", "manifest.json"}
    program = open_model(built).program
    row = np.random.default_rng(0).normal(10, 9, (1, program.input.type.length)).astype(np.float32)
    expected = interpret(program, row)

    (tmp_path / "main.c").write_text(PROGRAM)
    build = [
        "cc",
        "-Wall",
        "-Werror",
        "-I",
        str(out),
        "main.c",
        str(out / "model.so"),
        f"-Wl,-rpath,{out}",
        "-o",
        "main",
    ]
    subprocess.run(build, cwd=tmp_path, check=True)
    words = [repr(float(v)) for v in row[0]]
    told = subprocess.run(
        [tmp_path / "main", *words], capture_output=True, text=True, check=True
    ).stdout.split()
    assert [int(v) for v in told] == [*expected["scores"][0].tolist(), int(expected["label"][0, 0])]

    library, scores = ctypes.CDLL(str(out / "model.so")), np.zeros_like(expected["scores"])
    library.model_scores(
        ctypes.c_void_p(row.ctypes.data), ctypes.c_int64(1), ctypes.c_void_p(scores.ctypes.data)
    )
    np.testing.assert_array_equal(scores, expected["scores"])


@pytest.mark.slow
@pytest.mark.parametrize(("target", "isa"), [("x86-64-v2", "scalar"), ("x86-64-v3", "avx2")])
def test_a_library_for_an_older_cpu_runs_here_and_uses_nothing_newer(built, tmp_path, target, isa) -> None:
    if isa not in supported() or platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip(f"this CPU cannot run {target}")
    out = tmp_path / "lib"
    words = [
        "compile",
        str(built),
        "--layout",
        "library",
        "--name",
        "model",
        "--target",
        target,
        "-o",
        str(out),
        "--json",
    ]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["isa"] == isa

    program = open_model(built).program
    x = np.random.default_rng(1).normal(10, 9, (37, program.input.type.length)).astype(np.float32)
    expected = interpret(program, x)
    library = ctypes.CDLL(str(out / "model.so"))
    for name, function in (("scores", library.model_scores), ("label", library.model_labels)):
        answers = np.zeros_like(expected[name], np.int64)
        where = (ctypes.c_void_p(x.ctypes.data), ctypes.c_int64(len(x)), ctypes.c_void_p(answers.ctypes.data))
        function(*where)
        np.testing.assert_array_equal(answers, expected[name])
    if shutil.which("objdump"):
        code = subprocess.run(
            ["objdump", "-d", str(out / "model.so")], capture_output=True, text=True, check=True
        )
        forbidden = r"%zmm|%k[1-7]" if isa == "avx2" else r"%zmm|%ymm|%k[1-7]"
        assert not re.search(forbidden, code.stdout)


def test_another_system_is_refused_with_the_targets_that_may_be_had(built: Path, tmp_path: Path) -> None:
    words = [
        "compile",
        str(built),
        "--layout",
        "library",
        "--target",
        "cortex-m4",
        "-o",
        str(tmp_path / "lib"),
    ]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert "targets: host, x86-64-v3, x86-64-v2" in done.output
    assert not (tmp_path / "lib").exists()
