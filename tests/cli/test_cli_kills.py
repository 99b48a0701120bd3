"""Signals and kills at random moments of real commands: the exit code, the folder, and what is left behind.

The slow tests print their counts. QCOMPILE_INTERRUPTS and QCOMPILE_KILLS set how many there are.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from qcompile.report.written import written

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")

QUICK = ["--encoder", "uniform", "--bits", "2", "--beta", "0.1", "--neurons", "4", "--jobs", "1"]
COMMANDS = {
    "build": ["build", "sklearn:iris", *QUICK, "-o", "out"],
    "train": ["train", "sklearn:iris", *QUICK, "-o", "out/m.onnx"],
    "compile": ["compile", "{model}", "--target", "cortex-m4", "-o", "out"],
    "export": ["export", "{model}", "--onnx", "int4", "-o", "out/m.onnx"],
}
ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


class Place:
    """A folder with a finished output in it, and a cache folder of its own."""

    def __init__(self, folder: Path, model: Path, command: str) -> None:
        self.folder = folder
        self.cache = folder.with_name(folder.name + "_cache")
        for path in (self.folder, self.cache):
            path.mkdir()
        # Kernels are shared, or each run would compile them for a minute.
        self.env = {**os.environ, "QCOMPILE_CACHE": str(self.cache)}
        import platformdirs

        shared = Path(os.environ.get("QCOMPILE_CACHE") or platformdirs.user_cache_dir("qcompile")) / "kernels"
        shared.mkdir(parents=True, exist_ok=True)
        (self.cache / "kernels").symlink_to(shared)
        self.words = [sys.executable, "-m", "qcompile", *(w.format(model=model) for w in COMMANDS[command])]
        self.fresh: Mapping[str, bytes] = {}
        self.seconds = 0.0
        for _ in range(2):  # the second run finds its kernels compiled
            start = time.monotonic()
            done = self.start()
            assert done.wait() == 0, done.communicate()
            self.seconds = time.monotonic() - start
        self.old = self.content()

    def start(self) -> subprocess.Popen[str]:
        out = subprocess.PIPE
        return subprocess.Popen(self.words, cwd=self.folder, env=self.env, text=True, stdout=out, stderr=out)

    def content(self) -> dict[str, bytes]:
        return {p.relative_to(self.folder).as_posix(): p.read_bytes()
                for p in self.folder.rglob("*") if p.is_file()}  # fmt: skip

    def mixed(self) -> bool:
        """Whether what is there is neither the old output nor a new one, whole and sealed."""
        now = self.content()
        if now == self.old:
            return False
        known = written(self.folder / "out") if (self.folder / "out").is_dir() else {}
        import hashlib

        return now.keys() != self.old.keys() or any(
            hashlib.sha256(data).hexdigest() != known.get(name.removeprefix("out/"))
            for name, data in now.items()
        )

    def areas(self) -> list[str]:
        return sorted(p.name for p in (self.cache / "staging").glob(".qcompile-*"))

    def hit(self, number: int, moment: float) -> tuple[int, str] | None:
        """Exit code and messages of a run that got a signal at this moment; None if it had ended before."""
        process = self.start()
        time.sleep(moment)
        # A process that is leaving already gets no signal, so it is stopped first to see that it is not.
        process.send_signal(signal.SIGSTOP)
        alive = stopped(process)
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        _, errors = process.communicate(timeout=120)
        return (process.returncode, errors) if alive else None


def stopped(process: subprocess.Popen[str]) -> bool:
    """Wait until a process that was told to stop has stopped; False if it ended instead."""
    while process.poll() is None:
        state = (
            Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")
        )
        if state[2].split()[0] in "tT":
            return True
        time.sleep(0.001)
    return False


@pytest.fixture
def model(built: Path) -> Path:
    return built / "model.onnx"


def interrupts(tmp_path: Path, model: Path, count: int, commands: list[str], seed: int) -> dict[str, int]:
    """Signals at random moments; how many ended how."""
    rng = random.Random(seed)
    places = {name: Place(tmp_path / name, model, name) for name in commands}
    found: dict[str, int] = {"right exit code": 0, "before Python began": 0, "too late": 0}
    made = 0
    while made < count:
        place = places[commands[made % len(commands)]]
        number = rng.choices(list(ENDS), weights=[4, 1, 1])[0]
        got = place.hit(number, rng.uniform(0.0, place.seconds * 1.1))
        assert not place.mixed()
        if got is None:
            found["too late"] += 1
            continue
        made += 1
        code, errors = got
        assert "unexpected" not in errors, errors
        if code == -number:  # the interpreter itself had not begun or was ending: a shell says 128 + number
            found["before Python began"] += 1
        else:
            assert code == ENDS[number], (code, number, errors)
            found["right exit code"] += 1
        assert place.areas() == [] or code == -number, errors
    return found


def test_signals_at_random_moments_have_their_exit_code(tmp_path: Path, model: Path) -> None:
    found = interrupts(tmp_path, model, 12, ["train", "export"], 0)
    assert found["right exit code"] >= 6, found


@pytest.mark.slow
def test_a_thousand_interrupts(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = int(os.environ.get("QCOMPILE_INTERRUPTS", "1000"))
    found = interrupts(tmp_path, model, count, list(COMMANDS), 1)
    with capsys.disabled():
        print(f"\n{count} signals: {found}; 0 with another exit code, 0 mixed folders")
    assert found["right exit code"] > count / 2


def kills(tmp_path: Path, model: Path, count: int, commands: list[str], seed: int) -> dict[str, int]:
    """kill -9 at random moments; half of them near the end, where files move."""
    rng = random.Random(seed)
    places = {name: Place(tmp_path / name, model, name) for name in commands}
    found = {"killed": 0, "too late": 0, "left to the next start": 0}
    for k in range(count):
        place = places[commands[k % len(commands)]]
        if k % 3 == 0:
            shutil.rmtree(place.folder / "out", ignore_errors=True)
            place.old = {}
        elif not place.old:
            assert place.start().wait() == 0
            place.old = place.content()
        low = 0.0 if k % 2 else 0.8
        got = place.hit(signal.SIGKILL, rng.uniform(low * place.seconds, 1.05 * place.seconds))
        found["too late" if got is None else "killed"] += 1
        assert not place.mixed() or (not place.old and got is None)
        found["left to the next start"] += bool(place.areas())
        names = {p.name for p in place.folder.iterdir()}
        assert names <= {"out"}, names
        next_start = [sys.executable, "-m", "qcompile", "targets"]
        subprocess.run(next_start, cwd=place.folder, env=place.env, check=True, capture_output=True)
        assert place.areas() == []
        place.old = place.content()
    return found


def test_kills_at_random_moments_leave_old_or_new(tmp_path: Path, model: Path) -> None:
    assert kills(tmp_path, model, 6, ["export", "compile"], 0)["killed"] > 0


@pytest.mark.slow
def test_two_hundred_kills(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = int(os.environ.get("QCOMPILE_KILLS", "200"))
    found = kills(tmp_path, model, count, list(COMMANDS), 1)
    with capsys.disabled():
        print(f"\n{count} kills: {found}; 0 mixed folders, 0 leftovers after the next start")
