"""Exported graphs: the same bits as the interpreter, in two runtimes that share no code."""

import numpy as np
import onnx
import pytest
from support.networks import FORMS, random_encoder, random_network, random_rows
from support.tables import table_of

from qcompile.backends.artifact import Artifact
from qcompile.backends.onnx.build import OPTIONS, build
from qcompile.data.encode.uniform import fit
from qcompile.errors import CompileError, UnsupportedError
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.ir.probe import seeded_rows, worst_case_rows
from qcompile.ir.program import Program
from qcompile.model.network import Network, score_bound
from qcompile.model.schema import Column, Schema
from qcompile.run import onnxruntime, reference

WEIGHTS = ("binary", "ternary", "2bit", "3bit", "4bit")
BITS = (1, 2, 4, 8)
EXACT = tuple(name for name in OPTIONS if name not in ("qonnx", "custom"))  # these have tests of their own


def runs(artifact: Artifact, x: np.ndarray) -> list[dict[str, np.ndarray]]:
    return [runtime.open_artifact(artifact).run(x) for runtime in (onnxruntime, reference)]


def check(program: Program, artifact: Artifact, x: np.ndarray) -> None:
    """Scores, values and labels equal the interpreter's in every bit, in both runtimes."""
    expected = interpret(program, x)
    for found in runs(artifact, x):
        np.testing.assert_array_equal(found["scores"].astype(object), expected["scores"].astype(object))
        values = np.asarray(expected["values"], dtype=np.float64)
        np.testing.assert_array_equal(found["values"].view(np.uint64), values.view(np.uint64))
        if "label" in expected:
            index = expected["label"][:, 0]
            np.testing.assert_array_equal(found["class_index"], index)
            np.testing.assert_array_equal(found["label"].astype(str), np.array(program.classes)[index])


@pytest.mark.parametrize("option", EXACT)
@pytest.mark.parametrize("weights", WEIGHTS)
def test_every_option_equals_the_interpreter(option: str, weights: str) -> None:
    for seed, bits in enumerate(BITS):
        network = random_network(seed, form=FORMS[seed % 2], weights=weights, bits=bits, columns=3, d=21, m=9)
        program = lower(network)
        x = np.concatenate([random_rows(seed, network.encoder, 30), worst_case_rows(program)])
        if option == "int2" and weights in ("3bit", "4bit"):
            with pytest.raises(UnsupportedError, match=r"int2 holds 4 different weights.*packed or dense"):
                build(program, option=option)
        else:
            check(program, build(program, option=option), x)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("weights", WEIGHTS)
def test_both_runtimes_equal_the_interpreter(form: str, bits: int, weights: str) -> None:
    for seed, columns in enumerate((1, 3, 10)):
        network = random_network(seed, form=form, weights=weights, bits=bits, columns=columns, d=33, m=11)
        program = lower(network)
        x = np.concatenate([random_rows(seed, network.encoder, 100), worst_case_rows(program)])
        check(program, build(program), x)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(24))
def test_ten_thousand_rows_of_many_networks(seed: int) -> None:
    columns = (1, 2, 3, 10)[seed % 4]
    network = random_network(seed, FORMS[seed % 2], WEIGHTS[seed % 5], BITS[seed // 6], columns, d=40, m=24)
    program = lower(network)
    x = np.concatenate([random_rows(seed, network.encoder, 10_000), worst_case_rows(program)])
    check(program, build(program), x)


def test_regression_has_values_and_no_label() -> None:
    program = lower(random_network(5, task="regression", columns=2))
    artifact = build(program)
    check(program, artifact, seeded_rows(program, 50, 0))
    assert [o.name for o in onnx.load_from_string(artifact.files["model.onnx"]).graph.output] == [
        "scores",
        "values",
    ]
    assert onnxruntime.open_artifact(artifact).predict(seeded_rows(program, 4, 0)).shape == (4, 2)


def test_integer_classes_give_integer_labels_and_logistic_loss_gives_probabilities() -> None:
    base = random_network(1, columns=3, bits=1)
    for classes, kind in ((("3", "5", "-8"), np.int64), (("3", "05", "8"), object)):
        network = Network(
            **{**vars(base), "classes": classes, "provenance": {"loss": "logistic"}, "scale": 1e-3}
        )
        program = lower(network)
        for found in runs(build(program), random_rows(0, network.encoder, 40)):
            assert found["label"].dtype == kind
            each = 1 / (1 + np.exp(-found["values"]))
            share = each / each.sum(axis=1, keepdims=True)
            # a sigmoid, a sum of three and a quotient: a few units in the last place
            np.testing.assert_allclose(found["probabilities"], share, rtol=1e-12)


def test_one_score_column_gives_the_probability_of_both_classes() -> None:
    base = random_network(1, columns=1, bits=1)
    program = lower(Network(**{**vars(base), "provenance": {"loss": "logistic"}, "scale": 1e-3}))
    for found in runs(build(program), random_rows(0, base.encoder, 40)):
        assert found["probabilities"].shape == (40, 2)
        np.testing.assert_allclose(found["probabilities"].sum(axis=1), 1, rtol=1e-15)
        np.testing.assert_array_equal(found["probabilities"][:, 1] >= 0.5, found["class_index"] == 1)


# (bound just inside, type), (bound just outside, type): alpha is tuned so that the bound is exact.
LIMITS = ((2**31, "INT32", "DOUBLE"), (2**53, "DOUBLE", "INT64"), (2**63, "INT64", None))


def at_bound(bound: int) -> Network:
    """A network whose score bound is ``bound - r`` with the smallest r that one neuron allows."""
    encoder = random_encoder(0, d=9, bits=1)
    u = np.ones((2, 9), dtype=int)
    v = u.copy()
    v[1, 3:] = -1
    whole, rest = divmod(bound, 81)
    left = Network(encoder, u, v, [[whole - 1], [1]], 1.0, task="regression")
    assert score_bound(left) == whole * 81 and rest < 81
    return left


@pytest.mark.parametrize(("limit", "inside", "outside"), LIMITS)
def test_the_tail_type_changes_exactly_at_its_limit(limit: int, inside: str, outside: str | None) -> None:
    for bound, expected in ((limit - 1, inside), (limit + 81, outside)):
        if expected is None:
            with pytest.raises(CompileError):
                build(lower(at_bound(bound)))
            continue
        program = lower(at_bound(bound))
        artifact = build(program)
        model = onnx.load_from_string(artifact.files["model.onnx"])
        type_ = next(o for o in model.graph.output if o.name == "scores").type.tensor_type.elem_type
        assert onnx.TensorProto.DataType.Name(type_) == expected
        check(program, artifact, np.concatenate([worst_case_rows(program), seeded_rows(program, 50, 1)]))


def test_a_bound_beyond_int64_is_refused() -> None:
    base = at_bound(2**40)
    network = Network(**{**vars(base), "alpha": np.array([[2**62], [2**62]])})
    with pytest.raises(CompileError, match="64"):
        build(lower(network))


@pytest.mark.parametrize("tail", ("int32", "double", "int64"))
def test_a_tail_can_be_asked_for_and_is_exact_or_refused(tail: str) -> None:
    small, large = lower(at_bound(2**31 - 1)), lower(at_bound(2**53 + 81))
    check(small, build(small, tail=tail), seeded_rows(small, 50, 0))
    if tail == "int64":
        check(large, build(large, tail=tail), worst_case_rows(large))
    else:
        with pytest.raises(CompileError, match=f"which {tail} does not hold exactly"):
            build(large, tail=tail)


def test_unknown_options_are_named() -> None:
    program = lower(random_network(0))
    with pytest.raises(UnsupportedError, match=r"Did you mean 'packed'"):
        build(program, option="paked")
    with pytest.raises(
        UnsupportedError, match=r"tail is 'int46', allowed: auto, int32.*Did you mean 'int64'"
    ):
        build(program, tail="int46")


def test_the_same_program_gives_the_same_bytes() -> None:
    first, second = (build(lower(random_network(4, columns=3))) for _ in range(2))
    assert first.files == second.files and first.digest == second.digest


@pytest.mark.parametrize("scores", (1, 10))
@pytest.mark.parametrize(("weights", "bits_per_weight"), (("binary", 1.07), ("ternary", 1.71)))
def test_a_weight_costs_little_more_than_its_bits(weights: str, bits_per_weight: float, scores: int) -> None:
    d, m = 784, 512
    rng = np.random.default_rng(0)
    names = [f"pixel{k}" for k in range(1, d)]
    columns = tuple(Column(name, "numeric") for name in names)
    images = rng.integers(0, 256, (50, d - 1))
    images[0], images[1] = 0, 255  # one range for all pixels; the values that fill missing ones differ
    classes = tuple(f"class {k}" for k in range(max(2, scores)))
    network = random_network(0, weights=weights, d=d, m=m, columns=scores)
    network = Network(
        **{
            **vars(network),
            "encoder": fit(table_of(images, columns)),
            "columns": names,
            "provenance": {"schema": Schema(columns, "digit", "classification", classes).to_json()},
        }
    )
    size = len(build(lower(network)).files["model.onnx"])
    assert size <= bits_per_weight * 2 * m * d / 8 + 3000


def test_the_batch_is_dynamic_and_strict_shape_inference_agrees() -> None:
    artifact = build(lower(random_network(2, columns=3)))
    model = onnx.load_from_string(artifact.files["model.onnx"])
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    runner = onnxruntime.open_artifact(artifact)
    for n in (1, 2, 17):
        assert runner.scores(np.zeros((n, 5))).shape == (n, 3)


@pytest.mark.parametrize("option", [name for name in OPTIONS if name != "custom"])
@pytest.mark.parametrize("columns", (1, 3))
def test_checker_and_strict_shape_inference_accept_every_option(option: str, columns: int) -> None:
    network = random_network(2, columns=columns, bits=1, d=9, m=3)
    model = onnx.load_from_string(build(lower(network), option=option).files["model.onnx"])
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)


def test_hostile_names_stay_data() -> None:
    odd = ("label", "scores", "a/b\x00", "\u202e\U0001f600")
    base = random_network(1, columns=4, bits=1)
    network = Network(**{**vars(base), "classes": odd})
    for name in ("x", "label", "scores", "../../etc", "<b>&\n%s"):
        program = lower(network, name)
        check(program, build(program), random_rows(0, network.encoder, 20))


def test_an_encoder_of_constants_alone_still_has_a_batch() -> None:
    base = random_network(0, d=4)
    from qcompile.model.encoder import Encoder

    constant = Encoder("threshold", 2, [4] * 4, [0] * 4, [0.0] * 4, [1.0] * 4, [0.0])
    program = lower(Network(**{**vars(base), "encoder": constant}))
    check(program, build(program), np.zeros((3, 1), dtype=np.float32))


@pytest.mark.parametrize("tail", ("int32", "double", "int64"))
def test_the_first_of_equal_scores_wins_in_every_tail_type(tail: str) -> None:
    base = random_network(0, columns=5, bits=1)
    alpha = np.repeat(base.alpha[:, :1], 5, axis=1)
    alpha[:, [0, 3]] *= -1
    program = lower(Network(**{**vars(base), "alpha": alpha}))
    x = random_rows(0, base.encoder, 100)
    label = interpret(program, x)["label"][:, 0]
    assert set(label) == {0, 1}
    for found in runs(build(program, tail=tail), x):
        np.testing.assert_array_equal(found["class_index"], label)
