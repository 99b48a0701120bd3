"""What a user may choose about training, checked once."""

from __future__ import annotations

import os
from dataclasses import dataclass

from qcompile.errors import QCompileError, did_you_mean
from qcompile.registry import names

__all__ = ["BETAS", "Choices", "default_loss"]

# Half-decades from "nothing but the strongest interactions" to "fit the training rows".
BETAS = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)

WEIGHTS = ("binary", "ternary", "2bit", "3bit", "4bit")
PROOFS = ("auto", "fast", "tight", "exact")


@dataclass(frozen=True)
class Choices:
    """Settings of one training run; None means "chosen by validation on the training rows".

    Attributes:
        encoder: "auto" or a file name of data/encode.
        bits: bits per input of the uniform encoder (1 to 8), or None.
        k: thresholds per feature of the thermometer encoder, or None.
        loss: a file name of problem/losses, or None: logistic for classes, squared for numbers.
        family: a file name of problem/families.
        weights: first-layer grid.
        activation: (a, b, c) of the polynomial family.
        beta: regularisation, or None.
        neurons: width limit per score column.
        alpha_bits: width of the second layer's integers, 1 (equal magnitudes) to 16.
        max_weight_bits: widest first-layer weight (1 to 4) that pruning may use, or None.
        gap: relative gap of the relaxation to stop at, or None: 0.001, and 0.01 where only the
            factored method can serve.
        prove: "fast" (the SDP bound), "tight", "exact", or "auto": exact where that takes about a second.
        method: a file name of solve/methods, or "auto".
        max_seconds: wall-clock limit per score column for each solver, or None.
        test_fraction: share of the rows kept for the test.
        seed: of every random step.
        jobs: parallel score columns; None and -1 mean all cores.
    """

    encoder: str = "auto"
    bits: int | None = None
    k: int | None = None
    loss: str | None = None
    family: str = "bilinear"
    weights: str = "binary"
    activation: tuple[float, float, float] | None = None
    beta: float | None = None
    neurons: int = 128
    alpha_bits: int = 8
    max_weight_bits: int | None = None
    gap: float | None = None
    prove: str = "auto"
    method: str = "auto"
    max_seconds: float | None = None
    test_fraction: float = 0.25
    seed: int = 0
    jobs: int | None = None

    def __post_init__(self) -> None:
        _one_of("encoder", self.encoder, ("auto", *names("qcompile.data.encode")))
        _one_of("family", self.family, names("qcompile.problem.families"))
        _one_of("weights", self.weights, WEIGHTS)
        _one_of("prove", self.prove, PROOFS)
        _one_of("method", self.method, ("auto", *names("qcompile.relax.methods")))
        if self.loss is not None:
            _one_of("loss", self.loss, names("qcompile.problem.losses"))
        _within("bits", self.bits, 1, 8)
        _within("k", self.k, 1, 64)
        _within("neurons", self.neurons, 1, 100_000)
        _within("alpha_bits", self.alpha_bits, 1, 16)
        _within("max_weight_bits", self.max_weight_bits, 1, 4)
        if self.bits is not None and self.encoder in ("thermometer", "threshold"):
            raise QCompileError(
                f"bits is {self.bits}, but the {self.encoder} encoder makes one bit per output; "
                "leave bits out, or choose the uniform encoder."
            )
        if self.k is not None and self.encoder in ("uniform", "threshold"):
            raise QCompileError(
                f"k is {self.k}, but only the thermometer encoder has thresholds per feature; "
                "leave k out, or choose the thermometer encoder."
            )
        if (self.family == "polynomial") != (self.activation is not None):
            raise QCompileError(
                "the polynomial family and an activation a,b,c go together: give both or neither."
            )
        for name, value in (("beta", self.beta), ("max_seconds", self.max_seconds)):
            if value is not None and not 0 < value < float("inf"):
                raise QCompileError(f"{name} is {value}, allowed: a finite number above 0.")
        if self.gap is not None and not 0 < self.gap < 1:
            raise QCompileError(
                f"gap is {self.gap}, allowed: above 0 and below 1, a share of the objective; 0.01 is 1 %."
            )
        if self.jobs is not None and self.jobs < 1 and self.jobs != -1:
            raise QCompileError(f"jobs is {self.jobs}, allowed: 1 or more, or -1 for every core.")
        if self.seed < 0:
            raise QCompileError(f"seed is {self.seed}, allowed: 0 or more.")
        if not 0 < self.test_fraction < 1:
            raise QCompileError(f"test_fraction is {self.test_fraction}, allowed: between 0 and 1.")

    @property
    def workers(self) -> int:
        """``jobs`` as a number of threads."""
        return os.cpu_count() or 1 if self.jobs in (None, -1) else int(self.jobs or 1)


def default_loss(task: str, loss: str | None) -> str:
    """The loss of a task when none was chosen.

    >>> default_loss("classification", None), default_loss("regression", None)
    ('logistic', 'squared')
    """
    return loss or ("logistic" if task == "classification" else "squared")


def _one_of(name: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise QCompileError(
            f"{name} is {given!r}, allowed: {', '.join(allowed)}.{did_you_mean(given, allowed)}"
        )


def _within(name: str, given: int | None, low: int, high: int) -> None:
    if given is not None and not low <= given <= high:
        raise QCompileError(f"{name} is {given}, allowed: {low} to {high}.")
