"""Imports go downwards only, and the two columns of the architecture never meet."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FLOORS: dict[str, int] = {
    "errors": 0, "events": 0, "registry": 1, "bits": 1, "arrays": 1,
    "data": 2, "network": 2, "kernels": 2, "ir.types": 2,
    "problem": 3, "ir": 3, "targets": 3, "solve": 4, "importers": 4, "rounding": 5, "passes": 5,
    "backends": 6, "train": 6, "run": 7, "verify": 7, "cost": 7, "report": 8,
    "api": 9, "estimators": 9, "commands": 10, "cli": 10, "__main__": 10, "": 10,
}  # fmt: skip
TRAINING = {"data", "problem", "solve", "rounding", "train"}
COMPILING = {"ir", "ir.types", "passes", "backends", "run", "verify", "cost"}
# What both columns share lives on the training side of the tree: an encoder is part of a network.
SHARED = {"qcompile.model.encoder", "qcompile.model.schema", "qcompile.model.step_encoder"}
FOLDERS = {
    "qcompile": ROOT / "qcompile",
    "qcompile.kernels": ROOT / "kernels",
    "qcompile.targets": ROOT / "targets",
}


def modules() -> Iterator[tuple[str, Path]]:
    for package, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            inside = path.relative_to(folder)
            if path.parent.is_symlink() or any((folder / p).is_symlink() for p in inside.parents):
                continue
            parts = [package, *inside.with_suffix("").parts]
            yield ".".join(p for p in parts if p != "__init__"), path


MODULES = dict(modules())


def unit(module: str) -> str:
    """The architecture's name of what a module belongs to: ``solve`` of ``qcompile.relax.methods.x``."""
    parts = module.split(".")[1:]
    two = ".".join(parts[:2])
    return two if two in FLOORS else parts[0] if parts else ""


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} uses a relative import; write the absolute name."
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                yield node.lineno, deeper if deeper in MODULES else str(node.module)


def violations(module: str, path: Path) -> Iterator[str]:
    here = unit(module)
    if here not in FLOORS:
        yield f"{module} has no floor; add {here!r} to the table of the architecture."
        return
    for line, name in imports(path):
        where = f"{path.name}:{line}: {module} (floor {FLOORS[here]}) imports {name}"
        if name.split(".")[0] in ("kernels", "targets"):
            yield f"{where}; it is installed as qcompile.{name}."
        if name.split(".")[0] != "qcompile" or unit(name) == here:
            continue
        there = unit(name)
        if FLOORS[there] > FLOORS[here]:
            yield f"{where} of floor {FLOORS[there]}."
        apart = {here in TRAINING, there in TRAINING} == {True, False} and {here, there} & COMPILING
        if apart and name not in SHARED and len({here, there} & (TRAINING | COMPILING)) == 2:
            yield f"{where}, but training and compiling share only Network."


@pytest.mark.parametrize("module", MODULES)
def test_a_unit_imports_only_from_lower_floors_and_its_own_column(module: str) -> None:
    assert not list(violations(module, MODULES[module]))


def test_the_walk_sees_the_whole_tree() -> None:
    assert {
        "qcompile.network",
        "qcompile.data.encode.uniform",
        "qcompile.kernels",
        "qcompile.targets",
    } <= set(MODULES)
    assert [unit(m) for m in ("qcompile.ir.types", "qcompile.ir.ops", "qcompile")] == ["ir.types", "ir", ""]


@pytest.mark.parametrize(
    ("module", "line", "message"),
    [
        ("qcompile.errors", "import qcompile.api", "floor 0.*of floor 9"),
        ("qcompile.data.load", "def f():\n    from qcompile.train import fit", "floor 2.*of floor 6"),
        ("qcompile.train.fit", "from qcompile.ir import ops", "share only Network"),
        ("qcompile.cost.count", "from qcompile.relax.solution import Solution", "share only Network"),
        ("qcompile.cost.count", "from qcompile.data import table", "share only Network"),
        ("qcompile.network", "import kernels.popcount", "installed as qcompile.kernels.popcount"),
        ("qcompile.network", "from targets import host", "installed as qcompile.targets"),
        ("qcompile.misplaced", "", "has no floor"),
    ],
)
def test_wrong_imports_are_caught(tmp_path: Path, module: str, line: str, message: str) -> None:
    (tmp_path / "bad.py").write_text(line)
    assert re.search(message, "\n".join(violations(module, tmp_path / "bad.py")))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        (
            "qcompile.cost.count",
            "from qcompile.model.encoder import Encoder\nfrom qcompile.data import schema",
        ),
        ("qcompile.report.page.page", "import qcompile.relax.solution, qcompile.cost.rows"),
        ("qcompile.ir.ops", "from qcompile.ir.types import Type"),
    ],
)
def test_right_imports_pass(tmp_path: Path, module: str, line: str) -> None:
    (tmp_path / "good.py").write_text(line)
    assert not list(violations(module, tmp_path / "good.py"))


def test_relative_imports_are_caught(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("from . import sibling")
    with pytest.raises(AssertionError, match="relative import"):
        list(imports(tmp_path / "bad.py"))
