"""A new loss, family or form of ONNX file is one new file: it is found and run through to the end."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

from qcompile import registry
from qcompile.backends.onnx.build import build
from qcompile.certificate.make import check
from qcompile.ir.lower import lower
from qcompile.ir.probe import seeded_rows
from qcompile.problem.families import FAMILIES
from qcompile.problem.losses import LOSSES
from qcompile.run.runner import runner
from qcompile.train.choices import Choices
from qcompile.train.table import train
from qcompile.verify.equality import outcome

ROOT = Path(__file__).parents[1] / "qcompile"


@pytest.fixture
def plug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str, str], None]]:
    """plug(package, name, text): the package has one more file, in a temporary folder."""
    added: list[str] = []

    def add(package: str, name: str, text: str) -> None:
        folder = tmp_path / package
        folder.mkdir()
        (folder / f"{name}.py").write_text(text)
        module = importlib.import_module(package)
        monkeypatch.setattr(module, "__path__", [*module.__path__, str(folder)])
        registry.names.cache_clear()
        importlib.invalidate_caches()
        added.append(f"{package}.{name}")

    yield add
    for name in added:
        package, _, unit = name.rpartition(".")
        sys.modules.pop(name, None)
        vars(importlib.import_module(package)).pop(unit, None)
    monkeypatch.undo()
    registry.names.cache_clear()


def source(path: str, **renamed: str) -> str:
    """A file of the product with words replaced: what a newcomer would start from."""
    text = (ROOT / path).read_text(encoding="utf-8")
    for old, new in renamed.items():
        assert old in text
        text = text.replace(old, new)
    return text


def trained(**settings: object) -> object:
    frame = load_iris(as_frame=True).frame.iloc[:100]
    from qcompile.data.load import load

    fixed = {"encoder": "thermometer", "k": 2, "beta": 0.05, "neurons": 4}
    return train(load(frame), Choices(**{**fixed, **settings}))


def test_a_new_loss_is_trained_with_and_certified(plug) -> None:
    plug("qcompile.problem.losses", "narrow_huber", source("problem/losses/huber.py", **{
        "DELTA = 1.0": "DELTA = 0.5", '("regression",)': '("classification", "regression")'}))  # fmt: skip
    assert "narrow_huber" in LOSSES.names()
    assert LOSSES["narrow_huber"].value(np.array([3.0]), np.array([0.0])).tolist() == [1.375]
    result = trained(loss="narrow_huber")
    assert result.problems[0].loss == "narrow_huber"
    for problem, certificate, reached in zip(
        result.problems, result.certificates, result.objectives, strict=True
    ):
        assert check(problem, certificate).valid
        assert certificate.bound <= reached


def test_a_new_family_is_trained_certified_and_deployed_exactly(plug) -> None:
    plug("qcompile.problem.families", "squares", source("problem/families/quadratic.py"))
    assert "squares" in FAMILIES.names()
    result = trained(family="squares", weights="ternary")
    assert result.problems[0].family == "squares"
    assert check(result.problems[0], result.certificates[0]).valid
    program = lower(result.network, "model")
    opened = runner(build(program), "onnxruntime")
    assert outcome("squares", program, opened, seeded_rows(program, 50, seed=0)).equal


def test_a_new_form_of_onnx_file_is_built_and_runs(plug) -> None:
    plug("qcompile.backends.onnx.forms", "plain8", source("backends/onnx/forms/dense.py"))
    network = trained().network
    program = lower(network, "model")
    opened = runner(build(program, option="plain8"), "onnxruntime")
    assert outcome("plain8", program, opened, seeded_rows(program, 50, seed=0)).equal


def test_a_file_that_lacks_a_part_of_the_contract_says_which(plug) -> None:
    plug("qcompile.problem.losses", "half", "TASKS = ('regression',)\n")
    with pytest.raises(TypeError, match=r"half cannot be one of the losses: it lacks CURVATURE, .*value"):
        LOSSES["half"]
