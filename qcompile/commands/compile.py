"""qcompile compile: a model as C99 for any core, or as a shared library for this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qcompile.commands._options import backend_target, example, force_option, json_option

if TYPE_CHECKING:
    from qcompile.cost.rows import Interval

SHOWN = ("latency", "energy", "flash", "ram")
EXAMPLE = "qcompile compile build/ --target cortex-m4 -o firmware/"


@click.command("compile", short_help="Write a model as C99 for a target.", epilog=example(EXAMPLE))
@click.argument("model", type=click.Path(path_type=Path))
@backend_target
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option(
    "--layout",
    type=click.Choice(["plain", "arduino", "zephyr", "library"]),
    default="plain",
    show_default=True,
    help="Folder layout of an ecosystem; library: a shared library with a C header, for this machine.",
)
@click.option(
    "--form",
    type=click.Choice(["trained", "ternary"]),
    default="trained",
    show_default=True,
    help="ternary: write products of two binary sums as differences of two ternary squares.",
)
@click.option(
    "--name",
    help="Name of the model in files, functions and macros; by default that of the table, file or folder. "
    "Models of different names link into one image.",
)
@force_option
@json_option
def command(
    model: Path,
    target: str,
    out: Path,
    layout: str,
    form: str,
    name: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write MODEL (a file or a build folder) as C99: no heap, no libc, weights in flash.

    The folder also holds program.qir and artifact.json, so that verify, cost and check read it. With --layout
    library: the fused SIMD kernel as a shared library, for ctypes or any C program.
    """
    from qcompile.api import compile_model
    from qcompile.report.terminal import tables as terminal

    record = compile_model(model, target, out, layout=layout, form=form, name=name, force=force)
    if as_json:
        terminal.show_json(record)
        return
    for file, size in record.files.items():
        click.echo(f"{size:>9,} B  {out / file}")
    chosen = record.provenance
    if "kernels" not in chosen:
        click.echo(f"Method: {chosen['method']} ({chosen['isa']}), {chosen['reason']}.")
        return
    kernels = ", ".join(f"{k} by {v}" for k, v in chosen["kernels"].items())
    click.echo(
        f"Kernels: {kernels or 'none'}. Scratch: {chosen['scratch_bytes']:,} B, which your code provides."
    )
    figures = record.figures
    shown = [f for q in SHOWN if q in figures and (f := figure(q, figures[q]))]
    if shown:
        click.echo(f"One row on {record.target}: {', '.join(shown)}.")
        origin = "latency" if "latency" in figures else next(iter(figures))
        click.echo(f"Origin: {figures[origin].origin}, {figures[origin].source}.")


def figure(quantity: str, row: Interval) -> str:
    """One total in words, with its interval where it has one.

    >>> from qcompile.cost.rows import Interval
    >>> figure("latency", Interval(5.59, 6.91, 8.53, "us", "measured", "a doctest"))
    'latency 6.91 us (5.59 to 8.53)'
    """
    text = (
        f"{quantity} {row.expected:,.4g} {row.unit}"
        if row.expected < 1e4
        else (f"{quantity} {row.expected:,.0f} {row.unit}")
    )
    if row.low == row.high:
        return text
    return f"{text} ({row.low:,.4g} to {row.high:,.4g})"
