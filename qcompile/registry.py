"""A folder is a registry: its file names are its keys, and every unit keeps one typed contract.

To add a loss, a family, a method, a pass, a kernel, a back-end or a target,
write one file into the folder. Nothing else lists it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar, cast

from qcompile.errors import UnsupportedError, did_you_mean

Unit = TypeVar("Unit")


@cache  # the files of an installed package do not change while it runs
def names(package: str, suffix: str = ".py") -> tuple[str, ...]:
    """Names of the files in a package without suffix, ``_private`` ones left out; it is not imported.

    >>> "bilinear" in names("qcompile.problem.families")
    True
    """
    if package in sys.modules:
        folders = sys.modules[package].__path__
    else:
        spec = importlib.util.find_spec(package)
        folders = [] if spec is None else spec.submodule_search_locations or []
    files = (entry.name for folder in folders for entry in Path(folder).iterdir())
    units = {n.removesuffix(suffix) for n in files if n.endswith(suffix) and not n.startswith("_")}
    return tuple(sorted(units))


def load(package: str, name: str) -> ModuleType:
    """Import the unit called ``name`` from ``package``.

    Raises:
        UnsupportedError: there is no such file; the message lists those that are.

    >>> load("qcompile.problem.losses", "squared").__name__
    'qcompile.problem.losses.squared'
    """
    return _load(package, name, names(package), package.removeprefix("qcompile.").replace(".", " "))


def _load(package: str, name: str, known: tuple[str, ...], noun: str) -> ModuleType:
    if name not in known:
        raise UnsupportedError(
            f"{name!r} is not one of the {noun}: {', '.join(known)}.{did_you_mean(name, known)}"
        )
    return importlib.import_module(f"{package}.{name}")


class Registry(Generic[Unit]):
    """The units of a folder as their contract, so that a type checker sees through the lookup.

    Args:
        package: the folder, as an import name.
        noun: what the units are together, in messages: "losses".
        contract: a runtime-checkable Protocol, which each file is checked against when it is loaded.
        apart: files of the folder that are no units.

    >>> from qcompile.problem.losses import LOSSES
    >>> LOSSES["logistic"].CURVATURE, "huber" in LOSSES.names()
    (0.25, True)
    """

    def __init__(self, package: str, noun: str, contract: Any, apart: Sequence[str] = ()) -> None:
        self.package, self.noun, self._contract, self._apart = package, noun, contract, apart
        self._kept: dict[str, ModuleType] = {}  # a search looks its loss up thousands of times a second

    def names(self) -> tuple[str, ...]:
        """The keys: file names, sorted."""
        return tuple(name for name in names(self.package) if name not in self._apart)

    def __getitem__(self, name: str) -> Unit:
        """The unit of that name.

        Raises:
            UnsupportedError: there is no such file; the message lists those that are.
            TypeError: the file does not define all that the contract asks; for its author.
        """
        if name in self._kept and self._kept[name] is sys.modules.get(f"{self.package}.{name}"):
            return cast(Unit, self._kept[name])
        module = _load(self.package, name, self.names(), self.noun)
        if not isinstance(module, self._contract):
            needs = {*self._contract.__annotations__, *vars(self._contract)}
            lacks = sorted(n for n in needs if not n.startswith("_") and not hasattr(module, n))
            raise TypeError(
                f"{self.package}.{name} cannot be one of the {self.noun}: it lacks {', '.join(lacks)}."
            )
        self._kept[name] = module
        return cast(Unit, module)
