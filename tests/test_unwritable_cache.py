"""Where compiled code cannot be kept, everything works, and one line says so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qcompile import jit

ROOT = Path(__file__).parents[1]
# Every module that compiles functions; then one of each kind runs.
PROGRAM = """
import importlib, pathlib, sys
NO_TEMPORARY
root = pathlib.Path("ROOT")
for top, package in (("qcompile", "qcompile"), ("kernels", "qcompile.kernels")):
    for path in sorted((root / top).rglob("*.py")):
        if "import njit" in path.read_text() and "generate" not in path.parts:
            inside = path.relative_to(root / top).with_suffix("")
            importlib.import_module(".".join((package, *inside.parts)))
sys.path.insert(0, str(root / "tests"))
import numpy as np
from support.two_layer import form
from qcompile.kernels.contract import two_layer_reference
from qcompile.kernels.fused import network
from qcompile.kernels.plain import popcount
from qcompile.jit import njit
net = form(5, 2, 1)
x = np.linspace(-2, 2, 5, dtype=np.float32).reshape(1, 5)
out = np.full((1, 1), -1, np.int64)
network.run(network.pack(net, method="popcount"), x, out)
assert (out == two_layer_reference(net, x)).all()
print("right")
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which nothing can be kept beside the sources, for root neither: __pycache__ is a file."""
    root = tmp_path_factory.mktemp("installation")
    for top in ("qcompile", "kernels", "targets", "tests/support"):
        ignore = shutil.ignore_patterns("__pycache__", "*.onnx")
        shutil.copytree(ROOT / top, root / top, symlinks=True, ignore=ignore)
    for top in ("qcompile", "kernels", "targets", "tests/support"):
        for folder in [root / top, *(root / top).rglob("*")]:
            if folder.is_dir() and not folder.is_symlink():
                (folder / "__pycache__").write_text("")
    (root / "tmp").mkdir()
    return root


def run(root: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    nowhere = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null", "NUMBA_CACHE_DIR": "/dev/null/numba"}
    environment = {**os.environ, **nowhere, "PYTHONPATH": str(root), "TMPDIR": str(root / "tmp")}
    environment.pop("QCOMPILE_CACHE", None)
    return subprocess.run(
        [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "temporary",
    [
        "",
        "import tempfile\ndef none(*a, **k): raise FileNotFoundError\n"
        "tempfile.mkdtemp = tempfile.TemporaryFile = none",
    ],
    ids=["temporary folder", "memory"],
)
def test_every_compiled_module_is_imported_and_runs(tree: Path, temporary: str) -> None:
    done = run(tree, ["-c", PROGRAM.replace("ROOT", str(tree)).replace("NO_TEMPORARY", temporary)])
    assert done.returncode == 0, done.stderr
    assert done.stdout == "right\n"
    (line,) = done.stderr.splitlines()
    assert "cannot be written, so compiled code is kept for this run only; set " in line
    assert not list((tree / "tmp").glob("qcompile-cache-*"))


@pytest.mark.slow  # compiles everything that training needs
def test_a_command_says_it_in_one_line_and_leaves_nothing(tree: Path, tmp_path: Path) -> None:
    table = "a,b,y\n" + "".join(f"{i % 7},{i % 5},{int(i % 7 > 3)}\n" for i in range(40))
    (tree / "table.csv").write_text(table)
    settings = ["--encoder", "uniform", "--neurons", "2", "-o", str(tmp_path / "m.onnx")]
    done = run(tree, ["-m", "qcompile", "train", "table.csv", *settings])
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("cannot be written, so compiled code is kept for this run only") == 1
    assert (tmp_path / "m.onnx").is_file()
    assert not list((tree / "tmp").glob("qcompile-cache-*"))


def test_other_errors_of_the_compiler_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**options: object) -> object:
        raise RuntimeError("another fault")

    monkeypatch.setattr("numba.njit", broken)
    with pytest.raises(RuntimeError, match="another fault"):
        jit.njit(cache=True)(lambda x: x)
