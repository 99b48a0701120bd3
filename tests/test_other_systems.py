"""What only Linux or POSIX has is optional: every module is imported, and files are written, without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# Run where these modules and names do not exist, as on Windows or macOS.
WITHOUT = """
import importlib, os, pkgutil, signal, sys, types
from pathlib import Path
import numpy, onnx, onnxruntime, numba, pandas, scipy.sparse, sklearn, rich.live, click, joblib
import subprocess, tempfile, multiprocessing, asyncio, socket, shutil, ctypes, platformdirs, jinja2
import cvxpy, hashlib, json, secrets

tempfile._O_TMPFILE_WORKS = False
posix = ("fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog")
for name in posix:
    sys.modules[name] = None
locks = {}
def locking(descriptor, mode, count):
    key = os.fstat(descriptor).st_ino
    if locks.get(key, descriptor) != descriptor and is_open(locks[key]):
        raise PermissionError(13, "Permission denied")
    locks[key] = descriptor
def is_open(descriptor):
    try: os.fstat(descriptor)
    except OSError: return False
    return True
sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
for name in ("O_TMPFILE", "O_CLOEXEC", "getuid", "geteuid", "getgid", "chown", "fork", "mkfifo", "mknod",
             "sched_getaffinity", "getloadavg", "statvfs"):
    if hasattr(os, name): delattr(os, name)
for name in ("SIGHUP", "SIGALRM", "SIGUSR1", "SIGPIPE", "setitimer", "pthread_kill"):
    if hasattr(signal, name): delattr(signal, name)
place = Path(sys.argv[1])
os.environ["QCOMPILE_CACHE"] = str(place / "cache")
"""
IMPORTS = """
import qcompile
wrong = []
for found in pkgutil.walk_packages(qcompile.__path__, "qcompile."):
    if found.name == "qcompile.__main__": continue
    try: importlib.import_module(found.name)
    except Exception as error: wrong.append(f"{found.name}: {error!r}")
sys.exit("\\n".join(wrong) or 0)
"""
FILES = """
from qcompile.errors import QCompileError
from qcompile.files import commit, staged_file, staged_folder, sweep_all
commit.exchange = lambda first, second: False
for text in ("one", "two"):
    with staged_folder(place / "deep" / "out") as folder:
        (folder / "a").write_text(text); (folder / "b").write_text(text)
    with staged_file(place / "m.onnx") as path: path.write_text(text)
assert [(place / n).read_text() for n in ("deep/out/a", "deep/out/b", "m.onnx")] == ["two"] * 3
try:
    with staged_folder(place / "deep" / "out") as folder:
        (folder / "a").write_text("half")
        with staged_folder(place / "deep" / "out"): raise AssertionError("two at once")
except QCompileError as error:
    assert "another qcompile" in str(error)
assert (place / "deep/out/a").read_text() == "two"
sweep_all()
assert sorted(p.name for p in place.iterdir()) == ["cache", "deep", "m.onnx"]
assert [p.name for p in (place / "cache" / "staging").iterdir() if p.is_dir()] == []
"""
COMMANDS = """
from click.testing import CliRunner
from qcompile.cli import main
model = sys.argv[2]
for words in (["targets"], ["info", model], ["predict", model, "sklearn:breast_cancer"],
              ["verify", model, "--rows", "5"],
              ["export", model, "--onnx", "int4", "-o", str(place / "e.onnx")],
              ["compile", model, "--target", "cortex-m4", "-o", str(place / "c")],
              ["check", model, "--max-size-kb", "100", "--junit", str(place / "j.xml")],
              ["cost", model, "--target", "cortex-m4"]):
    found = CliRunner().invoke(main, words)
    assert found.exit_code == 0, (words, found.output)
"""


def run(code: str, *words: object) -> None:
    command = [sys.executable, "-c", WITHOUT + code, *map(str, words)]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr


def test_every_module_is_imported_without_posix(tmp_path: Path) -> None:
    run(IMPORTS, tmp_path)


def test_files_are_written_and_locked_without_posix(tmp_path: Path) -> None:
    run(FILES, tmp_path)


def test_commands_run_without_posix(tmp_path: Path, built: Path) -> None:
    run(COMMANDS, tmp_path, built / "model.onnx")


@pytest.mark.parametrize("name", ["CON", "a" * 300, "x/" * 130 + "y"])
def test_a_name_that_another_system_refuses_is_one_sentence(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever error the system has for it, named by the destination and not by a traceback."""
    import os

    from qcompile.errors import QCompileError
    from qcompile.files import staged_file

    real = os.stat

    def refuse(path: object, *args: object, **more: object) -> os.stat_result:
        if str(path).endswith(name[-20:]):
            raise OSError(22, "The filename, directory name, or volume label syntax is incorrect")
        return real(path, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", refuse)
    with pytest.raises(QCompileError, match="cannot be written"), staged_file(tmp_path / name):
        raise AssertionError("the block must not run")
