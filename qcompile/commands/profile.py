"""qcompile profile: how long a model takes here, on every backend."""

from __future__ import annotations

from pathlib import Path

import click

from qcompile.commands._options import example, json_option

__all__ = ["EXAMPLE", "command"]

EXAMPLE = "qcompile profile build/model.onnx"


@click.command(
    "profile", short_help="Measure latency on every backend that runs here.", epilog=example(EXAMPLE)
)
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--batch",
    "batches",
    type=int,
    multiple=True,
    default=(1, 16, 256),
    show_default=True,
    help="Rows per call; may be given several times.",
)
@click.option("--threads", default=1, show_default=True, help="Of ONNX Runtime, for files of other tools.")
@json_option
def command(models: tuple[Path, ...], batches: tuple[int, ...], threads: int, as_json: bool) -> None:
    """Measure p50, p90 and p99 latency of MODELS, taking turns in one process.

    One model of qcompile's is timed on every backend that runs here, beside a float32 ONNX graph of
    the same function. Any other ONNX file, or several, are timed in ONNX Runtime side by side.
    """
    from qcompile.api import profile
    from qcompile.report import terminal

    profiled = profile(*models, batches=batches, threads=threads)
    if as_json:
        terminal.show_json(profiled.record)
    else:
        terminal.show_costs(profiled.record)
