"""Ctrl-C in the middle of a build: exit 130, one sentence, an earlier good build untouched."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGINT to one process needs POSIX")


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def interrupted(folder: Path, stage: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Start a build that takes long, wait for a stage, send SIGINT."""
    command = [sys.executable, "-u", "-m", "qcompile", "build", "sklearn:digits", "-o", "build", *words]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if line.startswith(stage):
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(command, process.returncode, seen + out, err)


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("Split", ()),  # while encoder and beta are chosen
        ("Encoder", ("--encoder", "uniform", "--bits", "4", "--beta", "0.0003")),  # while ten classes train
    ],
)
def test_ctrl_c_stops_at_once_and_leaves_nothing_behind(
    stage: str, words: tuple[str, ...], own_build: Path
) -> None:
    before = digests(own_build)
    found = interrupted(own_build.parent, stage, *words)
    assert found.returncode == 130, found.stderr
    assert found.stderr.strip() == "qcompile: Stopped by Ctrl-C; nothing half-written was left behind."
    assert "Written" not in found.stdout
    assert digests(own_build) == before
    assert [p.name for p in own_build.parent.iterdir()] == ["build"]


def test_ctrl_c_before_a_first_build_leaves_an_empty_folder(tmp_path: Path) -> None:
    found = interrupted(tmp_path, "Split")
    assert found.returncode == 130
    assert list(tmp_path.iterdir()) == []
