"""A folder is a registry: its file names are its keys.

To add a loss, a family, a method, a pass, a kernel, a back-end or a target,
write one file into the folder. Nothing else lists it.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib import resources
from types import ModuleType

from qcompile.errors import UnsupportedError, did_you_mean

__all__ = ["load", "names"]


@cache  # the files of an installed package do not change while it runs
def names(package: str, suffix: str = ".py") -> tuple[str, ...]:
    """Names of the units in a package: its files without suffix.

    Left out are ``_private`` files and those that the package itself lists in ``NO_UNITS``.

    >>> "bilinear" in names("qcompile.problem.families")
    True
    """
    apart = getattr(importlib.import_module(package), "NO_UNITS", ())
    found = (entry.name for entry in resources.files(package).iterdir())
    units = (n.removesuffix(suffix) for n in found if n.endswith(suffix) and not n.startswith("_"))
    return tuple(sorted(n for n in units if n not in apart))


def load(package: str, name: str) -> ModuleType:
    """Import the unit called ``name`` from ``package``.

    Raises:
        UnsupportedError: there is no such file; the message lists those that are.

    >>> load("qcompile.problem.losses", "squared").__name__
    'qcompile.problem.losses.squared'
    """
    known = names(package)
    if name not in known:
        kind = package.removeprefix("qcompile.").replace(".", " ").replace("_", " ")
        raise UnsupportedError(
            f"{name!r} is not one of the {kind}: {', '.join(known)}.{did_you_mean(name, known)}"
        )
    return importlib.import_module(f"{package}.{name}")
