"""The folder that compile wrote is a model too: verify, check, cost and compare take it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qcompile.api import check, compare, compile_model, verify
from qcompile.errors import ModelError, UnsupportedError


@pytest.fixture(scope="module")
def folder(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("firmware") / "out"
    compile_model(built, "cortex-m4", place, name="model")
    return place


def test_costs_of_the_folder_are_those_of_the_model(built: Path, folder: Path) -> None:
    rows = compare([built, folder], ["rv32imc_zbb"]).rows
    assert rows[0] == replace(rows[1], model=str(built))
    assert check(folder, "cortex-m4", max_flash_kb=512).passed
    assert not check(folder, "cortex-m4", max_flash_kb=0.01).passed


def test_verify_runs_the_files_that_are_there(folder: Path, tmp_path: Path) -> None:
    for package in ("ziglang", "unicorn", "capstone", "elftools"):
        pytest.importorskip(package, reason="emulation needs qcompile[edge]")
    found = verify(folder, targets=["cortex-m4"], rows=10)
    assert found.passed and "as they were written" in found.checks[0].sentence
    source = folder / "model.c"
    text = source.read_text()
    try:
        source.write_text(text + "\n/* edited */\n")
        edited = verify(folder, targets=["cortex-m4"], rows=10)
        assert edited.passed and "changed since they were written: model.c" in edited.checks[0].sentence
    finally:
        source.write_text(text)


def test_a_wrong_target_is_refused_with_what_to_do(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="holds C for cortex-m4, not for cortex-m3"):
        verify(folder, targets=["cortex-m3"])
    (folder / "model.c").rename(folder / "away.c")
    try:
        with pytest.raises(ModelError, match="compile it again"):
            verify(folder, targets=["cortex-m4"])
    finally:
        (folder / "away.c").rename(folder / "model.c")
    with pytest.raises(ModelError, match=r"neither model.onnx nor program.qir"):
        verify(tmp_path)
