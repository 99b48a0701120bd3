"""qcompile calibrate: measure the kernels on this machine, for the choice among them."""

from __future__ import annotations

import click

from qcompile.commands._options import example, json_option

EXAMPLE = "qcompile calibrate --seconds 0.02"


@click.command("calibrate", short_help="Measure the kernels on this machine.", epilog=example(EXAMPLE))
@click.option(
    "--isa", metavar="NAME", help="Instruction set: avx512, avx2, neon or scalar; the best one when left out."
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.001, 10.0),
    default=0.1,
    show_default=True,
    help="Duration of each measurement; there are four per method.",
)
@json_option
def command(isa: str | None, seconds: float, as_json: bool) -> None:
    """Measure every dot-product method on this machine; keep the figures in the user's cache folder.

    From then on, kernels are chosen by these figures instead of the shipped table. Results stay the
    same; only speed changes. One run is enough, and only a CPU unlike those of the table needs it.
    """
    from qcompile.api import calibrate
    from qcompile.report.terminal import tables as terminal

    record = calibrate(isa, seconds, lambda text: click.echo(text, err=True))
    if as_json:
        terminal.show_json(record)
    else:
        terminal.show_calibration(record)
