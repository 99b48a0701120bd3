"""A setting is one field: its check, its option and its parameter are made from it."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest

from qcompile.commands.build import command
from qcompile.errors import QCompileError
from qcompile.estimators import PARAMETERS, QuantizedPolynomialClassifier, QuantizedPolynomialRegressor
from qcompile.train.choices import Choices
from qcompile.train.setting import Setting, settings


@pytest.mark.parametrize("setting", settings(Choices), ids=lambda s: s.name)
def test_a_setting_has_a_sentence_a_default_that_is_allowed_and_an_option(setting: Setting) -> None:
    assert setting.text and setting.text[0].isalpha() and setting.text.endswith(".")
    setting.check(setting.default)
    (option,) = [p for p in command.params if p.name == setting.name]
    assert option.default == setting.default and getattr(option, "help", None) == setting.text


@pytest.mark.parametrize("setting", settings(Choices), ids=lambda s: s.name)
def test_a_value_of_another_type_is_refused_in_a_sentence(setting: Setting) -> None:
    with pytest.raises(QCompileError, match=rf"{setting.name} is \[\[\]\], allowed: .*[.?]$"):
        Choices(**{setting.name: [[]]})


def test_every_field_is_a_setting() -> None:
    assert [s.name for s in settings(Choices)] == [f.name for f in fields(Choices)]


@pytest.mark.parametrize("estimator", [QuantizedPolynomialClassifier, QuantizedPolynomialRegressor])
def test_the_estimators_show_and_keep_every_parameter(estimator: type) -> None:
    parameters = inspect.signature(estimator).parameters
    assert {name: p.default for name, p in parameters.items()} == {
        name: s.default for name, s in PARAMETERS.items()
    }
    left_out = {s.name for s in settings(Choices)} - {s.name for s in PARAMETERS.values()}
    assert left_out == {"test_fraction", "split"}
    assert estimator(neurons=3).get_params()["neurons"] == 3
    with pytest.raises(TypeError, match="neuron"):
        estimator(neuron=3)
