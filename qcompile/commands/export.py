"""qcompile export: a model in another form of ONNX."""

from __future__ import annotations

from pathlib import Path

import click

from qcompile.commands._options import example, force_option, json_option, onnx_option

EXAMPLE = "qcompile export build/ --onnx int4 -o model_int4.onnx"


@click.command("export", short_help="Write a model in another form of ONNX.", epilog=example(EXAMPLE))
@click.argument("model", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="The ONNX file.")
@onnx_option
@click.option(
    "--tail",
    type=click.Choice(["auto", "int32", "double", "int64"]),
    default="auto",
    show_default=True,
    help="Type of the sums after the first layer; auto takes the narrowest that is proved exact.",
)
@force_option
@json_option
def command(model: Path, output: Path, onnx: str, tail: str, force: bool, as_json: bool) -> None:
    """Write MODEL (a file, a build folder or a .qir program) as ONNX, the same function to the last bit.

    \b
    packed     weights as packed bytes, opset 13: any ONNX Runtime, smallest file
    dense      weights as int8, nothing to unpack
    int4       ONNX's own 4-bit integers, opset 21
    int2       ONNX's own 2-bit integers, opset 25
    qonnx      the QONNX dialect, for FINN, hls4ml and the qonnx package
    custom     the fused kernel as an operator of ONNX Runtime, in a library (.so) next to the file;
               fastest; for this machine's instruction set; making it needs a C compiler
    reference  XNOR and popcount in standard operators, for conformance; slow
    """  # noqa: D301 - click wants the character itself
    from qcompile.api import export_model
    from qcompile.report.terminal import tables as terminal

    exported = export_model(model, output, onnx, tail=tail, force=force)
    if as_json:
        terminal.show_json(exported.record)
        return
    for sentence in exported.record.sentences:
        click.echo(sentence)
    for path, file in exported.record.files.items():
        click.echo(f"Written {path} ({file.bytes:,} bytes)")
