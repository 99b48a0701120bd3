"""The public names, listed once: a name that users import is removed only after a version that warns."""

import inspect

import pytest

import qcompile
import qcompile.api

NAMES = {
    qcompile: {"Choices", "QuantizedPolynomialClassifier", "QuantizedPolynomialRegressor", "Reading"},
    qcompile.api: {
        "build",
        "calibrate",
        "check",
        "compare",
        "compile_model",
        "cost",
        "export_model",
        "import_model",
        "info",
        "open_network",
        "predict",
        "profile",
        "target",
        "targets",
        "train",
        "verify",
        "write_model",
    },
}


@pytest.mark.parametrize("module", NAMES, ids=lambda module: module.__name__)
def test_the_public_names_are_these_and_each_is_documented(module) -> None:
    assert set(module.__all__) == NAMES[module]
    for name in module.__all__:
        assert callable(getattr(module, name)) and inspect.getdoc(getattr(module, name)), name


@pytest.mark.parametrize("module", NAMES, ids=lambda module: module.__name__)
def test_an_unknown_name_is_an_attribute_error(module) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'biuld'"):
        _ = module.biuld
