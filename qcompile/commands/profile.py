"""qcompile profile: how long a model takes here, on every backend."""

from __future__ import annotations

from pathlib import Path

import click

from qcompile.commands._options import example, json_option

EXAMPLE = "qcompile profile build/model.onnx"


@click.command(
    "profile", short_help="Measure latency on every backend that runs here.", epilog=example(EXAMPLE)
)
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--batch",
    "batches",
    type=int,
    multiple=True,
    default=(1, 16, 256),
    show_default=True,
    help="Rows per call; may be given several times.",
)
@click.option(
    "--as-file",
    "as_files",
    is_flag=True,
    help="Time a model of qcompile's like any other file, in ONNX Runtime only.",
)
@click.option(
    "--threads", default=1, show_default=True, help="Threads of ONNX Runtime, for models timed as files."
)
@click.option(
    "--provider",
    "providers",
    multiple=True,
    metavar="NAME",
    help="Execution provider of ONNX Runtime, best first; the CPU when left out.",
)
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="NAME=D1,D2",
    help="Shape of one row of an input whose free dimensions are not the batch.",
)
@click.option(
    "--library",
    "libraries",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Custom operators that a file needs. Loading a library runs its code.",
)
@json_option
def command(
    models: tuple[Path, ...],
    batches: tuple[int, ...],
    as_files: bool,
    threads: int,
    providers: tuple[str, ...],
    shapes: tuple[str, ...],
    libraries: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Measure p50, p90 and p99 latency of MODELS, which take turns in one process.

    A single model of qcompile's is timed on every back-end that runs here, next to a float32 ONNX
    graph of the same function. Other ONNX files, or several files, are timed in ONNX Runtime side by
    side, with a profile by operator. Inputs are random; the first dimension is the batch if the file
    leaves it free.
    """
    from qcompile.api import profile
    from qcompile.report.terminal import tables as terminal

    profiled = profile(
        *models,
        batches=batches,
        threads=threads,
        providers=providers,
        shapes=dict(_shape(text) for text in shapes),
        libraries=libraries,
        as_files=as_files,
    )
    if as_json:
        terminal.show_json(profiled.record)
    else:
        terminal.show_costs(profiled.record)
        terminal.show_operators(profiled.record)


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    """One ``NAME=D1,D2``."""
    from qcompile.errors import QCompileError

    name, found, sizes = text.rpartition("=")
    try:
        shape = tuple(int(size) for size in sizes.split(",") if size)
    except ValueError:
        shape = (0,)
    if not found or min(shape, default=1) < 1:
        raise QCompileError(
            f"--shape is {text!r}; give an input and the sizes of one row, for example pixels=3,224,224."
        )
    return name, shape
