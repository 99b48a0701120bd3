"""Options that several commands share, and the worked example at the end of each help text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from qcompile import registry

__all__ = [
    "backend_target",
    "choices_from",
    "data_options",
    "example",
    "json_option",
    "onnx_option",
    "training_options",
]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Unit(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """The name of a file in a folder; the folder is read only when the option is used or shown."""

    name = "name"

    def __init__(self, package: str, *extra: str) -> None:
        self.package, self.extra = package, extra

    def allowed(self) -> tuple[str, ...]:
        """What may be given."""
        return (*self.extra, *registry.names(self.package))

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Shown in the help: every allowed word."""
        return "[" + "|".join(self.allowed()) + "]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse a word that names no file."""
        from qcompile.errors import did_you_mean

        allowed = self.allowed()
        if value not in allowed:
            self.fail(
                f"{value!r} is not one of {', '.join(allowed)}.{did_you_mean(str(value), allowed)}",
                param,
                ctx,
            )
        return str(value)


def example(command: str) -> str:
    """The epilog of a help text."""
    return f"\b\nExample:\n  {command}"


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--json``: one JSON document on standard output and nothing else."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")(function)


def backend_target(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--target``: a file of targets/, or the user's own TOML."""
    return click.option(
        "--target", default="host", show_default=True, help="A name from `qcompile targets`, or a .toml file."
    )(function)


def onnx_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--onnx``: a file of backends/onnx/forms."""
    return click.option(
        "--onnx",
        type=Unit("qcompile.backends.onnx.forms"),
        default="packed",
        show_default=True,
        help="Form of the ONNX file; `qcompile export --help` says what each is for.",
    )(function)


def data_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What to learn from the table."""
    for option in (
        click.option(
            "--task",
            type=click.Choice(["classification", "regression"]),
            help="What to learn; decided from the label when left out.",
        ),
        click.option("--label", metavar="COLUMN", help="The column to predict; the last one when left out."),
    ):
        function = option(function)
    return function


_TRAINING: tuple[Decorator, ...] = (
    click.option("--seed", default=0, show_default=True, help="Of every random step."),
    click.option("--neurons", default=128, show_default=True, help="At most this many per score column."),
    click.option(
        "--encoder",
        type=Unit("qcompile.data.encode", "auto"),
        default="auto",
        show_default=True,
        help="How inputs become integers.",
    ),
    click.option(
        "--bits", type=int, help="Bits per input of the uniform encoder, 1 to 8; chosen when left out."
    ),
    click.option("--k", type=int, help="Thresholds per column of the thermometer encoder."),
    click.option("--beta", type=float, help="Regularisation; chosen by cross-validation when left out."),
    click.option("--loss", type=Unit("qcompile.problem.losses"), help="What training minimises."),
    click.option(
        "--family",
        type=Unit("qcompile.problem.families"),
        default="bilinear",
        show_default=True,
        help="The shape of a neuron.",
    ),
    click.option(
        "--weights",
        type=click.Choice(["binary", "ternary", "2bit", "3bit", "4bit"]),
        default="binary",
        show_default=True,
        help="First-layer weights.",
    ),
    click.option("--activation", metavar="A,B,C", help="a t^2 + b t + c, of the polynomial family."),
    click.option(
        "--alpha-bits", default=8, show_default=True, help="Bits of a second-layer weight, 1 to 16."
    ),
    click.option(
        "--max-weight-bits",
        type=int,
        help="Try first-layer weights of 1 bit up to this many (4 at most); keep the best network.",
    ),
    click.option(
        "--method",
        type=Unit("qcompile.relax.methods", "auto"),
        default="auto",
        show_default=True,
        help="Solver of the relaxation.",
    ),
    click.option(
        "--gap",
        type=float,
        help="Relative gap at which the solver stops; 0.001 when left out, 0.01 for large problems.",
    ),
    click.option(
        "--prove",
        type=click.Choice(["auto", "fast", "tight", "exact"]),
        default="auto",
        show_default=True,
        help="How hard to work on the lower bound; auto is exact for few inputs, else fast; "
        "tight, and exact for many inputs, may take two minutes per score column.",
    ),
    click.option("--max-seconds", type=float, help="Time limit of each solver, per score column."),
    click.option(
        "--test-fraction", default=0.25, show_default=True, help="Share of the rows kept for the test."
    ),
    click.option("--jobs", type=int, help="Score columns trained at once; every core when left out."),
)


def training_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Everything in ``qcompile.train.choices.Choices``."""
    for option in reversed(_TRAINING):
        function = option(function)
    return function


def choices_from(options: dict[str, Any]) -> Any:
    """``Choices`` of the options that ``training_options`` added."""
    from qcompile.errors import QCompileError
    from qcompile.train.choices import Choices

    activation = options.pop("activation")
    if activation is not None:
        try:
            a, b, c = (float(part) for part in activation.split(","))
        except ValueError:
            raise QCompileError(
                f"--activation is {activation!r}; give numbers a,b,c of a t^2 + b t + c, for example 1,0,0."
            ) from None
        options["activation"] = (a, b, c)
    return Choices(**options)
