"""Files appear complete or not at all, and what was there before survives every failure."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from qcompile.errors import QCompileError
from qcompile.files import staged_file, staged_folder


def content(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_new_folder_appears_with_all_its_files(tmp_path: Path) -> None:
    with staged_folder(tmp_path / "deep" / "build") as folder:
        (folder / "a").write_text("1")
        assert not (tmp_path / "deep" / "build").exists()
    assert content(tmp_path) == {"deep/build/a": "1"}
    assert (tmp_path / "deep" / "build").stat().st_mode & 0o755 == 0o755


def test_files_replace_older_ones_and_leave_strangers_alone(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "mine").write_text("kept")
    with staged_folder(tmp_path) as folder:
        (folder / "a").write_text("new")
    assert content(tmp_path) == {"a": "new", "mine": "kept"}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("exists", [False, True])
def test_a_failure_leaves_no_trace(tmp_path: Path, error: type[BaseException], exists: bool) -> None:
    target = tmp_path / "deep" / "build"
    if exists:
        target.mkdir(parents=True)
        (target / "a").write_text("old")
    before = content(tmp_path)
    with pytest.raises(error), staged_folder(target) as folder:
        (folder / "a").write_text("half")
        raise error
    assert content(tmp_path) == before
    assert (tmp_path / "deep").exists() == exists


def test_a_failure_leaves_an_older_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "model.onnx"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), staged_file(target) as path:
        path.write_text("half")
        raise KeyboardInterrupt
    assert content(tmp_path) == {"model.onnx": "old"}
    with staged_file(target) as path:
        path.write_text("new")
    assert content(tmp_path) == {"model.onnx": "new"}


def test_ctrl_c_during_the_last_renames_waits_until_they_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def pressed(*args: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        replace(*args)  # type: ignore[arg-type]

    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(os, "replace", pressed)
    with pytest.raises(KeyboardInterrupt), staged_folder(tmp_path) as folder:
        (folder / "a").write_text("new a")
        (folder / "b").write_text("new b")
    assert content(tmp_path) == {"a": "new a", "b": "new b"}


def test_a_place_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for make, place, told in (
        (staged_folder, "file", "is a file"),
        (staged_folder, "file/build", "cannot be written"),
        (staged_file, ".", "is a folder"),
        (staged_file, "file/model.onnx", "cannot be written"),
    ):
        with pytest.raises(QCompileError, match=told), make(tmp_path / place):
            raise AssertionError("the block must not run")
