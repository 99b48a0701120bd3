"""What a certificate says, in words that need no training in optimisation."""

from __future__ import annotations

import decimal
import math
from collections.abc import Mapping
from typing import Any

from qcompile.events import Event

__all__ = ["backend_name", "certificate_sentence", "number", "percent", "say", "score"]

MOST = 0.75  # share of one class from which accuracy alone says little

BACKENDS = {
    "host": "numba kernels",
    "numba_cpu": "numba kernels",
    "onnxruntime": "ONNX Runtime",
    "onnx_graph": "ONNX Runtime",
    "reference": "ONNX reference evaluator",
    "onnx float32": "float32 ONNX",
}


def backend_name(name: str) -> str:
    """A back-end or runner as a person would call it.

    >>> backend_name("host"), backend_name("c99")
    ('numba kernels', 'c99')
    """
    return BACKENDS.get(name, name)


def number(value: float, down: bool = False) -> str:
    """Four significant digits; ``down`` never rounds up, for figures that are lower bounds.

    >>> number(0.08123456), number(0.0812999), number(0.0812999, down=True), number(float("nan"))
    ('0.08123', '0.0813', '0.08129', 'unknown')
    >>> number(97540), number(1234567.8)
    ('97,540', '1,235,000')
    """
    if not math.isfinite(value):
        return "unknown"
    context = decimal.Context(prec=4, rounding=decimal.ROUND_FLOOR if down else decimal.ROUND_HALF_EVEN)
    rounded = float(context.create_decimal(repr(float(value))))
    return f"{rounded:,.0f}" if 1e4 <= abs(rounded) < 1e9 else f"{rounded:.4g}"


def percent(share: float) -> str:
    """A share as a percentage that is never rounded down to a better one than it is.

    >>> percent(0.0262), percent(0.00004), percent(0.0)
    ('2.7 %', '0.0040 %', '0 %')
    """
    if not math.isfinite(share):
        return "an unknown share"
    if share <= 0:
        return "0 %"
    digits = max(0, 1 - math.floor(math.log10(100 * share)))
    return f"{math.ceil(100 * share * 10**digits - 1e-9) / 10**digits:.{digits}f} %"


# Gaps below this are what arithmetic leaves of an exact proof.
OPTIMAL = 1e-3


def certificate_sentence(summary: Mapping[str, Any]) -> str:
    """The claim of a certificate summary: {"objective", "bound", "gap", "columns"}.

    >>> told = certificate_sentence({"objective": 0.5, "bound": 0.49, "gap": 0.02, "columns": [{}]})
    >>> for sentence in told.split(". "):
    ...     print(sentence)
    No network of this kind, of any size, can reach a training objective below 0.49
    This one reaches 0.5: at most 2.0 % better is possible.
    """
    gap, count = float(summary["gap"]), len(summary.get("columns", ()))
    objective, bound = float(summary["objective"]), float(summary["bound"])
    if gap >= 1.0:
        return (
            f"This network reaches a training objective of {number(objective)}; the proof found no useful "
            f"limit (its lower bound is {number(bound, down=True)}), so nothing is known about better ones."
        )
    if gap <= 0.0:
        rest = "This one reaches it: nothing better exists."
    elif gap < OPTIMAL:
        rest = f"This one reaches {number(objective)}: proved optimal, to within {percent(gap)}."
    else:
        rest = f"This one reaches {number(objective)}: at most {percent(gap)} better is possible."
    each = f" (Summed over {count} classes, each with its own proof.)" if count > 1 else ""
    limit = number(bound, down=True)
    return f"No network of this kind, of any size, can reach a training objective below {limit}. {rest}{each}"


def say(event: Event) -> str:
    """The sentence of an event as it is shown: the certificate's is spelt out."""
    if event.stage == "certificate" and "bound" in event.data:
        return certificate_sentence(event.data)
    if event.stage == "encoder" and event.data.get("reason"):
        return f"{event.message}; {event.data['reason']}"
    if event.stage == "accuracy" and "baselines" in event.data:
        return accuracy_sentence(event.data)
    return event.message


def accuracy_sentence(metrics: Mapping[str, Any]) -> str:
    """Test score beside those of the float models on the same split.

    >>> accuracy_sentence({"measure": "R2", "test": 0.5, "baselines": {"ridge regression": 0.45}})
    'R2 on the test rows is 0.500; on the same split, ridge regression 0.450.'
    """
    measure = str(metrics["measure"])
    others = ", ".join(f"{name} {score(measure, value)}" for name, value in metrics["baselines"].items())
    told = score(measure, metrics["test"])
    said = f"{told} of the test rows are right" if measure == "accuracy" else f"R2 on the test rows is {told}"
    always = metrics.get("majority")
    alone = ""
    if always and always["share"] >= MOST:
        alone = f" Always answering {always['name']!r} is right for {score(measure, always['share'])}."
    return f"{said}; on the same split, {others}.{alone}"


def score(measure: str, value: float) -> str:
    """An accuracy in percent, R2 as a number.

    >>> score("accuracy", 0.9791), score("R2", 0.5)
    ('97.9 %', '0.500')
    """
    return f"{100 * value:.1f} %" if measure == "accuracy" else f"{value:.3f}"
