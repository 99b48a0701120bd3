"""The command line: parse, call one function of ``qcompile.api``, print; no computing.

A command is a file in ``qcompile/commands``. Exit codes: 0 done, 1 checked and the answer is no,
2 wrong usage or bad input (one sentence on standard error), 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from qcompile import registry, signals, streams
from qcompile.errors import CheckFailed, QCompileError, did_you_mean

REPORT_AT = "the project's issue tracker"


class Commands(click.Group):
    """Commands are the files of ``qcompile/commands``; errors become one sentence and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in alphabetical order."""
        return list(registry.names("qcompile.commands"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command's file."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = registry.load("qcompile.commands", cmd_name).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a misspelt command."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            ctx.fail(
                f"there is no command {args[0]!r}; the commands are {', '.join(known)}."
                f"{did_you_mean(args[0], known)}"
            )
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, without the empty line that it prints where a signal ends the run."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stopped:
            if sys.stderr.isatty():  # behind the ^C that a terminal shows
                click.echo(err=True)
            raise click.Abort from stopped

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run, then exit: never a traceback, unless ``--debug`` asks for it."""
        given = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in given or bool(os.environ.get("QCOMPILE_DEBUG"))
        given = [word for word in given if word != "--debug"]  # wherever it was typed
        extra.pop("standalone_mode", None)
        with streams.prepared():
            self.guarded(given, prog_name or "qcompile", debug, **extra)

    def guarded(self, given: list[str], prog_name: str, debug: bool, **extra: Any) -> NoReturn:
        """Run; every way to end is a sentence and an exit code."""
        try:
            code = super().main(given, prog_name, standalone_mode=False, **extra)
            sys.stdout.flush()
            signals.check()
        except (KeyboardInterrupt, click.Abort):
            _leave(130, signals.sentence())
        except click.ClickException as error:
            _leave(2, _usage_sentence(error))
        except CheckFailed as answer:
            _leave(answer.exit_code, str(answer))
        except QCompileError as error:
            if debug:
                raise
            _leave(error.exit_code, str(error))
        except MemoryError:
            _leave(2, "There is not enough memory for this; use fewer rows, fewer bits, or --neurons.")
        except RecursionError:
            if debug:
                raise
            _leave(2, "The input is nested too deeply to be read; give a simpler file.")
        except OSError as error:
            if debug:
                raise
            _leave(2, _system_sentence(error))
        except Exception as error:
            if debug:
                raise
            _leave(
                2,
                f"Something unexpected went wrong ({type(error).__name__}: {_one_line(error)}); please "
                f"report it at {REPORT_AT} with the output of the same command after adding --debug.",
            )
        sys.exit(code if isinstance(code, int) else 0)


def _usage_sentence(error: click.ClickException) -> str:
    text = _one_line(error.format_message()) or "No command was given."
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "qcompile"
    stop = "" if text.endswith((".", "?", "!")) else "."
    return f"{text}{stop} See {path} --help."


def _system_sentence(error: OSError) -> str:
    """What the operating system refused, and of which file."""
    from qcompile.files import reason_of

    if error.filename is None:
        return f"The system refused to read or write: {reason_of(error)}."
    verb = "written" if error.filename == streams.NAME else "used"
    return f"{os.fsdecode(error.filename)} cannot be {verb}: {reason_of(error)}."


def _one_line(error: object) -> str:
    return " ".join(str(error).split())


def _leave(code: int, sentence: str) -> NoReturn:
    """Say why the run ends, and end it; a signal is the reason whatever else it led to."""
    stopped = signals.exit_code()
    if stopped is not None:
        signals.caught()
        code, sentence = stopped, signals.sentence()
    if sentence:
        try:
            click.echo(f"qcompile: {_one_line(sentence)}", err=True)
        except OSError:  # nobody reads standard error; the exit code says it
            streams.abandon(2)
    sys.exit(code)


def _version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if not asked or context.resilient_parsing:
        return
    from importlib import metadata

    try:
        click.echo(f"qcompile {metadata.version('qcompile')}")
    except metadata.PackageNotFoundError:
        click.echo("qcompile, run from a checkout that is not installed")
    context.exit()


@click.group(
    "qcompile",
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    callback=_version,
    expose_value=False,
    help="Show the version and exit.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def main(context: click.Context, debug: bool) -> None:
    """Train low-bit networks with a proof of optimality, compile them, and check what they cost.

    Start with:  qcompile build sklearn:breast_cancer --target host -o build/
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    elif not {"-h", "--help"} & set(sys.argv):
        from qcompile.files import sweep_all

        sweep_all()
