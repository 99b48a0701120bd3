"""How the training went, in one sentence: how long it took, and whether it ended as wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from qcompile.facts import Solved
from qcompile.relax.solution import Status
from qcompile.train.fit import ColumnFit


def solved_facts(fits: Sequence[ColumnFit]) -> Solved:
    """Counts of methods and endings, the reason, the slowest column."""
    return Solved(
        columns=len(fits),
        methods=dict(Counter(f.solution.method for f in fits)),
        reason=fits[0].reason,
        status=dict(Counter(f.solution.status.value for f in fits)),
        iterations=max(f.solution.iterations for f in fits),
        seconds=max(f.solution.seconds for f in fits),
    )


def solved_sentence(facts: Solved) -> str:
    """Time taken, then one sentence per solver that stopped early; the facts hold method and reason.

    >>> why = "the accurate method is affordable."
    >>> facts = Solved(1, {"dual_barrier": 1}, why, {Status.STALLED.value: 1}, 30, 1.5)
    >>> for sentence in solved_sentence(facts).split(". "):
    ...     print(sentence)
    30 steps in 1.5 s
    No further progress; the certificate still holds, its gap is larger than asked.
    """
    count = facts.columns
    said = f"{facts.iterations} steps in {facts.seconds:.2g} s."
    if count > 1:
        said = f"{count} scores, one per class, each in at most {said}"
    for ending, times in facts.status.items():
        if ending != Status.SOLVED.value:
            said += f" {ending}" if count == 1 else f" {times} of {count}: {ending}"
    return said
