"""The options of ``qcompile.model.reading.Reading``, one per field, for every command that reads a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click


def reading_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--missing``, ``--keep``, ``--drop`` and ``--dates``."""
    from qcompile.model.reading import Reading

    for field in reversed(fields(Reading)):
        told = field.metadata
        if "choices" in told:
            option = click.option(
                f"--{field.name}",
                type=click.Choice(list(told["choices"])),
                default=field.default,
                show_default=True,
                help=told["help"],
            )
        else:
            option = click.option(
                f"--{field.name}", multiple=True, metavar=told["metavar"], help=told["help"]
            )
        function = option(function)
    return function


def reading_from(options: dict[str, Any]) -> Any:
    """``Reading`` of the options that ``reading_options`` added, which are taken out of ``options``."""
    from qcompile.model.reading import Reading

    given = {field.name: options.pop(field.name) for field in fields(Reading)}
    texts = tuple(text for listed in given.pop("missing") for text in listed.split(","))
    return Reading(missing=texts or None, **given)
