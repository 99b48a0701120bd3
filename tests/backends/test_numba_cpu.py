"""The host back-end equals the interpreter on every bit, whatever the program."""

from dataclasses import replace

import numpy as np
import pytest
from support.networks import FORMS, random_deep, random_network

from qcompile.backends.artifact import Artifact
from qcompile.backends.numba_cpu import build
from qcompile.errors import DataError, ModelError, UnsupportedError
from qcompile.ir.lower import lower
from qcompile.ir.ops import Dot
from qcompile.ir.probe import seeded_rows, worst_case_rows
from qcompile.ir.text import parse
from qcompile.passes.pipeline import optimise
from qcompile.run.host import open_artifact, open_program
from qcompile.run.runner import Runner
from qcompile.verify.equivalence import compare

WIDTHS = (1, 2, 63, 64, 65, 127, 128, 129)
ROWS = 400


def _rows(program, seed):
    return np.concatenate([seeded_rows(program, ROWS, seed), worst_case_rows(program, seed=seed)])


@pytest.mark.parametrize("bits", (1, 2, 4, 8))
@pytest.mark.parametrize("columns", (1, 2, 3, 5, 10))
@pytest.mark.parametrize("form", FORMS)
def test_the_host_equals_the_interpreter(bits: int, columns: int, form: str) -> None:
    seed = 10 * bits + columns
    weights = ("binary", "ternary", "2bit", "4bit")[(columns + bits) % 4]
    task = "regression" if columns == 3 else "classification"
    network = random_network(seed, form, weights, bits, columns, d=WIDTHS[seed % 8], m=5 + seed, task=task)
    program = lower(network)
    best, _ = optimise(program)
    for p in (program, best):
        runner = open_artifact(build(p), "plain")
        assert isinstance(runner, Runner)
        answer = compare(program, runner, _rows(program, seed))
        assert answer, answer.detail


@pytest.mark.parametrize("columns", (1, 3))
def test_the_kernel_that_the_host_chooses_equals_the_interpreter(columns: int) -> None:
    program, _ = optimise(lower(random_network(columns, d=65, m=40, columns=columns)))
    runner = open_artifact(build(program))
    assert runner.reason
    answer = compare(program, runner, _rows(program, columns))
    assert answer, answer.detail


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ("auto", "plain"))
@pytest.mark.parametrize("seed", range(20))
def test_ten_thousand_rows_of_twenty_networks(seed: int, kernel: str) -> None:
    bits, columns = (1, 2, 4, 8)[seed % 4], 1 + seed % 10
    weights = ("binary", "ternary", "3bit")[seed % 3]
    network = random_network(
        seed, FORMS[seed % 2], weights, bits, columns, d=WIDTHS[seed % 8], m=5 + 3 * seed
    )
    program, _ = optimise(lower(network))
    rows = np.concatenate([seeded_rows(program, 10_000, seed), worst_case_rows(program)])
    answer = compare(program, open_artifact(build(program), kernel), rows)
    assert answer, answer.detail


@pytest.mark.parametrize("seed", range(8))
def test_deep_threshold_networks_run_before_and_after_the_passes(seed: int) -> None:
    program = random_deep(seed)
    best, _ = optimise(program)
    for p in (program, best):
        answer = compare(program, open_artifact(build(p)), _rows(program, seed))
        assert answer, answer.detail


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("seed", (1, 2))
def test_wide_threshold_networks_run_on_bit_planes(width: int, seed: int) -> None:
    for bits in (1, 2):
        program = random_deep(seed, layers=2, width=width, bits=bits)
        best, _ = optimise(program)
        for kernel in ("planes_i8_u8", "multiply_i64_i64"):
            ops = (replace(op, notes={"kernel": kernel}) if isinstance(op, Dot) else op for op in best.ops)
            runner = open_program(best.with_ops(tuple(ops)))
            answer = compare(program, runner, _rows(program, seed))
            assert answer, answer.detail


def test_every_batch_size_gives_the_same_rows() -> None:
    program = lower(random_network(3, d=65, columns=3))
    runner = open_artifact(build(program), "plain")
    x = seeded_rows(program, 70, 0)
    whole = runner.scores(x)
    for n in (0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 64, 65):
        np.testing.assert_array_equal(runner.scores(x[:n]), whole[:n])
        np.testing.assert_array_equal(runner.predict(x[:n]), whole[:n].argmax(axis=1))


def test_rows_of_any_layout_and_type_are_read() -> None:
    program = lower(random_network(5))
    runner = open_artifact(build(program), "plain")
    x = seeded_rows(program, 20, 1)
    expected = runner.scores(x)
    for same in (x.astype(np.float64), np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2], x.tolist()):
        np.testing.assert_array_equal(runner.scores(same), expected)


def test_a_program_of_integers_runs_and_refuses_rows_outside_its_type() -> None:
    program = parse(
        "qcompile-ir 1\n%x : i4[3] = input\n%s : i16[2] = dot %x\n  weight = int(2, 3)\n"
        "    5 -7 9\n    100 0 1\n%p : i32[2] = poly %s\n  coefficients = int(3)\n    2 -1 4\n"
        "%a : i64[2] = add %p %s\noutput scores = %a\n"
    )
    runner = open_program(program)
    rows = seeded_rows(program, 200, 0)
    answer = compare(program, runner, rows)
    assert answer, answer.detail
    with pytest.raises(DataError, match="row 1 leaves the integers -8 to 7"):
        runner.scores(np.array([[1, 2, 3], [1, 2, 8]]))
    with pytest.raises(DataError, match="rows are float64, but this program reads integers"):
        runner.scores([[1.0, 2.0, 3.0]])


def test_the_same_program_gives_the_same_bytes() -> None:
    one, two = (build(optimise(lower(random_network(7)))[0]) for _ in range(2))
    assert one.files == two.files
    assert one.digest == two.digest
    assert build(lower(random_network(8))).digest != one.digest


def test_rows_with_other_columns_are_refused() -> None:
    runner = open_artifact(build(lower(random_network(9))))
    with pytest.raises(DataError, match=r"shape \(2, 4\), but the model reads \(n, 5\)"):
        runner.scores(np.zeros((2, 4), dtype=np.float32))
    with pytest.raises(DataError, match="rows are not numbers"):
        runner.predict([["a", "b", "c", "d", "e"]])


def test_numbers_beyond_float32_are_infinite_as_in_the_encoder() -> None:
    program = lower(random_network(9))
    runner = open_artifact(build(program), "plain")
    huge = np.array([[1e300, -1e300, 1e300, -1e300, 1e300]])
    infinite = np.sign(huge).astype(np.float32) * np.float32(np.inf)
    np.testing.assert_array_equal(runner.scores(huge), runner.scores(infinite))


def test_a_changed_or_foreign_artifact_is_refused() -> None:
    good = build(lower(random_network(10)))
    text = good.files["program.qir"]
    for files, message in (
        ({**good.files, "program.qir": text.replace(b"0", b"1", 1)}, "is not the file that"),
        ({**good.files, "manifest.json": b"{"}, "manifest.json of the artifact is damaged"),
        ({"program.qir": text}, r"has no manifest\.json"),
    ):
        with pytest.raises(ModelError, match=message):
            open_artifact(Artifact("numba", files, "program.qir", ""))
    with pytest.raises(UnsupportedError, match="artifacts of kind 'numba', not 'onnx'"):
        open_artifact(Artifact("onnx", good.files, "program.qir", ""))


def test_an_unknown_kernel_is_refused_with_those_that_serve() -> None:
    program, _ = optimise(lower(random_network(11)))
    with pytest.raises(UnsupportedError, match=r"'plainn' does not serve .* plain.* Did you mean 'plain'"):
        open_program(program, "plainn")
    with pytest.raises(UnsupportedError, match="runs two-layer networks"):
        open_program(random_deep(0), "lut")


def test_a_runner_that_differs_is_caught_and_the_place_named() -> None:
    program = lower(random_network(12, columns=3))
    runner = open_program(program)

    class Wrong:
        name = "wrong"

        def scores(self, x):
            found = runner.scores(x)
            found[-1, 2] += 1
            return found

        predict = runner.predict

    answer = compare(program, Wrong(), seeded_rows(program, 30, 0))
    assert not answer
    assert "wrong: scores of row 29, column 2" in answer.detail
    assert "1 of 90 differ" in answer.detail
