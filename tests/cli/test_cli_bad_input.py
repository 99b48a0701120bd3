"""Bad input is refused in one sentence with exit code 2, and nothing is left half-written."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qcompile.cli import main

RANDOM = random.Random(0)
ROWS = [(round(RANDOM.random(), 4), round(RANDOM.random(), 4), RANDOM.choice("pq")) for _ in range(40)]


def table(path: Path, rows: Sequence[Sequence[object]], header: str = "a,b,kind") -> Path:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def refused(result: Result, *told: str) -> None:
    """Exit 2, one line on standard error, no traceback, and the message says what is meant."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("qcompile: ") and result.stderr.count("\n") == 1, result.stderr
    assert "Traceback" not in result.stderr
    for words in told:
        assert words in result.stderr, result.stderr


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run ``qcompile build`` in an empty folder and make sure that it leaves it as it was."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Result:
        before = sorted(p.name for p in tmp_path.iterdir())
        result = CliRunner().invoke(main, ["build", *words])
        assert sorted(p.name for p in tmp_path.iterdir()) == before
        return result

    return run


def test_a_missing_file(build) -> None:
    refused(build("nowhere.csv"), "nowhere.csv")


def test_an_empty_file(build, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    refused(build("empty.csv"), "empty.csv is empty")


def test_ragged_rows(build, tmp_path: Path) -> None:
    table(tmp_path / "ragged.csv", [*ROWS[:5], (1, 2), *ROWS[5:]])
    refused(build("ragged.csv"), "line 7", "2 cells")


def test_one_class_only(build, tmp_path: Path) -> None:
    table(tmp_path / "one.csv", [(a, b, "p") for a, b, _ in ROWS])
    refused(build("one.csv"), "'kind'", "two")


def test_a_label_column_that_does_not_exist(build, tmp_path: Path) -> None:
    table(tmp_path / "t.csv", ROWS)
    refused(build("t.csv", "--label", "knd"), "no column 'knd'", "Did you mean 'kind'?")


def test_numbers_that_are_not_finite(build, tmp_path: Path) -> None:
    table(tmp_path / "t.csv", [(("inf", *r[1:]) if i == 3 else r) for i, r in enumerate(ROWS)])
    refused(build("t.csv"), "column 'a' is infinite in row 4")


def test_more_classes_than_rows_can_teach(build, tmp_path: Path) -> None:
    table(tmp_path / "t.csv", [(a, b, f"c{i}") for i, (a, b, _) in enumerate(ROWS)])
    refused(build("t.csv"), "40 different values in 40 rows")


def test_a_table_of_dates_alone(build, tmp_path: Path) -> None:
    table(
        tmp_path / "t.csv",
        [(f"2024-01-{i % 28 + 1:02d}", k) for i, (_, b, k) in enumerate(ROWS)],
        "day,kind",
    )
    refused(build("t.csv"), "'day'", "dates")


@pytest.mark.parametrize("output", ["t.csv", "t.csv/inside"])
def test_an_output_folder_that_cannot_be_written(build, tmp_path: Path, output: str) -> None:
    table(tmp_path / "t.csv", ROWS)
    refused(build("t.csv", "-o", output), output)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that refuses new folders")
def test_an_output_folder_that_the_system_refuses(build, tmp_path: Path) -> None:
    table(tmp_path / "t.csv", ROWS)
    refused(build("t.csv", "-o", "/proc/qcompile"), "/proc/qcompile cannot be written")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the super-user may write everywhere")
def test_an_output_folder_without_permission(build, tmp_path: Path) -> None:
    table(tmp_path / "t.csv", ROWS)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    refused(build("t.csv", "-o", "locked/build"), "cannot be written")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--bits", "9"], "bits is 9"),
        (["--beta", "0"], "beta is 0"),
        (["--beta", "nan"], "beta is nan"),
        (["--neurons", "0"], "neurons is 0"),
        (["--neurons", "many"], "many"),
        (["--activation", "1,2"], "--activation is '1,2'"),
        (["--target", "hots"], "Did you mean 'host'?"),
        (["--test-fraction", "1.5"], "test_fraction is 1.5"),
        (["--seed", "-1"], "seed is -1"),
        (["--jobs", "0"], "jobs is 0"),
        (["--gap", "2"], "gap is 2.0"),
        (["--max-seconds", "-1"], "max_seconds is -1.0"),
    ],
)
def test_a_setting_out_of_range(build, tmp_path: Path, words: list[str], told: str) -> None:
    table(tmp_path / "t.csv", ROWS)
    refused(build("t.csv", *words), told)


@pytest.mark.parametrize("command", ["info", "verify", "profile", "check", "predict"])
@pytest.mark.parametrize("kind", ["missing", "empty", "text", "truncated"])
def test_a_model_file_that_cannot_be_read(command: str, kind: str, built: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    content = (built / "model.onnx").read_bytes()
    made = {"empty": b"", "text": b"not a model\n" * 30, "truncated": content[: len(content) // 2]}
    if kind != "missing":
        path.write_bytes(made[kind])
    more = {"check": ["--max-size-kb", "1"], "predict": ["sklearn:breast_cancer"]}
    refused(CliRunner().invoke(main, [command, str(path), *more.get(command, [])]), "model.onnx")


def test_rows_without_a_column_that_the_model_reads(built: Path, tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", ROWS)
    refused(CliRunner().invoke(main, ["predict", str(built / "model.onnx"), str(path)]), "mean radius")


def test_an_unexpected_error_is_one_sentence_and_debug_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = (
        "import sys, qcompile.api._describe as d\n"
        "def boom(): raise RuntimeError('two\\nlines')\n"
        "d.targets = boom\n"
        "from qcompile.cli import main\n"
        "main(sys.argv[1:])\n"
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    plain = run("targets")
    assert plain.returncode == 2 and plain.stderr.count("\n") == 1
    assert "RuntimeError: two lines" in plain.stderr and "--debug" in plain.stderr
    assert "Traceback" in run("targets", "--debug").stderr
    assert "Traceback" in run("--debug", "targets").stderr


def test_a_closed_pipe_is_no_error(built: Path) -> None:
    command = f"{sys.executable} -m qcompile predict {built / 'model.onnx'} sklearn:breast_cancer | head -1"
    found = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert found.stdout.count("\n") == 1 and "Traceback" not in found.stderr and "Broken" not in found.stderr
