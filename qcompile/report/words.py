"""What a certificate says, in words that need no training in optimisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qcompile.events import Event
from qcompile.numerals import number, percent

__all__ = ["accuracy_sentence", "certificate_sentence", "say", "score"]

MOST = 0.75  # share of one class from which accuracy alone says little

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
            f"This network reaches a training objective of {number(objective)}; the proof gives no useful "
            f"bound (the lower bound is {number(bound, down=True)}), so better networks may exist."
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
    """Test score next to those of the float models on the same split.

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
