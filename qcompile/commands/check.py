"""qcompile check: is a build within a budget of time, energy, size, flash and RAM?"""

from __future__ import annotations

from pathlib import Path

import click

from qcompile.commands._options import backend_target, example, force_option, json_option
from qcompile.errors import CheckFailed

EXAMPLE = "qcompile check build/ --target host --max-latency-us 500 --max-energy-uj 5000 --max-size-kb 64"


@click.command(
    "check", short_help="Check a build against a budget of time, energy and size.", epilog=example(EXAMPLE)
)
@click.argument("folder", type=click.Path(path_type=Path))
@backend_target
@click.option("--max-latency-us", type=float, help="Median latency of one row, in microseconds.")
@click.option("--max-latency-ms", type=float, help="The same in milliseconds.")
@click.option("--max-energy-uj", type=float, help="Energy of one row, in microjoules.")
@click.option("--max-size-kb", type=float, help="Size of the model file, in units of 1000 bytes.")
@click.option("--max-flash-kb", type=float, help="Code and constants on another core, units of 1000 bytes.")
@click.option("--max-ram-kb", type=float, help="Data, scratch and stack on another core.")
@click.option(
    "--budget",
    type=click.Path(path_type=Path),
    help="TOML file with limits; without it and without any limit, ./pyproject.toml is read.",
)
@click.option("--junit", type=click.Path(path_type=Path), help="Also write JUnit XML for CI.")
@force_option
@json_option
def command(
    folder: Path,
    target: str,
    max_latency_us: float | None,
    max_latency_ms: float | None,
    max_energy_uj: float | None,
    max_size_kb: float | None,
    max_flash_kb: float | None,
    max_ram_kb: float | None,
    budget: Path | None,
    junit: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Check the model in FOLDER against a budget; exit 1 if a limit is exceeded, and say by how much.

    FOLDER was written by build or compile; a model file will do too. The upper end of each figure's
    interval decides.
    """
    from qcompile.api import check
    from qcompile.files import file_destination, staged_file
    from qcompile.report.terminal import tables as terminal

    if junit is not None:
        file_destination(junit)
    if max_latency_ms is not None:
        max_latency_us = (
            1000 * max_latency_ms if max_latency_us is None else min(1000 * max_latency_ms, max_latency_us)
        )
    checked = check(
        folder,
        target,
        max_latency_us=max_latency_us,
        max_energy_uj=max_energy_uj,
        max_size_kb=max_size_kb,
        max_flash_kb=max_flash_kb,
        max_ram_kb=max_ram_kb,
        budget_file=budget,
    )
    if junit is not None:
        from qcompile.cost.junit import to_junit
        from qcompile.report.written import written

        with staged_file(junit, written, force) as staged:
            staged.write_text(to_junit(checked.verdicts, checked.record.target), encoding="utf-8")
    if as_json:
        terminal.show_json(checked.record)
    else:
        terminal.show_budget(checked.record)
    if not checked.passed:
        raise CheckFailed(checked.sentence)
