"""Reading options on every command that reads a table; predict says what it did not know."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from qcompile.cli import main

FAST = ("--encoder", "thermometer", "--k", "4", "--beta", "0.03", "--neurons", "8")
N = 80
RNG = np.random.default_rng(0)
A = np.round(RNG.normal(size=N), 2)
ODD = "no\nor so"  # a class whose name has two lines


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table with an identifier, a unit, a date and a category, and what was built from it."""
    folder = tmp_path_factory.mktemp("tables")
    lines = ["case_no;weight;when;kind;day_off;y"]
    for i, a in enumerate(A):
        weight = f"{a:.2f} kg".replace(".", ",") if i % 9 else "n.d."
        y = "yes" if a + 0.3 * np.sin(i) > 0 else f'"{ODD}"'
        lines.append(f"{(i * 7919) % 10007};{weight};{1 + i % 28}.03.2020;{'uvw'[i % 3]};{i % 5};{y}")
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    words = ("--dates", "parts", "--keep", "case_no", "--drop", "day_off", *FAST)
    result = run("build", folder / "t.csv", "-o", folder / "out", "--json", *words)
    assert result.exit_code == 0, result.output
    return folder


def test_what_was_done_is_in_the_report(built: Path) -> None:
    record = json.loads((built / "out" / "report.json").read_text())
    said = " ".join(record["data"]["notes"])
    assert "Dropped, as asked: column 'day_off'." in said and "all in kg" in said
    assert record["model"]["columns"] == ["case_no", "weight", "when.weekday", "kind"]


def test_verify_reads_the_table_as_the_build_did(built: Path) -> None:
    result = run("verify", built / "out", "--data", built / "t.csv", "--rows", 20)
    assert result.exit_code == 0, result.output
    assert run("verify", built / "out", "--data", built / "t.csv", "--drop", "kind").exit_code == 2


def test_predict_reads_new_rows_alike_and_one_line_is_one_row(built: Path) -> None:
    result = run("predict", built / "out", built / "t.csv")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == N
    assert set(result.stdout.splitlines()) == {"yes", ODD.replace("\n", "\\n")}


def test_predict_counts_what_it_does_not_know(built: Path) -> None:
    (built / "new.csv").write_text("kind;when;weight;case_no\nu;1.4.2020;1,5 kg;5\nz;soon;heavy;6\nz;;-;7\n")
    record = json.loads(run("predict", built / "out", built / "new.csv", "--json").stdout)
    assert (record["rows"], record["unseen"], record["unreadable"]) == (3, 2, 2)
    shown = run("predict", built / "out", built / "new.csv")
    assert "2 cells such as 'z' are a category that training did not see" in shown.stderr
    assert len(shown.stdout.splitlines()) == 3


def test_a_header_alone_predicts_nothing(built: Path) -> None:
    (built / "none.csv").write_text("kind;when;weight;case_no\n")
    result = run("predict", built / "out", built / "none.csv")
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize("command", ["build", "train", "predict", "verify"])
def test_every_command_that_reads_a_table_has_the_reading_options(command: str) -> None:
    shown = run(command, "--help").output
    for option in ("--missing", "--keep", "--drop", "--dates"):
        assert option in shown


def test_missing_names_several_texts_with_commas(built: Path) -> None:
    result = run("train", built / "t.csv", "-o", built / "m.onnx", "--missing", "n.d.,u", "--json", *FAST)
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert "missing, in" in " ".join(record["data"]["notes"])
    assert run("train", built / "t.csv", "-o", built / "m.onnx", "--keep", "casenr").exit_code == 2
