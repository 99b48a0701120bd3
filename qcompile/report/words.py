"""What a certificate says, in words that need no training in optimisation."""

from __future__ import annotations

from qcompile.events import Event
from qcompile.facts import Accuracy, Certified, Encoded
from qcompile.numerals import number, percent

MOST = 0.75  # share of one class from which accuracy alone says little

# Gaps below this are what arithmetic leaves of an exact proof.
OPTIMAL = 1e-3


def certificate_sentence(proved: Certified) -> str:
    """The claim of a certificate.

    >>> from qcompile.facts import ColumnBound
    >>> proved = Certified(0.5, 0.49, 0.02, ("sdp",), (ColumnBound(0.5, 0.49, 0.02),))
    >>> for sentence in certificate_sentence(proved).split(". "):
    ...     print(sentence)
    No network of this kind, of any size, can reach a training objective below 0.49
    This one reaches 0.5: at most 2.0 % better is possible.
    """
    gap, objective, bound, count = proved.gap, proved.objective, proved.bound, len(proved.columns)
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
    match event.facts:
        case Certified():
            return certificate_sentence(event.facts)
        case Accuracy():
            return accuracy_sentence(event.facts)
        case Encoded() if event.facts.reason:
            return f"{event.message}; {event.facts.reason}"
    return event.message


def accuracy_sentence(metrics: Accuracy) -> str:
    """Test score next to those of the float models on the same split.

    >>> accuracy_sentence(Accuracy("R2", 0.6, 0.5, {"ridge regression": 0.45}, None, {}, None, ()))
    'R2 on the test rows is 0.500; on the same split, ridge regression 0.450.'
    """
    measure = metrics.measure
    others = ", ".join(f"{name} {score(measure, value)}" for name, value in metrics.baselines.items())
    own = score(measure, metrics.test)
    said = f"{own} of the test rows are right" if measure == "accuracy" else f"R2 on the test rows is {own}"
    always, alone = metrics.majority, ""
    if always and always.share >= MOST:
        alone = f" Always answering {always.name!r} is right for {score(measure, always.share)}."
    return f"{said}; on the same split, {others}.{alone}"


def score(measure: str, value: float) -> str:
    """An accuracy in percent, R2 as a number.

    >>> score("accuracy", 0.9791), score("R2", 0.5)
    ('97.9 %', '0.500')
    """
    return f"{100 * value:.1f} %" if measure == "accuracy" else f"{value:.3f}"
