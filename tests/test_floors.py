"""Imports go downwards only, and the two columns of the architecture never meet."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A unit imports only from lower floors; units of one floor never import each other. No exceptions.
FLOORS: dict[str, int] = {
    "errors": 0, "facts": 0, "signals": 0, "checks": 0, "numerals": 0, "streams": 0, "json_records": 0,
    "events": 1, "registry": 1, "files": 1, "jit": 1,
    "model": 2,
    "data": 3, "kernels": 3, "targets": 3, "problem": 3,
    "ir": 4, "certificate": 4,
    "relax": 5, "model_file": 5, "passes": 5,
    "search": 6, "importers": 6,
    "bound": 7, "backends": 7,
    "train": 8, "run": 8,
    "verify": 9, "cost": 9,
    "report": 10, "api": 11, "estimators": 12, "commands": 12, "cli": 13, "__main__": 14, "": 13,
}  # fmt: skip
TRAINING = {"data", "problem", "relax", "certificate", "search", "bound", "train"}
COMPILING = {"ir", "passes", "importers", "backends", "run", "verify", "cost"}
CHECKER = {"errors", "registry", "jit", "model", "problem"}  # all that the certificate's checker may know
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
        if FLOORS[there] >= FLOORS[here]:
            yield f"{where} of floor {FLOORS[there]}."
        if {here, there} & TRAINING and {here, there} & COMPILING:
            yield f"{where}, but training and compiling share only what lies below both."
        if here == "certificate" and there not in CHECKER:
            yield f"{where}, but the checker shares nothing with the code that searches or solves."


def private(module: str, path: Path) -> Iterator[str]:
    """Imports of modules or names with an underscore from outside their own folder."""
    folder = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for line, name in imports(path):
        parts = name.split(".")
        for k, part in enumerate(parts):
            owner = ".".join(parts[:k])
            if owner == "qcompile.kernels":  # its files get their folders next
                continue
            if parts[0] == "qcompile" and part.startswith("_") and not f"{folder}.".startswith(f"{owner}."):
                yield f"{path.name}:{line}: {module} imports {name}, which is private to {owner}."


@pytest.mark.parametrize("module", MODULES)
def test_private_modules_are_imported_only_inside_their_folder(module: str) -> None:
    assert not list(private(module, MODULES[module]))


@pytest.mark.parametrize("module", MODULES)
def test_a_unit_imports_only_from_lower_floors_and_never_from_the_other_column(module: str) -> None:
    assert not list(violations(module, MODULES[module]))


def test_the_walk_sees_the_whole_tree() -> None:
    assert {
        "qcompile.model.network",
        "qcompile.data.encode.uniform",
        "qcompile.kernels",
        "qcompile.targets",
    } <= set(MODULES)
    assert unit("qcompile.certificate.proofs.sdp") == "certificate"
    assert unit("qcompile") == ""


@pytest.mark.parametrize(
    ("module", "line", "message"),
    [
        ("qcompile.errors", "import qcompile.api", "floor 0.*of floor 11"),
        ("qcompile.data.load", "def f():\n    from qcompile.train import fit", "floor 3.*of floor 8"),
        ("qcompile.train.fit", "from qcompile.ir import ops", "share only what lies below"),
        ("qcompile.cost.count", "from qcompile.relax.solution import Solution", "share only what lies below"),
        ("qcompile.cost.count", "from qcompile.data import table", "share only what lies below"),
        ("qcompile.model.network", "import kernels.popcount", "installed as qcompile.kernels.popcount"),
        ("qcompile.model.network", "from targets import host", "installed as qcompile.targets"),
        ("qcompile.problem.problem", "from qcompile.data.table import Table", "floor 3.*of floor 3"),
        ("qcompile.certificate.check", "import qcompile.data.table", "the checker shares nothing"),
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
            "from qcompile.model.encoder import Encoder\nfrom qcompile.model import schema",
        ),
        ("qcompile.report.page.page", "import qcompile.relax.solution, qcompile.cost.rows"),
        ("qcompile.ir.program", "from qcompile.ir.types import Type"),
    ],
)
def test_right_imports_pass(tmp_path: Path, module: str, line: str) -> None:
    (tmp_path / "good.py").write_text(line)
    assert not list(violations(module, tmp_path / "good.py"))


def test_imports_of_private_modules_are_caught(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("from qcompile.data.encode import _cuts")
    assert "private to qcompile.data.encode" in "".join(private("qcompile.data.load", tmp_path / "bad.py"))
    assert not list(private("qcompile.data.encode.uniform", tmp_path / "bad.py"))


def test_relative_imports_are_caught(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("from . import sibling")
    with pytest.raises(AssertionError, match="relative import"):
        list(imports(tmp_path / "bad.py"))
