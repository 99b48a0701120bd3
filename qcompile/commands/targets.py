"""qcompile targets: what a model can be compiled for, one target's figures, and how to write a target."""

from __future__ import annotations

import click

from qcompile.commands._options import example, json_option

EXAMPLE = "qcompile targets cortex-m4"


@click.command("targets", short_help="List what can be compiled for.", epilog=example(EXAMPLE))
@click.argument("name", required=False)
@click.option("--schema", is_flag=True, help="Print a template of a target file with every field explained.")
@json_option
def command(name: str | None, schema: bool, as_json: bool) -> None:
    """List the targets, or show every figure of NAME (a target or a .toml file) with its source."""
    from qcompile.api import target, targets
    from qcompile.report.terminal import tables as terminal
    from qcompile.targets.schema import template

    if schema and (name or as_json):
        raise click.UsageError("--schema takes no name: it prints a TOML file to save and edit.")
    if schema:
        click.echo(template(), nl=False)
    elif name is not None:
        record = target(name)
        terminal.show_json(record) if as_json else terminal.show_target(record)
    else:
        listed = targets()
        terminal.show_json(listed.record) if as_json else terminal.show_targets(listed.record)
