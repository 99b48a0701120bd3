"""The package list, and the rules that keep files readable."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import pytest

from qcompile import registry

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SOURCES = sorted(
    path
    for top in ("qcompile", "kernels", "targets", "tests", "examples")
    for path in (ROOT / top).rglob("*.py")
)
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "stuff", "tools"}


def test_the_package_list_equals_the_folders() -> None:
    declared = PROJECT["tool"]["setuptools"]["packages"]
    found = set()
    for top, package in (
        ("qcompile", "qcompile"),
        ("kernels", "qcompile.kernels"),
        ("targets", "qcompile.targets"),
    ):
        for init in (ROOT / top).rglob("__init__.py"):
            found.add(".".join([package, *init.parent.relative_to(ROOT / top).parts]))
    assert sorted(declared) == sorted(found)
    assert declared == sorted(declared), "the list is kept in order"


def test_every_folder_with_code_is_a_package() -> None:
    for path in (ROOT / "qcompile").rglob("*.py"):
        assert (path.parent / "__init__.py").exists(), f"{path.parent} holds code but is no package"


def test_kernels_and_targets_are_installed_inside_qcompile() -> None:
    assert PROJECT["tool"]["setuptools"]["package-dir"] == {
        "qcompile.kernels": "kernels",
        "qcompile.targets": "targets",
    }
    for name in ("kernels", "targets"):
        assert (ROOT / "qcompile" / name).readlink() == Path("..") / name
        assert resources.files(f"qcompile.{name}").joinpath("__init__.py").is_file()


def test_files_of_units_are_found_by_name() -> None:
    assert {"uniform", "thermometer", "threshold"} <= set(registry.names("qcompile.data.encode"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_has_at_most_400_lines_and_a_name_that_says_its_idea(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 400, f"{path.relative_to(ROOT)} has {lines} lines; split it by ideas."
    assert path.stem.lower() not in VAGUE, f"{path.stem} says nothing; name the file after its idea."


def test_no_two_test_files_share_a_name() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)


def test_the_license_and_types_are_shipped() -> None:
    assert (ROOT / "qcompile" / "py.typed").exists()
    assert PROJECT["project"]["requires-python"] == ">=3.11"
