"""qcompile targets: what a model can be compiled for."""

from __future__ import annotations

import click

from qcompile.commands._options import example, json_option

__all__ = ["EXAMPLE", "command"]

EXAMPLE = "qcompile targets"


@click.command("targets", short_help="List what can be compiled for.", epilog=example(EXAMPLE))
@json_option
def command(as_json: bool) -> None:
    """List the targets; each is one TOML file whose figures carry their sources."""
    from qcompile.api import targets
    from qcompile.report import terminal

    listed = targets()
    if as_json:
        terminal.show_json(listed.record)
    else:
        terminal.show_targets(listed.record)
