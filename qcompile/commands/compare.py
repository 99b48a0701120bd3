"""qcompile compare: models and targets side by side."""

from __future__ import annotations

from pathlib import Path

import click

from qcompile.commands._options import example, json_option

EXAMPLE = "qcompile compare build/ --target cortex-m4 --target cortex-m0plus"


@click.command("compare", short_help="Models and targets side by side.", epilog=example(EXAMPLE))
@click.argument("models", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--target", "targets", multiple=True, default=("cortex-m4",), show_default=True, help="May be repeated."
)
@json_option
def command(models: tuple[Path, ...], targets: tuple[str, ...], as_json: bool) -> None:
    """Cost of every model in MODELS on every target."""
    from qcompile.api import compare
    from qcompile.report.terminal import tables as terminal

    record = compare(models, targets)
    terminal.show_json(record) if as_json else terminal.show_comparison(record)
