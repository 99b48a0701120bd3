"""Options that several commands share, and the worked example at the end of each help text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from qcompile import registry
from qcompile.errors import QCompileError
from qcompile.train.choices import Choices
from qcompile.train.setting import Setting, settings


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
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")(
        function
    )


def force_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--force``: files that no earlier run wrote are replaced too."""
    return click.option(
        "--force",
        is_flag=True,
        help="Replace files that qcompile did not write, or that were edited; each is kept as NAME.bak.",
    )(function)


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


class _Value(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """The value of a setting: read here, checked by ``Choices``."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.name = {int: "integer", float: "float"}.get(setting.kind, "text")

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str | None:
        """Shown in the help."""
        return self.setting.rule.metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """From text, or a default as it is."""
        if self.setting.kind is not tuple or not isinstance(value, str):
            return click.types.convert_type(self.setting.kind).convert(value, param, ctx)
        try:
            parts = tuple(float(part) for part in value.split(","))
        except ValueError:
            parts = ()
        allowed = self.setting.rule.refusal(tuple, parts)
        if allowed:
            raise QCompileError(f"--{self.setting.name} is {value!r}, allowed: {allowed}")
        return parts


def training_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """One option per setting of ``qcompile.train.choices.Choices``."""
    for setting in reversed(settings(Choices)):
        name = "--" + setting.name.replace("_", "-")
        if setting.kind is bool:
            function = click.option(name, is_flag=True, default=False, help=setting.text)(function)
            continue
        function = click.option(
            name,
            type=_Value(setting),
            default=setting.default,
            show_default=setting.default is not None,
            help=setting.text,
        )(function)
    return function
