"""Fixtures that several rooms share: one small build, made once per test process."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path

import pytest
from support.golden import Golden

# Before numpy is imported: several test processes with many BLAS threads each would fight.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# A suite started in the background of a script inherits signals as ignored; the programs that tests start
# must have them as a user's shell gives them.
if threading.current_thread() is threading.main_thread():
    for name in ("SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the files in tests/golden")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """With ``-n`` a file's tests run in one worker: its fixtures and kernels are made once."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadfile"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """golden(name, text): text equals a file below tests/golden, see support/golden.py."""
    return Golden(update=request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of breast_cancer with everything given, so that it takes seconds. Do not write into it."""
    from qcompile.api import build
    from qcompile.train.choices import Choices

    folder = tmp_path_factory.mktemp("built") / "build"
    choices = Choices(encoder="uniform", bits=4, beta=0.03, neurons=16, jobs=1)
    build("sklearn:breast_cancer", folder, choices=choices)
    return folder


@pytest.fixture
def own_build(built: Path, tmp_path: Path) -> Path:
    """A copy of the build that a test may damage."""
    return Path(shutil.copytree(built, tmp_path / "build"))
