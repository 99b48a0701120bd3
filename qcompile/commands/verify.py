"""qcompile verify: is every artifact what the network means, and does the certificate hold?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qcompile.commands._options import example, json_option
from qcompile.commands._reading import reading_from, reading_options
from qcompile.errors import CheckFailed

EXAMPLE = "qcompile verify build/ --data sklearn:breast_cancer"


@click.command(
    "verify",
    short_help="Compare every artifact with the interpreter; recheck the proof.",
    epilog=example(EXAMPLE),
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data", help="The table that was built from; with it, the certificate is recomputed.")
@click.option("--rows", default=1000, show_default=True, help="Number of random rows to compare.")
@click.option("--seed", default=0, show_default=True, help="Seed of those rows.")
@click.option(
    "--target", "targets", multiple=True, help="Also run the generated C on this emulated core; repeatable."
)
@reading_options
@json_option
def command(
    folder: Path,
    data: str | None,
    rows: int,
    seed: int,
    targets: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Compare every artifact in FOLDER with the interpreter, bit for bit; exit 1 if any differs.

    FOLDER was written by build, compile or import. C code is compiled and run in an emulator of its core.
    """
    from qcompile.api import verify
    from qcompile.report.terminal import tables as terminal

    verified = verify(folder, data, rows=rows, seed=seed, targets=targets, reading=reading_from(options))
    if as_json:
        terminal.show_json(verified.record)
    else:
        terminal.show_checks(verified.record)
    if not verified.passed:
        raise CheckFailed(verified.sentence)
