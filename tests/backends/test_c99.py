"""Generated C equals the interpreter, compiles without a warning, and survives hostile names."""

import re
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import random_rows, varied_network

from qcompile.backends.c99 import names as c_names
from qcompile.backends.c99.build import build
from qcompile.backends.c99.emit.adders import count_function, segments
from qcompile.backends.c99.plan.planes import decompose, packed_bytes, packed_words, rebuild
from qcompile.errors import CompileError, UnsupportedError
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.ir.ops import Add, Affine, Argmax, Dot, Input, Threshold
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from qcompile.run.emulate.toolchain import STRICT, host_compilers, write_files
from qcompile.run.native_c import open_artifact, run_program
from qcompile.targets.schema import load_target

KERNELS = ("xnor", "lut", "int8")
needs_compiler = pytest.mark.skipif(not host_compilers(), reason="no C compiler is installed")


def rows_for(network: Network, n: int = 48) -> np.ndarray:
    return random_rows(n, network.encoder, n)


@needs_compiler
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("seed", range(8))
def test_compiled_scores_and_decisions_equal_the_interpreter(seed: int, kernel: str) -> None:
    network = varied_network(seed)
    program, x = lower(network), rows_for(network)
    target = load_target("host") if seed % 2 else None
    runner = open_artifact(build(program, target, kernel=kernel), flags=("-O1",))
    reference = interpret(program, x)
    np.testing.assert_array_equal(runner.scores(x), reference["scores"])
    expected = reference["label" if "label" in reference else "values"]
    np.testing.assert_array_equal(runner.predict(x).reshape(expected.shape), expected)


@needs_compiler
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("d", [1, 2, 31, 32, 33, 63, 64, 65, 991, 992, 993, 1025])
def test_every_word_and_segment_edge_is_exact(d: int, kernel: str) -> None:
    network = varied_network(1000 * 4, d=d, m=3, bits=2, columns=1)
    program, x = lower(network), rows_for(network, 8)
    artifact = build(program, load_target("host") if d % 2 else None, kernel=kernel)
    np.testing.assert_array_equal(
        open_artifact(artifact, flags=("-O1",)).scores(x), interpret(program, x)["scores"]
    )


@needs_compiler
@pytest.mark.parametrize("layout", ["plain", "arduino", "zephyr"])
@pytest.mark.parametrize("command", host_compilers(), ids=lambda c: c.name)
def test_every_layout_compiles_without_a_warning_and_runs_under_the_sanitizers(layout, command) -> None:
    network = varied_network(6)
    program, x = lower(network), rows_for(network)
    flags = ["-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    if command.name != "zig":
        flags.append("-fsanitize=address")
    scores = run_program(build(program, layout=layout), x, command, flags)
    np.testing.assert_array_equal(scores, interpret(program, x)["scores"])


def deep_program(seed: int = 0) -> Program:
    """Integer input, thresholds of both signs, an affine that varies by element, a skip connection."""
    rng = np.random.default_rng(seed)

    def whole(n: int) -> ValueType:
        return ValueType("i", 64, n)

    levels = np.sort(rng.integers(-20, 20, (9, 3)), axis=1)
    ops = (
        Input("x", ValueType("u", 4, 40)),
        Affine("q", whole(40), "x", [2], [-15]),
        Dot("t", whole(9), "q", rng.choice([-1, 1], (9, 40))),
        Threshold("a", whole(9), "t", levels, rng.choice([-1, 1], 9)),
        Affine("b", whole(9), "a", rng.integers(-3, 4, 9), rng.integers(-3, 4, 9)),
        Dot("c", whole(6), "a", rng.integers(-5, 6, (6, 9))),
        Dot("e", whole(6), "b", rng.integers(-5, 6, (6, 9))),
        Add("f", whole(6), "c", "e"),
        Threshold("g", whole(6), "f", np.sort(rng.integers(-9, 9, (6, 1)), axis=1), np.ones(6)),
        Affine("h", whole(6), "g", [2], [-1]),
        Dot("s", whole(4), "h", rng.choice([-1, 1], (4, 6))),
        Argmax("label", whole(1), "s"),
    )
    return Program("deep", ops, {"scores": "s", "label": "label"}, ("a", "b", "c", "d"))


@needs_compiler
@pytest.mark.parametrize("kernel", ("auto", *KERNELS))
@pytest.mark.parametrize("seed", range(3))
def test_a_deep_quantized_program_on_integer_rows_is_exact(seed: int, kernel: str) -> None:
    program = deep_program(seed)
    x = np.random.default_rng(seed).integers(0, 16, (64, 40))
    scores = run_program(build(program, kernel=kernel), x, flags=("-O1", "-fsanitize=undefined"))
    np.testing.assert_array_equal(scores, interpret(program, x)["scores"])


@needs_compiler
def test_sums_beyond_32_bits_are_accumulated_in_64() -> None:
    d = 600
    encoder = Encoder("uniform", 8, [0] * (d - 1) + [4], [0] * d, np.zeros(d), np.ones(d), [0.0])
    ones = np.ones((4, d))
    network = Network(encoder, ones, ones, np.full((4, 2), 2**20), 1.0, classes=("a", "b"))
    program = lower(network)
    x = np.array([[255.0], [0.0], [128.0]], dtype=np.float32)
    scores = run_program(build(program), x, flags=("-O1", "-fsanitize=undefined"))
    assert scores.max() > 2**50
    np.testing.assert_array_equal(scores, interpret(program, x)["scores"])


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
@pytest.mark.parametrize("command", host_compilers(), ids=lambda c: c.name)
def test_500_random_networks_compile_without_a_warning_and_pass_the_sanitizers(command, part: int) -> None:
    targets = (None, load_target("host"), None)
    flags = ["-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    if command.name != "zig":  # zig ships no address sanitizer runtime
        flags.append("-fsanitize=address")
    for seed in range(25 * part, 25 * part + 25):
        network = varied_network(seed)
        program, x = lower(network), rows_for(network, 16)
        artifact = build(program, targets[seed % 3], kernel=("auto", *KERNELS)[seed % 4])
        scores = run_program(artifact, x, command, flags)
        np.testing.assert_array_equal(scores, interpret(program, x)["scores"], err_msg=f"seed {seed}")


def test_the_same_program_gives_the_same_bytes_and_another_target_other_bytes() -> None:
    program = lower(varied_network(3))
    first, second = build(program), build(program)
    assert first.files == second.files and first.digest == second.digest
    assert build(program, load_target("host")).digest != first.digest


@pytest.mark.parametrize("seed", range(6))
def test_there_is_no_double_no_heap_and_no_library_in_portable_code(seed: int) -> None:
    artifact = build(lower(varied_network(seed)))
    code = b"\n".join(d for n, d in artifact.files.items() if n.endswith((".c", ".h"))).decode()
    text = re.sub(r"/\*.*?\*/", "", code, flags=re.S)
    assert not re.search(r"\b(double|malloc|free|printf|long)\b", text)
    assert set(re.findall(r"#include <(.*?)>", text)) <= {"stdint.h", "stddef.h", "string.h", "arm_acle.h"}


HOSTILE = [
    'say "hi" */ int', "new\nline\\", "??/ %s %n", "ünï💥", "x" * 10_000, "int", "", "*/", "\0nul", "7"
]  # fmt: skip


@needs_compiler
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_give_valid_c(name: str) -> None:
    from dataclasses import replace

    network = replace(varied_network(0, columns=2), classes=(name, name + "2"))
    program = lower(network, name)
    x = rows_for(network, 4)
    artifact = build(program)
    for command in host_compilers()[:1]:
        np.testing.assert_array_equal(run_program(artifact, x, command), interpret(program, x)["scores"])


def test_different_names_never_share_a_prefix() -> None:
    names = [*HOSTILE, "a b", "a_b", "a-b", "A b", "x" * 9_999]
    prefixes = [c_names.identifier(n) for n in names]
    assert len(set(prefixes)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,18}", p) for p in prefixes)


@needs_compiler
def test_two_models_and_a_cpp_file_link_into_one_image(tmp_path) -> None:
    command = host_compilers()[0]
    for k in range(2):
        write_files(build(lower(varied_network(k), f"model {k}")).files, tmp_path)
    prefixes = [c_names.identifier(f"model {k}") for k in range(2)]
    main = "".join(f'#include "{p}.h"\n' for p in prefixes) + "int main() {\n"
    for p in prefixes:
        up = p.upper()
        main += f"static {p}_scratch m_{p}; float x_{p}[{up}_FEATURES] = {{}};\n"
        main += f"{p}_score_t s_{p}[{up}_SCORES];\n"
        main += f"{p}_scores(x_{p}, s_{p}, &m_{p});\n"
        main += f'static_assert(sizeof({p}_scratch) == {up}_SCRATCH_BYTES, "size");\n'
    (tmp_path / "both.cpp").write_text(main + "return 0; }\n")
    for p in prefixes:
        subprocess.run([*command.words, *STRICT, "-c", f"{p}.c", "-o", f"{p}.o"], cwd=tmp_path, check=True)
    cpp = [w.replace("gcc", "g++") if w.endswith("gcc") else w for w in command.words]
    words = [*cpp, "-x", "c++", "-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c", "both.cpp"]
    done = subprocess.run([*words, "-o", "both.o"], cwd=tmp_path, capture_output=True, text=True)
    if "cannot execute" in done.stderr:
        pytest.skip("no C++ compiler is installed")
    assert done.returncode == 0, done.stderr
    objects = [f"{p}.o" for p in prefixes]
    subprocess.run([*command.words, "both.o", *objects, "-o", "both"], cwd=tmp_path, check=True)
    assert subprocess.run([str(tmp_path / "both")]).returncode == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [({"kernel": "lutt"}, "Did you mean 'lut'"), ({"layout": "zephr"}, "Did you mean 'zephyr'")],
)
def test_an_unknown_option_is_refused_with_the_allowed_ones(options: dict, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        build(lower(varied_network(0)), **options)


def test_a_program_beyond_int64_or_without_encoder_is_refused() -> None:
    whole = ValueType("i", 64, 1)
    ops = (Input("x", ValueType("i", 40, 1)), Dot("s", whole, "x", [[2**40]]))
    with pytest.raises(CompileError, match="does not fit int64"):
        build(Program("m", ops, {"scores": "s"}))
    ops = (Input("x", ValueType("f", 32, 1)), Dot("s", whole, "x", [[2]]))
    with pytest.raises((CompileError, KeyError)):
        build(Program("m", ops, {"scores": "s"}))


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 70), st.integers(-9, 9), st.integers(0, 20))
@settings(deadline=None, max_examples=60)
def test_planes_rebuild_the_matrix_and_packing_keeps_every_bit(seed, m, d, low, span) -> None:
    weight = np.random.default_rng(seed).integers(low, low + span + 1, (m, d))
    planes = decompose(weight)
    np.testing.assert_array_equal(rebuild(planes), weight)
    for bits in (32, 64):
        packed = packed_words(planes, bits)
        for i in (0, d - 1):
            got = (packed[:, :, i // bits] >> np.uint64(i % bits).astype(packed.dtype)) & 1
            np.testing.assert_array_equal(got.T, planes.bits[:, :, i])
    assert packed_bytes(planes).sum(dtype=int) >= 0


def test_segments_are_even_and_within_the_byte_limit() -> None:
    for words in range(1, 200):
        parts = segments(words)
        assert sum(parts) == words and max(parts) <= 31 and max(parts) - min(parts) <= 1
    with pytest.raises(ValueError, match="1 to 31 words"):
        count_function("f", 32, "^")
