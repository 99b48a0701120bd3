"""Documents from the templates beside this file: C around the computing code, build files, README.

A template decides wording and order only. What it prints is sanitised before (names.py), computed
before (interface.py), and a name that it misspells is an error. jinja2 is imported by the first call,
so that commands that write no C start without it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("qcompile.backends.c99", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # C, CMake and Markdown: names arrive sanitised for where they stand
    )


def render(template: str, **values: object) -> str:
    r"""Text of ``templates/TEMPLATE.j2``.

    Raises:
        jinja2.UndefinedError: the template reads a value that is not given.

    >>> render("zephyr_module.yml", c={"prefix": "door"})
    'name: door\nbuild:\n  cmake: .\n  kconfig: Kconfig\n'
    """
    return _environment().get_template(f"{template}.j2").render(**values)
