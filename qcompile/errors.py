"""Every exception that qcompile raises on purpose.

    QCompileError                exit 2: wrong usage or bad input
      DataError                  a table or array cannot be read or used
      ModelError                 a model file cannot be read or is damaged
      UnsupportedError           the request is understood, but nothing here can do it
      SolveError                 a method refused a problem (too large, wrong loss)
      CompileError               a program cannot be lowered (a bound would overflow)
    CheckFailed                  exit 1: the check ran, and its answer is no

Each message says what was given, what is allowed, and what to do next.
An outcome of a solver is not an exception: see ``solve.solution.Status``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class QCompileError(ValueError):
    """Wrong usage or bad input; the command line exits with ``exit_code``."""

    exit_code = 2


class DataError(QCompileError):
    """A table or array cannot be read or used."""


class ModelError(QCompileError):
    """A model file or certificate cannot be read, or is damaged."""


class UnsupportedError(QCompileError):
    """The request is understood, but no unit of this installation serves it."""


class SolveError(QCompileError):
    """A training method refused a problem."""


class CompileError(QCompileError):
    """A program cannot be lowered to the chosen target."""


class CheckFailed(Exception):
    """A check ran to its end and its answer is no (budget, proof, equality)."""

    exit_code = 1


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest allowed word, or nothing.

    >>> did_you_mean("unifrom", ["uniform", "threshold"])
    " Did you mean 'uniform'?"
    >>> did_you_mean("AGE", ["Age", "page"])
    " Did you mean 'Age'?"
    >>> did_you_mean("zzz", ["uniform"])
    ''
    """
    words = {word.casefold(): word for word in allowed}
    near = difflib.get_close_matches(given.casefold(), words, n=1, cutoff=0.6)
    return f" Did you mean {words[near[0]]!r}?" if near else ""


def newer_version(what: str, found: object, newest: int) -> str:
    """The sentence for a file whose format is of a later version than this one knows.

    >>> newer_version("model.onnx", 2, 1)
    'model.onnx has format version 2, and this qcompile reads versions up to 1; install a newer qcompile.'
    """
    return (
        f"{what} has format version {found}, and this qcompile reads versions up to {newest}; "
        "install a newer qcompile."
    )
