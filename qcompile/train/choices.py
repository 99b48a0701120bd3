"""What a user may choose about training, checked once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import inf
from typing import Annotated

from qcompile.errors import QCompileError
from qcompile.train.setting import Number, Numbers, Switch, Words, settings

# Half-decades from "nothing but the strongest interactions" to "fit the training rows".
BETAS = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)

# Neurons per score column where validation did not look.
NEURONS = 32

_Positive = Number(0, inf, "a finite number above 0", ends=False)
_Share = "above 0 and below 1, a share of the objective; 0.01 is 1 %"


@dataclass(frozen=True)
class Choices:
    """Settings of one training run; None means "chosen by validation on the training rows".

    The command-line options and the parameters of the estimators are made from this record: a new
    setting is a field, its type with the values it may have, and its line here.

    Attributes:
        seed: Seed of every random step.
        neurons: Largest number of neurons per score column; 16 to 128 by validation when left out.
        lean: Take the smallest network within half a standard error of the best in validation.
        encoder: How inputs become integers.
        bits: Bits per input of the uniform encoder, 1 to 8; chosen when left out.
        k: Thresholds per column of the thermometer encoder.
        splits: Comparisons of the splits encoder, 1 to 400; chosen when left out.
        beta: Regularisation; chosen by cross-validation when left out.
        loss: What training minimises.
        family: The shape of a neuron.
        weights: First-layer weights.
        activation: Coefficients of a t^2 + b t + c, for the polynomial family.
        alpha_bits: Bits of a second-layer weight, 1 to 16.
        max_weight_bits: Try first-layer weights of 1 bit up to this many bits (at most 4); keep the
            best network.
        method: Solver of the relaxation.
        gap: Relative gap at which the solver stops; 0.001 when left out, 0.01 for large problems.
        prove: Effort spent on the lower bound; auto is exact for few inputs and fast otherwise. tight,
            and exact with many inputs, may take two minutes per score column.
        max_seconds: Time limit of each solver, per score column.
        test_fraction: Share of the rows set aside for testing.
        split: Whether copies of a row stay together on one side of the split, or are divided like rows.
        jobs: Score columns trained at the same time; as many as there are cores when left out.
    """

    seed: Annotated[int, Number(0, inf, "0 or more")] = 0
    neurons: Annotated[int | None, Number.within(1, 100_000)] = None
    lean: Annotated[bool, Switch()] = False
    encoder: Annotated[str, Words(("auto",), "qcompile.data.encode")] = "auto"
    bits: Annotated[int | None, Number.within(1, 8)] = None
    k: Annotated[int | None, Number.within(1, 64)] = None
    splits: Annotated[int | None, Number.within(1, 400)] = None
    beta: Annotated[float | None, _Positive] = None
    loss: Annotated[str | None, Words(package="qcompile.problem.losses")] = None
    family: Annotated[str, Words(package="qcompile.problem.families")] = "bilinear"
    weights: Annotated[str, Words(("binary", "ternary", "2bit", "3bit", "4bit"))] = "binary"
    activation: Annotated[tuple[float, float, float] | None, Numbers("A,B,C")] = None
    alpha_bits: Annotated[int, Number.within(1, 16)] = 8
    max_weight_bits: Annotated[int | None, Number.within(1, 4)] = None
    method: Annotated[str, Words(("auto",), "qcompile.relax.methods")] = "auto"
    gap: Annotated[float | None, Number(0, 1, _Share, ends=False)] = None
    prove: Annotated[str, Words(("auto", "fast", "tight", "exact"))] = "auto"
    max_seconds: Annotated[float | None, _Positive] = None
    test_fraction: Annotated[float, Number(0, 1, "between 0 and 1", ends=False)] = 0.25
    split: Annotated[str, Words(("together", "rows"))] = "together"
    jobs: Annotated[int | None, Number(1, inf, "1 or more, or -1 for every core", also=(-1,))] = None

    def __post_init__(self) -> None:
        for setting in settings(Choices):
            setting.check(getattr(self, setting.name))
        if self.bits is not None and self.encoder in ("thermometer", "threshold", "splits"):
            raise QCompileError(
                f"bits is {self.bits}, but the {self.encoder} encoder makes one bit per output; "
                "leave bits out, or choose the uniform encoder."
            )
        if self.k is not None and self.encoder in ("uniform", "threshold", "splits"):
            raise QCompileError(
                f"k is {self.k}, but only the thermometer encoder has thresholds per feature; "
                "leave k out, or choose the thermometer encoder."
            )
        if self.splits is not None and (self.encoder not in ("auto", "splits") or self.bits or self.k):
            raise QCompileError(
                f"splits is {self.splits}, but that is the splits encoder's; leave splits out, or "
                "the encoder, bits and k."
            )
        from qcompile.problem.families import FAMILIES  # with numpy, which --help can do without

        if FAMILIES[self.family].ACTIVATION != (self.activation is not None):
            raise QCompileError(
                "the polynomial family and an activation a,b,c go together: give both or neither."
            )

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
