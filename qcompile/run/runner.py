"""Runner: what every way of running an artifact offers, and how one is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.artifact import Artifact
from qcompile.registry import Registry

if TYPE_CHECKING:
    from qcompile.run.emulate.image import Image
    from qcompile.run.emulate.trace import Trace
    from qcompile.targets.schema import Target


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


@runtime_checkable
class Opens(Protocol):
    """A file of this folder: one way to run an artifact."""

    def open_artifact(self, artifact: Artifact) -> Runner:
        """The artifact, ready to answer.

        Raises:
            UnsupportedError: what runs it is not installed, or it is of another kind.
        """


@runtime_checkable
class Core(Runner, Protocol):
    """A runner on another core, which knows what compiled the code and counts what one row costs."""

    @property
    def build(self) -> str:
        """The compiler, its version and its flags."""


@runtime_checkable
class Counting(Core, Protocol):
    """A core whose executed instructions are traced."""

    @property
    def version(self) -> str:
        """The emulator and its version."""

    @property
    def image(self) -> Image:
        """The linked program."""

    def count(self, row: NDArray[Any]) -> Trace:
        """Instructions of one row, by operation and class."""


@runtime_checkable
class Emulates(Protocol):
    """A file of this folder whose runner needs to know the target."""

    def open_artifact(self, artifact: Artifact, target: Target | None = None) -> Core:
        """The C code, compiled for the target and loaded.

        Raises:
            UnsupportedError: the emulator or the compiler is not installed, or does not know the core.
        """


RUNNERS: Registry[Opens] = Registry("qcompile.run", "runners", Opens, apart=("runner",))
EMULATORS: Registry[Emulates] = Registry("qcompile.run", "runners", Emulates, apart=("runner",))


def runner(artifact: Artifact, name: str) -> Runner:
    """Open an artifact with a runner, a file of qcompile/run."""
    return RUNNERS[name].open_artifact(artifact)
