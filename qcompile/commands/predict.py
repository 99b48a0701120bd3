"""qcompile predict: what a model says about rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qcompile.commands._options import example, json_option
from qcompile.commands._reading import reading_from, reading_options

EXAMPLE = "qcompile predict build/model.onnx sklearn:breast_cancer"


@click.command("predict", short_help="Print one prediction per row.", epilog=example(EXAMPLE))
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data")
@reading_options
@json_option
def command(model: Path, data: str, as_json: bool, **options: Any) -> None:
    """Print one prediction per row of DATA, one per line.

    DATA has the columns of the training table; the label may be missing. For an imported model it has as many
    columns as the model reads, in that order.
    """
    from qcompile.api import predict
    from qcompile.report.terminal import tables as terminal

    predicted = predict(model, data, reading=reading_from(options))
    if as_json:
        terminal.show_json(predicted.record)
    else:
        terminal.show_predictions(predicted.record)
