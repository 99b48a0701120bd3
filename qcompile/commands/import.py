"""qcompile import: low-bit networks of other tools become integer programs."""

from __future__ import annotations

from pathlib import Path

import click

from qcompile.commands._options import example, force_option, json_option

EXAMPLE = "qcompile import build/model.onnx -o imported/"


@click.command("import", short_help="Read another tool's low-bit ONNX network.", epilog=example(EXAMPLE))
@click.argument("model", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("imported"), show_default=True,
              help="Folder for the integer model and the program's text.")  # fmt: skip
@click.option(
    "--inputs",
    metavar="TYPE",
    help="What raw cells hold, if the file has no input quantizer:"
    " UINT8, UINT8/255 (pixels in [0, 1]), BINARY, BIPOLAR, INT8, FIXED<8,3>, ..",
)
@force_option
@json_option
def command(model: Path, output: Path, inputs: str | None, force: bool, as_json: bool) -> None:
    """Convert MODEL (QONNX, Brevitas, FINN or QDQ) to an exact integer program.

    The folder that it writes is a model for predict, verify, info, profile, compile, cost, check and compare:
    program.qir is the program as text, model.onnx runs in any ONNX Runtime.
    """
    from qcompile.api import import_model
    from qcompile.report.terminal import tables as terminal

    with terminal.listener(as_json, f"qcompile import {model}") as listen:
        imported = import_model(model, output, inputs=inputs, force=force, on_event=listen)
    if as_json:
        terminal.show_json(imported.record)
    else:
        terminal.show_program(imported.record)
