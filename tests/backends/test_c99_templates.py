"""Documents of the C back-end are templates: all shipped, all used, strict, and loaded late."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import qcompile.backends.c99 as package
from qcompile.backends.c99.layouts import LAYOUTS
from qcompile.backends.c99.render import render

ROOT = Path(__file__).parents[2]
TEMPLATES = Path(package.__file__).parent / "templates"
OF_RUNNERS = {"driver.c", "qemu_start.c"}


def test_every_template_is_written_by_a_layout_or_a_runner() -> None:
    written = {name for layout in LAYOUTS.values() for name in layout.values()}
    assert {path.name.removesuffix(".j2") for path in TEMPLATES.iterdir()} == written | OF_RUNNERS


def test_the_wheel_declares_every_template() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (pattern,) = project["tool"]["setuptools"]["package-data"]["qcompile.backends.c99"]
    declared = set(TEMPLATES.parent.glob(pattern))
    assert declared == set(TEMPLATES.iterdir()) != set()


def test_a_value_that_is_not_given_is_an_error_and_not_an_empty_place() -> None:
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError, match="prefix"):
        render("zephyr_module.yml", c={})


def test_jinja2_is_imported_when_c_is_written_and_not_before() -> None:
    code = (
        "import sys; import qcompile.backends.c99.build, qcompile.run.native_c; "
        "before = 'jinja2' in sys.modules; "
        "from qcompile.backends.c99.render import render; render('zephyr_prj.conf', c={'upper': 'A'}); "
        "print(before, 'jinja2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "True"], done.stderr
