"""A folder is a registry: its file names are its keys, and every unit keeps one typed contract.

To add a loss, a family, a method, a pass, a kernel, a back-end or a target,
write one file into the folder. Nothing else lists it.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar, cast

from qcompile.errors import UnsupportedError, did_you_mean

__all__ = ["Registry", "load", "names"]

Unit = TypeVar("Unit")


@cache  # the files of an installed package do not change while it runs
def names(package: str, suffix: str = ".py") -> tuple[str, ...]:
    """Names of the units in a package: its files without suffix.

    Left out are ``_private`` files and those that the package itself lists in ``NO_UNITS``.

    >>> "bilinear" in names("qcompile.problem.families")
    True
    """
    module = importlib.import_module(package)
    apart = getattr(module, "NO_UNITS", ())
    files = (entry.name for folder in module.__path__ for entry in Path(folder).iterdir())
    units = {n.removesuffix(suffix) for n in files if n.endswith(suffix) and not n.startswith("_")}
    return tuple(sorted(units - set(apart)))


def load(package: str, name: str, noun: str = "") -> ModuleType:
    """Import the unit called ``name`` from ``package``.

    Raises:
        UnsupportedError: there is no such file; the message lists those that are.

    >>> load("qcompile.problem.losses", "squared").__name__
    'qcompile.problem.losses.squared'
    """
    known = names(package)
    if name not in known:
        kind = noun or package.removeprefix("qcompile.").replace(".", " ").replace("_", " ")
        raise UnsupportedError(
            f"{name!r} is not one of the {kind}: {', '.join(known)}.{did_you_mean(name, known)}"
        )
    return importlib.import_module(f"{package}.{name}")


class Registry(Generic[Unit]):
    """The units of a folder as their contract, so that a type checker sees through the lookup.

    Args:
        package: the folder, as an import name.
        noun: what the units are together, in messages: "losses".
        contract: a runtime-checkable Protocol, which each file is checked against when it is loaded.

    >>> from qcompile.problem.losses import LOSSES
    >>> LOSSES["logistic"].CURVATURE, "huber" in LOSSES.names()
    (0.25, True)
    """

    def __init__(self, package: str, noun: str, contract: Any) -> None:
        self.package, self.noun, self._contract = package, noun, contract

    def names(self) -> tuple[str, ...]:
        """The keys: file names, sorted."""
        return names(self.package)

    def __getitem__(self, name: str) -> Unit:
        """The unit of that name.

        Raises:
            UnsupportedError: there is no such file; the message lists those that are.
            TypeError: the file does not define all that the contract asks; for its author.
        """
        module = load(self.package, name, self.noun)
        if not isinstance(module, self._contract):
            needs = {*self._contract.__annotations__, *vars(self._contract)}
            lacks = sorted(n for n in needs if not n.startswith("_") and not hasattr(module, n))
            raise TypeError(
                f"{self.package}.{name} cannot be one of the {self.noun}: it lacks {', '.join(lacks)}."
            )
        return cast(Unit, module)
