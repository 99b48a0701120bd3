"""Every file of train/ that defines ``train`` is a trainer."""

from __future__ import annotations

import inspect
from typing import get_type_hints

import pytest

from qcompile import registry
from qcompile.events import ignore
from qcompile.train.trained import Trained

UNITS = [registry.load("qcompile.train", name) for name in registry.names("qcompile.train")]
TRAINERS = [unit for unit in UNITS if hasattr(unit, "train")]


def test_the_table_trainer_is_one_of_them() -> None:
    assert "qcompile.train.table" in {unit.__name__ for unit in TRAINERS}


@pytest.mark.parametrize("unit", TRAINERS, ids=lambda unit: unit.__name__)
def test_a_trainer_takes_data_settings_and_a_listener(unit) -> None:
    _, choices, listener = inspect.signature(unit.train).parameters.values()
    assert choices.default is None and listener.default is ignore
    assert get_type_hints(unit.train)["return"] is Trained
