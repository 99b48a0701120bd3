"""Write docs/cli.md and docs/python.md from the code.

python docs/reference.py            rewrites both
python docs/reference.py --check    exits 1 if either is stale
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from qcompile import registry
from qcompile.cli import main

DOCS = Path(__file__).parent
NOTE = "<!-- Generated from the code: python docs/reference.py -->\n"
SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields|Source):\s*(.*)$")


def help_of(*words: str) -> str:
    """What ``qcompile WORDS --help`` prints on a terminal of 100 columns."""
    result = CliRunner().invoke(main, [*words, "--help"], terminal_width=100)
    return str(result.output).rstrip()


def cli() -> str:
    """The page of the command line."""
    parts = [
        f"# Command line\n\n{NOTE}",
        "Exit codes: 0 done; 1 checked, and the answer is no; 2 wrong usage or bad input, in one sentence\n"
        "on standard error; 130, 143 or 129 ended by Ctrl-C, SIGTERM or SIGHUP. An output folder or file\n"
        "appears complete or not at all. With `--json` a command prints one JSON document on standard\n"
        "output and nothing else.\n",
        f"```text\n{help_of()}\n```\n",
    ]
    for name in registry.names("qcompile.commands"):
        parts.append(f"## qcompile {name}\n\n```text\n{help_of(name)}\n```\n")
    return "\n".join(parts)


def described(docstring: str) -> str:
    """A Google docstring as Markdown: sections become lists, doctests become code."""
    lines: list[str] = []
    for block in inspect.cleandoc(docstring).split("\n\n"):
        rows = block.split("\n")
        heading = SECTION.match(rows[0])
        if heading:
            lines += [f"**{heading[1]}**", ""]
            rows = ([heading[2]] if heading[2] else []) + rows[1:]
            lines += [*items(plain(rows)), ""]
        elif rows[0].startswith(">>>"):
            lines += ["```pycon", *rows, "```", ""]
        elif rows[0].startswith("    "):
            lines += ["```text", *(row[4:] for row in rows), "```", ""]
        else:
            lines += [*plain(rows), ""]
    return "\n".join(lines).rstrip()


def plain(rows: list[str]) -> list[str]:
    """The double backquotes of docstrings as Markdown's."""
    return [row.replace("``", "`") for row in rows]


def items(rows: list[str]) -> list[str]:
    """The entries of a section as list items."""
    found: list[str] = []
    for row in rows:
        text = row.strip()
        entry = re.match(r"([*\w, .]+?)( \(.*?\))?: (.*)", text)
        if entry and re.match(r" {0,4}\S", row):
            found.append(f"- `{entry[1]}`{entry[2] or ''}: {entry[3]}")
        elif found:
            found.append(f"  {text}")
        else:
            found.append(text)
    return found


def signature(name: str, thing: Any) -> str:
    """A call as Python writes it, one argument per line where it is long.

    >>> def area(width: float, *, unit: str = "m2") -> float: ...
    >>> signature("area", area)
    "area(width: float, *, unit: str = 'm2') -> float"
    """
    call = inspect.signature(thing)
    parts: list[str] = []
    keyword_only = False
    for parameter in call.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            parts.append("*")
            keyword_only = True
        parts.append(argument(parameter))
    result = "" if call.return_annotation in (call.empty, None, "None") else f" -> {call.return_annotation}"
    line = f"{name}({', '.join(parts)}){result}"
    if len(line) <= 88:
        return line
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){result}"


def argument(parameter: inspect.Parameter) -> str:
    """One parameter; a default that is a function or a class is written as its name."""
    text = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(
        parameter.kind, ""
    ) + parameter.name
    if parameter.annotation is not parameter.empty:
        text += f": {parameter.annotation}"
    if parameter.default is not parameter.empty:
        text += f" = {getattr(parameter.default, '__name__', repr(parameter.default))}".replace(
            "<lambda>", "..."
        )
    return text


def entry(name: str, thing: Any, shown: str) -> str:
    """One name: its call, its docstring, and what else a class offers."""
    parts = [f"### {name}\n\n```python\n{signature(shown, thing)}\n```\n", described(thing.__doc__ or ""), ""]
    if inspect.isclass(thing) and not dataclasses.is_dataclass(thing):
        for method, function in inspect.getmembers(thing, inspect.isfunction):
            local = function.__module__.startswith("qcompile")
            if local and not method.startswith("_") and function.__doc__:
                summary = (
                    inspect.cleandoc(function.__doc__).split("\n\n")[0].replace("\n", " ").replace("``", "`")
                )
                parts.append(f"- `{method}`: {summary}")
    return "\n".join(parts).rstrip() + "\n"


def records(module: Any) -> dict[str, Any]:
    """The dataclasses that the functions of a module return, by name."""
    functions = [getattr(module, name) for name in module.__all__]
    results = [f.__globals__.get(f.__annotations__["return"]) for f in functions if inspect.isfunction(f)]
    return {r.__name__: r for r in results if dataclasses.is_dataclass(r)}


def python() -> str:
    """The page of the Python interface."""
    parts = [f"# Python\n\n{NOTE}"]
    for module_name in ("qcompile", "qcompile.api"):
        module = importlib.import_module(module_name)
        parts.append(f"## {module_name}\n\n{described(module.__doc__ or '')}\n")
        for name in module.__all__:
            parts.append(entry(name, getattr(module, name), f"{module_name}.{name}"))
        for name, record in sorted(records(module).items()):
            parts.append(f"### {name}\n\n{described(record.__doc__ or '')}\n")
    return "\n".join([*parts, events()])


def events() -> str:
    """What a listener gets: the event, and for each stage the records it carries."""
    module = importlib.import_module("qcompile.events")
    facts = dict.fromkeys(record for stage in module.STAGES.values() for record in stage.sends)
    stages = [
        f"| `{name}` | {stage.title} | {', '.join(f'`{record.__name__}`' for record in stage.sends)} |"
        for name, stage in module.STAGES.items()
    ]
    table = "\n".join(["| stage | title | facts |", "| --- | --- | --- |", *stages])
    shown = [module.Event, *facts]
    parts = [f"### {record.__name__}\n\n{described(record.__doc__ or '')}\n" for record in shown]
    return "\n".join([f"## qcompile.events\n\n{described(module.__doc__ or '')}\n\n{table}\n", *parts])


def architecture() -> str:
    """The page of the architecture with the floors that tests/test_floors.py enforces."""
    source = (DOCS.parent / "tests" / "test_floors.py").read_text(encoding="utf-8")
    line = next(n for n in ast.parse(source).body if isinstance(n, ast.AnnAssign) and n.target.id == "FLOORS")
    floors: dict[int, list[str]] = {}
    for unit, floor in ast.literal_eval(line.value).items():
        if unit and not unit.startswith("_"):
            floors.setdefault(floor, []).append(unit)
    shown = "\n".join(f"{floor:>2}  {', '.join(units)}" for floor, units in sorted(floors.items()))
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    before, _, rest = page.partition("<!-- floors -->")
    after = rest.partition("<!-- /floors -->")[2]
    return f"{before}<!-- floors -->\n```text\n{shown}\n```\n<!-- /floors -->{after}"


PAGES = {"cli.md": cli, "python.md": python, "architecture.md": architecture}


def stale() -> list[str]:
    """The pages that differ from what the code says now."""
    return [
        name
        for name, make in PAGES.items()
        if not (DOCS / name).exists() or (DOCS / name).read_text(encoding="utf-8") != make()
    ]


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        sys.exit(f"stale: {', '.join(stale())}; run python docs/reference.py" if stale() else 0)
    for page, make in PAGES.items():
        (DOCS / page).write_text(make(), encoding="utf-8")
