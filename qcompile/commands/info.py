"""qcompile info: what is in a model file."""

from __future__ import annotations

from pathlib import Path

import click

from qcompile.commands._options import example, json_option

EXAMPLE = "qcompile info build/model.onnx"


@click.command("info", short_help="Show what is in a model file.", epilog=example(EXAMPLE))
@click.argument("model", type=click.Path(path_type=Path))
@json_option
def command(model: Path, as_json: bool) -> None:
    """Show what MODEL computes, how it was trained, what was proved, and its program."""
    from qcompile.api import info
    from qcompile.report.terminal import tables as terminal

    described = info(model)
    if as_json:
        terminal.show_json(described.record)
    else:
        terminal.show_info(described.record)
