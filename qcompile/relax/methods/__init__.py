"""Training methods, one file each: ``solve(problem, settings) -> Solution``."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from qcompile.problem.problem import Problem
from qcompile.registry import Registry
from qcompile.relax.solution import Settings, Solution


@runtime_checkable
class Method(Protocol):
    """A method that solves the relaxation of every family and loss."""

    def solve(self, problem: Problem, settings: Settings, **options: Any) -> Solution:
        """A feasible point; how good it is, its certificate says."""


METHODS: Registry[Method] = Registry("qcompile.relax.methods", "training methods", Method)
