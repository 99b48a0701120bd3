"""qcompile cost: cycles, time, energy, flash and RAM of a model on a target."""

from __future__ import annotations

from pathlib import Path

import click

from qcompile.commands._options import backend_target, example, json_option

EXAMPLE = "qcompile cost build/ --target cortex-m4"


@click.command("cost", short_help="Cost of a model on another core.", epilog=example(EXAMPLE))
@click.argument("model", type=click.Path(path_type=Path))
@backend_target
@json_option
def command(model: Path, target: str, as_json: bool) -> None:
    """Compile MODEL for a target, count it in an emulator where one is installed, and price it."""
    from rich.console import Console
    from rich.table import Table

    from qcompile.api import cost
    from qcompile.report.terminal import tables as terminal

    record = cost(model, target)
    if as_json:
        terminal.show_json(record)
        return
    table = Table(title=f"{record.target}: {record.how}")
    for name in ("quantity", "operation", "low", "expected", "high", "unit", "origin"):
        table.add_column(name, justify="right" if name in ("low", "expected", "high") else "left")
    for r in record.rows:
        figures = (f"{v:,.4g}" if v < 1e4 else f"{v:,.0f}" for v in (r.low, r.expected, r.high))
        table.add_row(r.quantity, r.operation, *figures, r.unit, r.origin)
    Console().print(table)
