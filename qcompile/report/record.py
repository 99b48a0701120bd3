"""The record of a build: plain numbers and text, from which report.json and report.html are made.

Both are made from this one dict, so a figure on the page and in the file cannot differ. Each part
is a free function of what a stage returned; none computes anything new about the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from qcompile.data.table import Table
from qcompile.ir.bounds import bounds
from qcompile.ir.ops import Dot, Mul, Poly
from qcompile.ir.ops.dot import weight_bits
from qcompile.ir.program import Program
from qcompile.model.network import Network
from qcompile.relax.solution import Progress
from qcompile.report.words import accuracy_sentence, certificate_sentence
from qcompile.train.trained import Trained

__all__ = [
    "FORMAT",
    "accuracy_part",
    "certificate_part",
    "data_part",
    "model_part",
    "program_part",
    "training_part",
]

FORMAT = 1
WEIGHT_BITS = {"binary": 1, "ternary": 2, "2bit": 2, "3bit": 3, "4bit": 4}
POINTS = 200  # of a curve, at most: more cannot be seen in a plot


def model_part(network: Network) -> dict[str, Any]:
    """What the network is."""
    bits = WEIGHT_BITS[network.weights]
    vectors = 2 if network.form == "bilinear" else 1
    return {
        "task": network.task,
        "classes": list(network.classes),
        "columns": list(network.columns),
        "form": network.form,
        "activation": list(network.activation) if network.form == "polynomial" else None,
        "encoder": network.encoder.name,
        "input_bits": network.encoder.bits,
        "inputs": network.width,
        "features": network.encoder.features,
        "neurons": network.neurons,
        "score_columns": int(network.alpha.shape[1]),
        "weights": network.weights,
        "bits_per_weight": bits,
        "first_layer_bits": vectors * network.neurons * network.width * bits,
        "alpha_bits": int(np.abs(network.alpha).max(initial=0)).bit_length() + 1,
        "scale": network.scale,
        "offset": network.offset,
    }


def data_part(table: Table, trained: Trained) -> dict[str, Any]:
    """Which rows, and what was done to them."""
    return {
        "source": table.source,
        "label": table.schema.label,
        "task": table.schema.task,
        "rows": len(table),
        "columns": len(table.schema.columns),
        "train_rows": len(trained.train_index),
        "test_rows": len(trained.test_index),
        "seed": trained.choices.seed,
        "notes": list(table.notes),
    }


def certificate_part(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The claim in words and in numbers."""
    return {"sentence": certificate_sentence(summary), **summary}


def training_part(trained: Trained) -> dict[str, Any]:
    """How the encoder and beta were chosen, and every score column's curves."""
    names = trained.network.classes
    gaps = trained.proof.gaps if trained.proof else ()
    several = len(trained.columns) > 1
    columns = [
        {
            "name": names[c] if several else (names[1] if len(names) == 2 else "value"),
            "objective": float(trained.objectives[c]),
            "bound": float(fit.certificate.bound),
            "gap": float(gaps[c]),
            "kind": fit.certificate.kind,
            "digest": fit.certificate.digest,
            "rows": fit.problem.n,
            "method": fit.solution.method,
            "reason": fit.reason,
            "iterations": fit.solution.iterations,
            "seconds": fit.solution.seconds,
            "status": fit.solution.status.value,
            "solve": _curve(fit.solution.history),
            "rounding": _curve(fit.atoms.history),
        }
        for c, fit in enumerate(trained.columns)
    ]
    return {"chosen": trained.chosen.to_json() if trained.chosen else {}, "columns": columns}


def _curve(history: Sequence[Progress]) -> list[list[float]]:
    """[seconds, objective, bound] of at most ``POINTS`` steps, first and last among them."""
    if not history:
        return []
    keep = np.unique(np.linspace(0, len(history) - 1, POINTS).round().astype(int))
    return [[history[i].seconds, history[i].objective, history[i].bound] for i in keep]


def accuracy_part(trained: Trained) -> dict[str, Any]:
    """Test score next to the float models' on the same split."""
    return {"sentence": accuracy_sentence(trained.metrics), **trained.metrics}


def program_part(program: Program, passes: Iterable[Any] = ()) -> dict[str, Any]:
    """The compiled operations with the range that is proved for every value."""
    ranges = bounds(program)
    operations = []
    for op in program.ops:
        low, high = ranges.get(op.result, (None, None))
        operations.append(
            {
                "value": op.result,
                "operation": type(op).__name__.lower(),
                "type": str(op.type),
                "low": low,
                "high": high,
                "weights": list(op.weight.shape) if isinstance(op, Dot) else None,
                "kernel": op.notes.get("kernel"),
            }
        )
    return {
        "operations": operations,
        "passes": [_pass(p) for p in passes],
        "sentence": _program_sentence(program),
        "host_kernel": _host_kernel(program),
    }


def _host_kernel(program: Program) -> str:
    """The kernel that runs the program in this process, and why."""
    from qcompile.run.host import open_program

    runner = open_program(program)
    return f"{runner.kernel}: {runner.reason}"


def _program_sentence(program: Program) -> str:
    """Size, and the widths that the static bounds prove to be wide enough."""
    low, high = bounds(program)[program.outputs["scores"]]
    dots = [op for op in program.ops if isinstance(op, Dot)]
    size = sum(op.weight.size for op in dots)
    bits = sum(op.weight.size * weight_bits(op.weight) for op in dots)
    sums = {op.type.bits for op in program.ops if isinstance(op, Dot | Mul | Poly) and op.type.kind == "i"}
    widths = [str(width) for width in sorted(sums)]
    told = " and ".join([", ".join(widths[:-1]), widths[-1]] if len(widths) > 1 else widths)
    return (
        f"{size:,} weights in {bits / 8000:.3g} kB; accumulators of {told} bits are proved wide enough "
        f"(scores lie in {low:,} .. {high:,})."
    )


def _pass(record: Any) -> dict[str, Any]:
    return {k: v for k, v in vars(record).items() if isinstance(v, str | int | float | bool)}
