"""qcompile: certified low-bit networks, compiled and costed.

The public names are imported when they are first used, so that ``import qcompile`` is instant:

    QuantizedPolynomialClassifier, QuantizedPolynomialRegressor    scikit-learn estimators
    Choices                                                        settings of ``qcompile.api``
    Reading                                                        how it reads a table

The commands are functions of ``qcompile.api``: build, train, verify, predict, profile, check,
targets, info.

>>> from qcompile import Choices
>>> Choices(neurons=16).neurons
16
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qcompile.estimators import QuantizedPolynomialClassifier, QuantizedPolynomialRegressor
    from qcompile.model.reading import Reading
    from qcompile.train.choices import Choices

__all__ = ["Choices", "QuantizedPolynomialClassifier", "QuantizedPolynomialRegressor", "Reading"]

HOME = {
    "Choices": "qcompile.train.choices",
    "QuantizedPolynomialClassifier": "qcompile.estimators",
    "QuantizedPolynomialRegressor": "qcompile.estimators",
    "Reading": "qcompile.model.reading",
}


def __getattr__(name: str) -> Any:
    if name not in HOME:
        raise AttributeError(f"module 'qcompile' has no attribute {name!r}")
    return getattr(import_module(HOME[name]), name)
