"""Standard output as users have it: closed, full, ASCII only; and files that the system refuses to grow."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells, limits and devices of POSIX")

QUICK = ["--encoder", "uniform", "--bits", "2", "--beta", "0.1", "--neurons", "4", "--jobs", "1"]
PLAIN = {
    "LANG": "C",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONIOENCODING": "ascii",
}
RUN = f"{sys.executable} -m qcompile"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table whose names need more than ASCII, and its build."""
    place = tmp_path_factory.mktemp("streams")
    numbers = random.Random(0)
    rows = [(numbers.random(), numbers.random()) for _ in range(60)]
    lines = [f"{a:.3f},{b:.3f},{'ja' if a + b > 1 else 'nö'}" for a, b in rows]
    (place / "täble.csv").write_text("\n".join(["größe,µ,art", *lines]) + "\n", encoding="utf-8")
    done = shell("build täble.csv -o build", place)
    assert done.returncode == 0, done.stderr
    return place


def shell(
    words: str, place: Path, after: str = "", before: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    quick = " ".join(QUICK) if words.startswith(("build", "train")) else ""
    command = f"{before} {RUN} {words} {quick} {after}"
    return subprocess.run(
        ["bash", "-c", command], cwd=place, capture_output=True, text=True, env={**os.environ, **env}
    )


def one_sentence(found: subprocess.CompletedProcess[str], told: str) -> None:
    assert found.returncode == 2, found
    assert found.stderr.count("\n") == 1 and told in found.stderr and "unexpected" not in found.stderr, (
        found.stderr
    )


def test_a_build_whose_reader_has_gone_is_finished(folder: Path, tmp_path: Path) -> None:
    done = shell(f"build {folder / 'täble.csv'} -o build", tmp_path, "| head -1; exit ${PIPESTATUS[0]}")
    assert done.returncode == 0 and done.stderr == "" and done.stdout.count("\n") == 1
    assert sorted(p.name for p in (tmp_path / "build").iterdir()) == [
        "certificate.npz", "model.onnx", "report.html", "report.json"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    ["build täble.csv -o full", "train täble.csv -o full.onnx", "predict build täble.csv", "info build",
     "targets", "--help", "info build --json", "cost build --target cortex-m4"],
)  # fmt: skip
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_under_standard_output_is_one_sentence(words: str, folder: Path) -> None:
    one_sentence(
        shell(words, folder, "> /dev/full"), "Standard output cannot be written: there is no space left"
    )
    assert not (folder / "full").exists() and not (folder / "full.onnx").exists()


@pytest.mark.parametrize(
    ("words", "blocks"), [("build täble.csv -o big", 4), ("train täble.csv -o big.onnx", 2),
                          ("export build -o big.onnx", 2), ("compile build -o big", 2)]
)  # fmt: skip
def test_a_limit_on_the_size_of_files_is_one_sentence(words: str, blocks: int, folder: Path) -> None:
    before = sorted(p.name for p in folder.iterdir())
    found = shell(words, folder, before=f"ulimit -f {blocks};")
    one_sentence(found, "cannot be written (it would be larger than the system allows")
    assert sorted(p.name for p in folder.iterdir()) == before


def test_every_command_works_on_an_ascii_terminal(folder: Path, tmp_path: Path) -> None:
    table = folder / "täble.csv"
    done = shell(f"build {table} -o b", tmp_path, **PLAIN)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii() and "t\\xe4ble.csv" in done.stdout
    said = shell(f"predict b {table}", tmp_path, **PLAIN).stdout.split()
    assert set(said) == {"ja", "n\\xf6"}
    record = json.loads(shell(f"predict b {table} --json", tmp_path, **PLAIN).stdout)
    assert set(record["predictions"]) == {"ja", "nö"} and record["label"] == "art"
    for words in ("info b", "verify b --rows 5", "check b --max-size-kb 100", "cost b --target cortex-m4",
                  "compare b", "targets", "compile b -o c", "export b -o e.onnx", "--help"):  # fmt: skip
        found = shell(words, tmp_path, **PLAIN)
        assert found.returncode == 0 and found.stdout.isascii(), (words, found.stderr)
    assert (
        json.loads((tmp_path / "b" / "report.json").read_text(encoding="utf-8"))["data"]["source"]
        == "täble.csv"
    )


def test_a_file_name_that_is_no_text_is_a_file_name(folder: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"t\xff.csv")
    (tmp_path / name).write_bytes((folder / "täble.csv").read_bytes())
    command = [sys.executable, "-m", "qcompile", "build", name, "-o", os.fsdecode(b"b\xfe"), *QUICK]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True)
    assert found.returncode == 0, found.stderr
    again = [sys.executable, "-m", "qcompile", "verify", os.fsdecode(b"b\xfe"), "--data", name, "--rows", "5"]
    assert subprocess.run(again, cwd=tmp_path, capture_output=True).returncode == 0
