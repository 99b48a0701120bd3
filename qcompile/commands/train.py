"""qcompile train: from a table to a model file, without compiling for speed or measuring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qcompile.commands._options import (
    data_options,
    example,
    force_option,
    json_option,
    onnx_option,
    training_options,
)
from qcompile.commands._reading import reading_from, reading_options

EXAMPLE = "qcompile train sklearn:iris -o model.onnx"


@click.command("train", short_help="Train and write the model file.", epilog=example(EXAMPLE))
@click.argument("data")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("model.onnx"),
    show_default=True,
    help="The model file.",
)
@onnx_option
@data_options
@reading_options
@training_options
@force_option
@json_option
def command(
    data: str,
    output: Path,
    onnx: str,
    label: str | None,
    task: str | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Train DATA and write the model file, with its certificate summary inside."""
    from qcompile.api import train
    from qcompile.report.terminal import tables as terminal
    from qcompile.train.choices import Choices

    reading = reading_from(options)
    with terminal.listener(as_json, f"qcompile train {data}") as listen:
        trained = train(
            data,
            output,
            label=label,
            task=task,
            form=onnx,
            reading=reading,
            choices=Choices(**options),
            force=force,
            on_event=listen,
        )
    if as_json:
        terminal.show_json(trained.record)
