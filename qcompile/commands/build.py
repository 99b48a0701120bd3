"""qcompile build: from a table to a certified, compiled, checked model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qcompile.commands._options import (
    backend_target,
    data_options,
    example,
    force_option,
    json_option,
    onnx_option,
    training_options,
)
from qcompile.commands._reading import reading_from, reading_options

EXAMPLE = "qcompile build sklearn:breast_cancer --target host -o build/"


@click.command(
    "build",
    short_help="Train, prove, compile, verify and measure; write a folder with a report.",
    epilog=example(EXAMPLE),
)
@click.argument("data")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("build"),
    show_default=True,
    help="Folder for the model, the certificate and the report.",
)
@backend_target
@onnx_option
@data_options
@reading_options
@training_options
@force_option
@json_option
def command(
    data: str,
    output: Path,
    target: str,
    onnx: str,
    label: str | None,
    task: str | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Train DATA, prove, compile, verify and measure; write a folder with a report.

    DATA is a file (csv, tsv, parquet, npz), sklearn:NAME or openml:NAME.
    """
    from qcompile.api import build
    from qcompile.report.terminal import tables as terminal
    from qcompile.train.choices import Choices

    reading = reading_from(options)
    with terminal.listener(as_json, f"qcompile build {data}") as listen:
        built = build(
            data,
            output,
            label=label,
            task=task,
            target=target,
            form=onnx,
            reading=reading,
            choices=Choices(**options),
            force=force,
            on_event=listen,
        )
    if as_json:
        terminal.show_json(built.record)
