"""Which encoders are worth trying on a table, and a quick ranking of them.

The ranking fits a kernel machine with the kernel (x'x / d)^2 on the encoded rows: the same
functions x'Zx as the network, with another norm of Z. It costs milliseconds, and it only ranks;
the winner is decided by real networks (choose.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.encoder import Encoder, encode, levels
from qcompile.model.schema import Column
from qcompile.registry import load
from qcompile.train.choices import Choices
from qcompile.train.relevance import most_relevant

__all__ = ["Candidate", "candidates", "merit", "rank"]

# Encoded widths above this cost more to train than they were ever seen to gain.
WIDEST = 640
# Share of outliers left out at either end of a feature: it helps some tables and costs others.
CLIP = 0.02
# Copies of the constant, beside the usual one: a nearly linear table gains a point by it.
CONSTANTS = 8


@dataclass(frozen=True)
class Candidate:
    """An encoder strategy with its options, not yet fitted.

    Attributes:
        encoder: a file name of data/encode.
        options: what it is fitted with.
        share: of its columns that are kept, the most relevant ones.
    """

    encoder: str
    options: dict[str, float] = field(default_factory=dict)
    share: float = 1.0

    def __str__(self) -> str:
        options = self.options
        words = [self.encoder]
        if "bits" in options:
            words[0] += f" {options['bits']} bit"
        if "k" in options:
            words[0] += f" {options['k']}"
        if "clip" in options:
            words.append(f"{options['clip']:.0%} clipped")
        if "constants" in options:
            words.append(f"{options['constants']} constants")
        if self.share < 1:
            words.append(f"{100 * self.share:g} % of the inputs")
        return ", ".join(words)

    def fit(self, x: NDArray[np.float32], y: NDArray[Any], columns: tuple[Column, ...], task: str) -> Encoder:
        """Fit on training rows; the targets only say which inputs are relevant."""
        encoder: Encoder = load("qcompile.data.encode", self.encoder).fit(x, columns, **self.options)
        return most_relevant(encoder, x, y, task, self.share) if self.share < 1 else encoder


def candidates(
    x: NDArray[np.float32], columns: tuple[Column, ...], choices: Choices
) -> tuple[Candidate, ...]:
    """Every candidate that the user's choices leave open.

    With everything given (encoder and bits or k) there is still the number of constants to choose,
    and with it the beta; only the user's beta leaves nothing but the plain encoder.

    >>> [str(c) for c in candidates(np.zeros((2, 3), np.float32), (), Choices(encoder="uniform", bits=2))]
    ['uniform 2 bit', 'uniform 2 bit, 8 constants']
    """
    bits = (choices.bits,) if choices.bits else (1, 2, 4, 8) if choices.encoder == "uniform" else (4, 8)
    steps = (choices.k,) if choices.k else (2, 4, 8)
    uniform = [Candidate("uniform", {"bits": b}) for b in bits]
    uniform += [Candidate("uniform", {"bits": b, "clip": CLIP}) for b in bits if b > 2]
    thermometer = [Candidate("thermometer", {"k": k}) for k in steps]
    numeric = sum(c.kind == "numeric" for c in columns)
    if choices.encoder == "uniform" or (choices.encoder == "auto" and choices.bits):
        found = uniform
    elif choices.encoder == "thermometer" or (choices.encoder == "auto" and choices.k):
        found = thermometer
    elif choices.encoder != "auto":
        found = [Candidate(choices.encoder)]
    elif not numeric:  # one bit says all there is to say about categories
        found = [Candidate("uniform", {"bits": 1})]
    else:
        found = uniform + [c for c in thermometer if c.options["k"] * numeric <= WIDEST]
    if choices.beta is not None and (choices.bits or choices.k or choices.encoder == "threshold"):
        return tuple(found[:1])
    return tuple(found + [replace(c, options={**c.options, "constants": CONSTANTS}) for c in found])


def rank(
    options: Sequence[Candidate],
    x: NDArray[np.float32],
    y: NDArray[Any],
    columns: tuple[Column, ...],
    folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    task: str,
) -> list[tuple[float, Candidate]]:
    """Candidates with their mean validation score by the quick kernel machine, best first.

    Args:
        options: from ``candidates``.
        x: (n, features) raw training rows.
        y: (n,) class indices or targets.
        columns: what the features are.
        folds: (train, validation) index pairs within these rows.
        task: "classification" or "regression".

    Returns:
        (score, candidate) in falling order of merit; accuracy or R2; ties keep the given order.
    """
    scored, widths = [], []
    for option in options:
        total = np.zeros((len(folds), len(STRENGTHS)))
        for i, (fit_rows, held) in enumerate(folds):
            encoder = option.fit(x[fit_rows], y[fit_rows], columns, task)
            rows = [levels(encode(encoder, x[part]), encoder.bits) / encoder.top for part in (fit_rows, held)]
            total[i] = _kernel_scores(rows[0], y[fit_rows], rows[1], y[held], task)
        best = total[:, total.mean(axis=0).argmax()]
        scored.append((float(best.mean()), float(best.std() / np.sqrt(len(folds)))))
        widths.append(encoder.width)
    merits = [merit(score, error, d, min(widths)) for (score, error), d in zip(scored, widths, strict=True)]
    order = sorted(range(len(options)), key=lambda i: -merits[i])
    return [(scored[i][0], options[i]) for i in order]


def merit(score: float, error: float, width: int, narrowest: int) -> float:
    """A validation score less what a wider input must earn: a quarter of its error per doubling.

    Args:
        score: mean over folds.
        error: standard error of that mean.
        width: encoded inputs d.
        narrowest: least d of the candidates.

    >>> merit(0.9, 0.04, 40, 10)
    0.88
    """
    return float(score - 0.25 * error * np.log2(width / narrowest))


STRENGTHS = (0.3, 3.0, 30.0, 300.0)


def _kernel_scores(
    x: NDArray[np.float64], y: NDArray[Any], held: NDArray[np.float64], held_y: NDArray[Any], task: str
) -> NDArray[np.float64]:
    from sklearn import config_context
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.svm import SVC

    d = x.shape[1]
    gram, cross = (x @ x.T / d) ** 2, (held @ x.T / d) ** 2
    scores = []
    # Small folds are fitted by the hundred: checking the arrays cost more than fitting them.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        for strength in STRENGTHS:
            if task == "classification":
                model = SVC(C=strength, kernel="precomputed").fit(gram, y)
                scores.append(float((model.predict(cross) == held_y).mean()))
            else:
                mean = y.mean()
                model = KernelRidge(alpha=10.0 / strength, kernel="precomputed").fit(gram, y - mean)
                left = ((model.predict(cross) + mean - held_y) ** 2).sum()
                spread = ((held_y - held_y.mean()) ** 2).sum()
                scores.append(float(1 - left / spread) if spread > 0 else 0.0)
    return np.array(scores)
