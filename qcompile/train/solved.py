"""How the relaxations of a fit were solved, in one sentence: which method, why, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from qcompile.solve.solution import Status
from qcompile.train.fit import ColumnFit

__all__ = ["solved_facts", "solved_sentence"]


def solved_facts(fits: Sequence[ColumnFit]) -> dict[str, Any]:
    """The same as plain data: counts of methods and endings, the reason, the slowest column."""
    return {
        "columns": len(fits),
        "methods": dict(Counter(f.solution.method for f in fits)),
        "reason": fits[0].reason,
        "status": dict(Counter(f.solution.status.value for f in fits)),
        "iterations": max(f.solution.iterations for f in fits),
        "seconds": max(f.solution.seconds for f in fits),
    }


def solved_sentence(facts: dict[str, Any]) -> str:
    """One sentence per ending that is not the wanted one, after the method and its reason.

    >>> facts = {"columns": 1, "methods": {"dual_barrier": 1}, "reason": "the accurate method is affordable.",
    ...          "status": {Status.STALLED.value: 1}, "iterations": 30, "seconds": 1.5}
    >>> for sentence in solved_sentence(facts).split(". "):
    ...     print(sentence)
    dual_barrier, 30 iterations in 1.5 s: the accurate method is affordable
    No further progress; the certificate still holds, its gap is larger than asked.
    """
    count = facts["columns"]
    each = "" if count == 1 else f" each for {count} score columns"
    said = (
        f"{' and '.join(facts['methods'])}, {facts['iterations']} iterations "
        f"in {facts['seconds']:.2g} s{' at most' if count > 1 else ''}{each}: {facts['reason'].rstrip('.')}."
    )
    for ending, times in facts["status"].items():
        if ending != Status.SOLVED.value:
            said += f" {ending}" if count == 1 else f" {times} of {count}: {ending}"
    return said
