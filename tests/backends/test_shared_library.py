"""The library answers as the interpreter does, without Numba, soon after a process starts."""

import ctypes
import subprocess
import sys

import numpy as np
import pytest

from qcompile.backends.library import shared as shared_library
from qcompile.errors import CompileError
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.ir.text import parse
from qcompile.kernels.simd.isa import supported
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from qcompile.passes.pipeline import optimise


def network(classes=3, bits=4, m=21, d=40):
    rng = np.random.default_rng(classes)
    kind = [0] * 20 + [1] * 19 + [4]
    encoder = Encoder(
        "mixed", bits, kind, rng.integers(0, 9, d), rng.normal(0, 1, d), np.full(d, 3.0), np.zeros(9)
    )
    names = tuple(str(c) for c in range(max(2, classes)))
    u, v = rng.choice([-1, 1], (2, m, d))
    return Network(encoder, u, v, rng.integers(-99, 100, (m, classes)), 0.5, classes=names)


def rows(n):
    x = np.random.default_rng(0).normal(0, 2, (n, 9)).astype(np.float32)
    x[0, :3] = np.nan, np.inf, -np.inf
    return x


def opened(artifact, folder):
    path = folder / artifact.entry
    path.write_bytes(artifact.files[artifact.entry])
    return ctypes.CDLL(str(path))


def answer(function, x, columns):
    out = np.full((len(x), columns), -7, np.int64)
    function(ctypes.c_void_p(x.ctypes.data), ctypes.c_int64(len(x)), ctypes.c_void_p(out.ctypes.data))
    return out


@pytest.mark.parametrize(("spelling", "classes", "count"), [(supported()[0], 3, 1), ("scalar", 1, 8)])
def test_scores_and_labels_equal_the_interpreter(tmp_path, spelling, classes, count):
    program = optimise(lower(network(classes), "iris"))[0]
    library = opened(shared_library.build(program, isa=spelling, rows=count), tmp_path)
    x = rows(11)
    expected = interpret(program, x)
    for _ in range(2):  # the addresses are fixed up once
        np.testing.assert_array_equal(answer(library.iris_scores, x, classes), expected["scores"])
        np.testing.assert_array_equal(answer(library.iris_labels, x, 1), expected["label"])


@pytest.mark.slow
def test_a_library_for_batches_answers_every_number_of_rows(tmp_path):
    spelling = "avx2" if "avx2" in supported() else supported()[0]
    program = optimise(lower(network(3, bits=8), "iris"))[0]
    artifact = shared_library.build(program, isa=spelling, rows=64)
    assert spelling != "avx2" or artifact.provenance["method"] == "tile_words"
    library = opened(artifact, tmp_path)
    for n in (1, 15, 16, 17, 32, 70):
        x = rows(n)
        np.testing.assert_array_equal(answer(library.iris_scores, x, 3), interpret(program, x)["scores"])


def test_a_process_without_numba_loads_it_and_answers_within_50_ms(tmp_path):
    program = optimise(lower(network(), "iris"))[0]
    artifact = shared_library.build(program)
    opened(artifact, tmp_path)
    code = f"""
import ctypes, sys, time
began = time.perf_counter()
library = ctypes.CDLL({str(tmp_path / "iris.so")!r})
row, out = (ctypes.c_float * 9)(*[0.5] * 9), (ctypes.c_int64 * 3)()
library.iris_scores(row, ctypes.c_int64(1), out)
print(1000 * (time.perf_counter() - began), "numba" in sys.modules, *out)
"""
    runs = [
        subprocess.run(
            [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(3)
    ]
    assert all(run[1] == "False" for run in runs)
    assert min(float(run[0]) for run in runs) < 50
    expected = interpret(program, np.full((1, 9), 0.5, np.float32))["scores"][0]
    assert [int(word) for word in runs[0][2:]] == expected.tolist()


def test_the_same_program_gives_the_same_bytes():
    program = optimise(lower(network(1), "iris"))[0]
    assert shared_library.build(program).digest == shared_library.build(program).digest


def test_another_program_is_refused_with_the_way_out():
    program = parse("qcompile-ir 1\n%x : u4[2] = input\noutput scores = %x")
    with pytest.raises(CompileError, match=r"something else.*leave out --layout library"):
        shared_library.build(program)
