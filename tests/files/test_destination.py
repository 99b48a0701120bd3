"""What is not a regular file is never written to: refused before any work, by every command."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from qcompile.cli import main
from qcompile.errors import QCompileError
from qcompile.files import staged_file, staged_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="devices and pipes of POSIX")

KINDS = {
    "character device": stat.S_IFCHR,
    "block device": stat.S_IFBLK,
    "pipe": stat.S_IFIFO,
    "socket": stat.S_IFSOCK,
}


def special(place: Path, kind: str) -> Path:
    """A node of this kind in a temporary folder; devices need the super-user and a file system for them."""
    path = place / kind.replace(" ", "_")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(os.path.relpath(path))
    else:
        try:
            os.mknod(path, KINDS[kind] | 0o600, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("making a device is not permitted here")
    return path


COMMANDS = {
    "build": ["build", "sklearn:iris", "-o"],
    "train": ["train", "sklearn:iris", "-o"],
    "train custom": ["train", "sklearn:iris", "--onnx", "custom", "-o"],
    "export": ["export", "{built}", "-o"],
    "compile": ["compile", "{built}", "--target", "cortex-m4", "-o"],
    "import": ["import", "{built}/model.onnx", "-o"],
    "check": ["check", "{built}", "--max-size-kb", "1000", "--junit"],
}


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a table or a model is work."""
    import importlib

    for module, name in (
        ("qcompile.api._train", "read_table"),
        ("qcompile.api._build", "read_table"),
        ("qcompile.api._export_model", "open_model"),
        ("qcompile.api._compile", "open_model"),
        ("qcompile.api._import_model", "read_program"),
        ("qcompile.api._check", "open_model"),
    ):
        monkeypatch.setattr(
            importlib.import_module(module), name, lambda *_, **__: pytest.fail("it began to work")
        )


@pytest.mark.parametrize("through_link", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_destination_that_is_no_regular_file_is_refused_before_any_work(
    command: str,
    kind: str,
    through_link: bool,
    built: Path,
    tmp_path: Path,
    no_work: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = special(tmp_path, kind)
    if through_link:
        path.with_name("link").symlink_to(path)
    before = os.lstat(path)
    given = path.with_name("link") if through_link else path
    words = [word.format(built=built) for word in COMMANDS[command]]
    found = CliRunner().invoke(main, [*words, str(given)])
    assert found.exit_code == 2, found.output
    assert f"is a {kind}, which is not written to" in found.stderr and found.stderr.count("\n") == 1
    after = os.lstat(path)
    assert (after.st_ino, after.st_mode, after.st_rdev) == (before.st_ino, before.st_mode, before.st_rdev)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("loop/x", "links lead in a circle"),
        ("loop", "links lead in a circle"),
        ("n" * 300, "the name is too long"),
        ("missing/" + "n" * 300, "the name is too long"),
        ("/".join(["d" * 200] * 25), "the name is too long"),
        ("file/x", "a file, not a folder"),
        ("/proc/x", "cannot be written"),
        ("/proc/x/y", "cannot be written"),
    ],
)
def test_a_path_that_cannot_be_is_one_sentence_before_any_work(
    command: str,
    place: str,
    told: str,
    built: Path,
    tmp_path: Path,
    no_work: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("kept")
    (tmp_path / "loop").symlink_to("loop")
    words = [word.format(built=built) for word in COMMANDS[command]]
    found = CliRunner().invoke(main, [*words, place])
    assert found.exit_code == 2 and told in found.stderr and found.stderr.count("\n") == 1, found.output
    assert "unexpected" not in found.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "loop"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs a mount")
def test_a_read_only_file_system_is_one_sentence(built: Path, no_work: None) -> None:
    place = next((p for p in ("/sys/x", "/proc/sys/x") if Path(p).parent.is_dir()), None)
    assert place is not None
    found = CliRunner().invoke(main, ["export", str(built), "-o", place])
    assert found.exit_code == 2 and "cannot be written" in found.stderr


def test_a_link_is_written_through_and_stays(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "real.onnx").write_text("old")
    for name, leads_to in (("link", "there/real.onnx"), ("dangling", "there/new.onnx")):
        (tmp_path / name).symlink_to(leads_to)
        with staged_file(tmp_path / name) as path:
            path.write_text(name)
        assert (tmp_path / name).is_symlink() and (tmp_path / leads_to).read_text() == name
        assert not (tmp_path / leads_to).is_symlink()
    (tmp_path / "folder").symlink_to("there")
    with staged_folder(tmp_path / "folder") as new:
        (new / "real.onnx").write_text("through the folder")
    assert (tmp_path / "folder").is_symlink()
    assert (tmp_path / "there" / "real.onnx").read_text() == "through the folder"


def test_a_link_inside_an_output_folder_is_written_through_too(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("old")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "model.onnx").symlink_to("../elsewhere")
    with staged_folder(tmp_path / "build") as new:
        (new / "model.onnx").write_text("new")
        (new / "report.json").write_text("new too")
    assert (tmp_path / "build" / "model.onnx").is_symlink()
    assert (tmp_path / "elsewhere").read_text() == "new"
    assert (tmp_path / "build" / "report.json").read_text() == "new too"


def test_a_device_inside_an_output_folder_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    os.mkfifo(tmp_path / "build" / "report.json")
    with (
        pytest.raises(QCompileError, match=r"report\.json is a pipe"),
        staged_folder(tmp_path / "build", ["model.onnx", "report.json"]),
    ):
        raise AssertionError("the block must not run")
    assert stat.S_ISFIFO(os.lstat(tmp_path / "build" / "report.json").st_mode)


def test_the_file_that_messages_go_to_is_no_destination(tmp_path: Path, built: Path) -> None:
    import subprocess
    import sys

    for place in ("out.txt", "/dev/stdout"):
        with (tmp_path / "out.txt").open("w") as stream:
            command = [sys.executable, "-m", "qcompile", "export", str(built), "-o", place]
            found = subprocess.run(command, stdout=stream, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
        assert found.returncode == 2 and "where this program's messages go" in found.stderr
        assert (tmp_path / "out.txt").read_text() == ""


def test_a_null_byte_is_no_file_name() -> None:
    with pytest.raises(QCompileError, match="is not a file name"), staged_file(Path("a\0b")):
        raise AssertionError("the block must not run")
