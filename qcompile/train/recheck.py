"""A build's proof, checked again: from the data where they are given, else against the model file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qcompile.certificate import make as certificates
from qcompile.certificate.certificate import Certificate
from qcompile.checks import Check
from qcompile.data.load import load
from qcompile.data.table import Table
from qcompile.errors import ModelError
from qcompile.model.network import Network, forward_codes
from qcompile.model.reading import Reading
from qcompile.model.schema import Schema
from qcompile.numerals import number, percent
from qcompile.problem.families import FAMILIES
from qcompile.problem.objective import objective_of_outputs
from qcompile.problem.problem import Problem
from qcompile.train.proof import Proof, certified, stated
from qcompile.train.provenance import rebuild_problems


def proof_on_paper(certificate: Path, network: Network) -> Iterator[Check]:
    """Without the data: the certificate file says what the model file says, no more.

    Raises:
        ModelError: the certificate cannot be read.
    """
    wrong = statement(network, certificates.load(certificate))
    yield Check(
        "certificate",
        not wrong,
        wrong or "has the bounds that the model file states; give --data to recompute them from the data",
    )


def statement(network: Network, stored: Sequence[Certificate]) -> str:
    """What the model file states wrongly about its proof, or nothing.

    Every bound must be the certificate's, and totals and gaps must follow from objectives and bounds.
    """
    told = network.provenance.get("certificate", {})
    try:
        columns = told["columns"]
        if [c["bound"] for c in columns] != [c.bound for c in stored]:
            return "its bounds are not the ones that the model file states."
        proof = Proof(tuple(float(c["objective"]) for c in columns), tuple(stored))
        if stated(network.provenance) != certified(proof):
            return "totals or gaps that the model file states do not follow from its objectives and bounds."
    except (KeyError, TypeError, ValueError) as error:
        return f"the model file does not state what was proved ({type(error).__name__}: {error})."
    return ""


def table_of(network: Network, data: Any, reading: Reading | None = None) -> Table:
    """The table that a model is to be checked with.

    Args:
        network: of the model file.
        data: in any form that ``load`` reads.
        reading: what means a missing cell in it, if it is not what did in training.

    Raises:
        ModelError: the model does not say how it was trained.
        DataError: the table cannot be read.
    """
    facts = network.provenance
    if "schema" not in facts or "certificate" not in facts:
        raise ModelError("the model does not say how it was trained, so its proof cannot be recomputed.")
    schema = Schema.from_json(facts["schema"])
    reading = (reading or Reading()).for_model(schema.reading)
    return load(data, label=schema.label, task=schema.task, reading=reading)


def fits(network: Network, table: Table) -> bool:
    """Whether a table has the columns and classes of the table of the build."""
    schema = Schema.from_json(network.provenance["schema"])
    return replace(table.schema, reading=schema.reading) == schema


def proof_on_data(certificate: Path, network: Network, table: Table) -> Iterator[Check]:
    """With the data: the bound by the independent checker, the objective by the integer network.

    Args:
        certificate: the certificate file.
        network: of the model file; its provenance says how the rows were split and what was minimised.
        table: of the build, from ``table_of``.

    Raises:
        ModelError: the certificate cannot be read.
    """
    facts = network.provenance
    stored = certificates.load(certificate)
    if not fits(network, table):
        yield Check(
            "data", False, f"{table.source} has other columns or classes than the table of the build."
        )
        return
    problems = rebuild_problems(network, table)
    if len(stored) != len(problems):
        yield Check(
            "certificate", False, f"there are {len(stored)} proofs for {len(problems)} score columns."
        )
        return
    verdicts = [certificates.check(p, c) for p, c in zip(problems, stored, strict=True)]
    wrong = [(c, v) for c, v in enumerate(verdicts) if not v.valid]
    for column, verdict in wrong:
        yield Check("certificate", False, f"score column {column + 1} of {len(verdicts)}: {verdict.reason}")
    if wrong:
        return
    if misstated := statement(network, stored):
        yield Check("certificate", False, misstated)
        return
    bound = float(sum(c.bound for c in stored))
    reached = objectives(network, table, problems)
    told = [float(c["objective"]) for c in facts["certificate"]["columns"]]
    # Both are sums over the samples in float64, made in different orders.
    slack = [
        4 * (p.n + p.d) * np.finfo(np.float64).eps * max(abs(t), 1.0)
        for p, t in zip(problems, told, strict=True)
    ]
    honest = all(r <= t + s for r, t, s in zip(reached, told, slack, strict=True))
    gap = (sum(reached) - bound) / sum(reached) if sum(reached) > 0 else 0.0
    yield Check(
        "certificate",
        True,
        f"recomputed from the data without a solver: no network of this kind, of any size, has a training "
        f"objective below {number(bound, down=True)}",
    )
    yield Check(
        "objective",
        honest,
        f"the model file's integers reach {number(sum(reached))}: at most {percent(gap)} better is possible"
        if honest
        else f"its integers reach only {number(sum(reached))}, not the {number(sum(told))} that it states.",
    )


def objectives(network: Network, table: Table, problems: list[Problem]) -> list[float]:
    """Training objective of the deployed integers per score column, in training units.

    With alpha = step * k and score = sum_j k_j h_j, f = step * score / divisor. The bias that a network
    without neurons answers is no part of it: the family that the proof is about has none.
    """
    y = table.y
    spread = 1.0
    if network.task == "regression":
        from qcompile.data.split import split_again

        train, _ = split_again(table, network.provenance)
        spread = float(np.std(y[train])) or 1.0
    scale = network.scale / spread
    found = []
    for column, problem in enumerate(problems):
        divisor = FAMILIES[problem.family].integer_form(problem).divisor
        codes = (problem.q.astype(np.int64) + problem.unit) // 2
        scores = (forward_codes(network, codes) - network.constants)[:, column].astype(np.float64)
        radius = scale * divisor * float(np.abs(network.alpha[:, column]).sum())
        found.append(objective_of_outputs(problem, scale * scores, radius))
    return found
