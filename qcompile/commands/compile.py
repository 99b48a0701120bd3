"""qcompile compile: a model as C99 for a microcontroller or any other core."""

from __future__ import annotations

from pathlib import Path

import click

from qcompile.commands._options import backend_target, example, json_option

__all__ = ["EXAMPLE", "command"]

EXAMPLE = "qcompile compile build/ --target cortex-m4 -o firmware/"


@click.command("compile", short_help="Write a model as C99 for a target.", epilog=example(EXAMPLE))
@click.argument("model", type=click.Path(path_type=Path))
@backend_target
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option(
    "--layout",
    type=click.Choice(["plain", "arduino", "zephyr"]),
    default="plain",
    show_default=True,
    help="Where an ecosystem expects the files.",
)
@click.option(
    "--form",
    type=click.Choice(["trained", "ternary"]),
    default="trained",
    show_default=True,
    help="ternary: products of two binary dots as differences of two ternary squares.",
)
@json_option
def command(model: Path, target: str, out: Path, layout: str, form: str, as_json: bool) -> None:
    """Write MODEL (a file or a build folder) as C99: no heap, no libc, weights in flash."""
    from qcompile.api.edge import compile_c
    from qcompile.report import terminal

    record = compile_c(model, target, out, layout=layout, form=form)
    if as_json:
        terminal.show_json(record)
        return
    for name, size in record["files"].items():
        click.echo(f"{size:>9,} B  {out / name}")
    kernels = ", ".join(f"{k} by {v}" for k, v in record["kernels"].items())
    click.echo(f"RAM: {record['scratch_bytes']} B of scratch. Kernels: {kernels or 'none'}.")
