"""Runner: what every way of running an artifact offers, and how one is opened."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.artifact import Artifact
from qcompile.registry import load

__all__ = ["Runner", "runner"]


@runtime_checkable
class Runner(Protocol):
    """A compiled model that answers.

    ``scores`` are the exact integers of the interpreter; ``predict`` is what a user asks for.
    """

    @property
    def name(self) -> str:
        """For reports: "host", "onnxruntime", .."""

    def scores(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """(n, C) integer scores of raw rows (n, features)."""

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """(n,) label index for classification; values in regression, (n,) or (n, C)."""


def runner(artifact: Artifact, name: str) -> Any:
    """Open an artifact with a runner, a file of qcompile/run."""
    return load("qcompile.run", name).open_artifact(artifact)
