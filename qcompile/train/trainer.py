"""Trainer: what a file of this folder defines in order to be one."""

from __future__ import annotations

from typing import Protocol, TypeVar

from qcompile.events import Listener, ignore
from qcompile.train.choices import Choices
from qcompile.train.trained import Trained

Data = TypeVar("Data", contravariant=True)


class Trainer(Protocol[Data]):
    """The function ``train`` of a trainer: from data to a model with its scores.

    What comes out is compiled, verified and costed alike; a proof is welcome and not required.
    """

    def __call__(self, data: Data, choices: Choices | None = None, on_event: Listener = ignore, /) -> Trained:
        """Train on a seeded part of the data and score the rest.

        Args:
            data: a ``Table``, or images.
            choices: settings; None leaves them to validation.
            on_event: called with progress, from several threads in turn.

        Raises:
            QCompileError: the data or a setting cannot be used.
        """
