"""A run that fails or is killed at any step leaves the old files or the new ones, never some of each."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qcompile.errors import QCompileError
from qcompile.files import area, commit, staged_files, staged_folder, sweep_all

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="steps are counted in a child process")

OLD = {"a": "old a", "b": "old b", "sub/c": "old c", "mine": "mine", "more/of/mine": "mine too"}
NEW = {"a": "new a", "b": "new b", "sub/c": "new c", "d": "new d"}
# Everything that changes the file system while files move.
STEPS = ("replace", "rename", "link", "mkdir", "fsync", "chmod", "unlink", "rmdir")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QCOMPILE_CACHE", str(tmp_path / "cache"))
    return area.root()


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def content(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


def run(target: Path) -> None:
    with staged_folder(target) as folder:
        write(folder, NEW)


def run_files(target: Path) -> None:
    with staged_files([target / name for name in ("a", "b", "d")]) as folder:
        write(folder, {name: NEW[name] for name in ("a", "b", "d")})


def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "exchange", lambda first, second: False)


def other_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "_elsewhere", lambda found, folder, whole: found.path.parent == area.root())


def steps(action: Callable[[], Any], stop_at: int, how: Callable[[], None]) -> tuple[int, int]:
    """Run in a child that meets ``how`` at step number ``stop_at``; its exit code, and the steps taken."""
    read, send = os.pipe()
    child = os.fork()
    if child == 0:
        taken = [0]

        def counted(real: Callable[..., Any]) -> Callable[..., Any]:
            def step(*args: Any, **more: Any) -> Any:
                taken[0] += 1
                if taken[0] == stop_at:
                    how()
                return real(*args, **more)

            return step

        os.fsync = lambda descriptor: None
        for name in STEPS:
            setattr(os, name, counted(getattr(os, name)))
        commit.exchange = counted(commit.exchange)  # type: ignore[assignment]
        code = 0
        try:
            action()
        except QCompileError:
            code = 2
        except BaseException:
            code = 3
        os.write(send, str(taken[0]).encode())
        os._exit(code)
    os.close(send)
    _, status = os.waitpid(child, 0)
    told = os.read(read, 100)
    os.close(read)
    return os.waitstatus_to_exitcode(status), int(told or 0)


WAYS = {
    "exchange": (run, lambda monkeypatch: None),
    "journal": (run, no_exchange),
    "other file system": (run, other_file_system),
    "other file system, journal": (run, lambda m: (other_file_system(m), no_exchange(m))),
    "files": (run_files, lambda monkeypatch: None),
    "files on another file system": (run_files, other_file_system),
}


@pytest.fixture(params=[(way, there) for way in WAYS for there in (True, False)], ids=str)
def case(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Callable[[Path], None], dict[str, str]]]:
    way, there = request.param
    action, prepare = WAYS[way]
    prepare(monkeypatch)
    yield way, action, (OLD if there else {})


def expected(action: Callable[[Path], None], old: dict[str, str]) -> dict[str, str]:
    names = NEW if action is run else {n: NEW[n] for n in ("a", "b", "d")}
    return {**old, **names}


def leftovers(tmp_path: Path, cache: Path) -> list[str]:
    found = [p.name for p in (*tmp_path.iterdir(), *(tmp_path / "deep").rglob("*"))]
    return sorted({n for n in found if n.startswith(".qcompile")} | {p.name for p in cache.iterdir()})


def test_a_kill_at_every_step_leaves_old_or_new_and_the_next_start_cleans(
    case: tuple[str, Callable[[Path], None], dict[str, str]], tmp_path: Path, cache: Path
) -> None:
    way, action, old = case
    target = tmp_path / "deep" / "out"
    new = expected(action, old)
    whole = not old or way in ("exchange", "other file system")
    number, seen = 0, set()
    while True:
        number += 1
        import shutil

        shutil.rmtree(tmp_path / "deep", ignore_errors=True)
        if old:
            write(target, old)
        code, _ = steps(lambda: action(target), number, lambda: os._exit(137))
        now = content(target)
        if whole:
            assert now in (old, new), f"step {number}"
        sweep_all()
        sweep_all(tmp_path)
        if target.parent.is_dir():
            sweep_all(target.parent)
        now = content(target)
        assert now in (old, new), f"step {number} after the next start"
        if target.is_dir():
            sweep_all(target)
        assert [n for n in leftovers(tmp_path, cache) if not n.endswith(".lock")] == []
        seen.add(now == new)
        if code == 0:
            break
    assert seen == {True, False} and number > 8


def test_a_failure_at_every_step_leaves_old_or_new_and_nothing_else(
    case: tuple[str, Callable[[Path], None], dict[str, str]], tmp_path: Path, cache: Path
) -> None:
    _, action, old = case
    target = tmp_path / "deep" / "out"
    number = 0

    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    import shutil

    while True:
        number += 1
        shutil.rmtree(tmp_path / "deep", ignore_errors=True)
        if old:
            write(target, old)
        code, taken = steps(lambda: action(target), number, full)
        assert code in (0, 2), f"step {number}"
        now = content(target)
        assert now == (expected(action, old) if code == 0 else old), f"step {number}"
        sweep_all()  # a failure while an area is removed leaves it to the next start
        assert [n for n in leftovers(tmp_path, cache) if not n.endswith(".lock")] == []
        if taken < number:
            break
    assert number > 8


def test_other_files_keep_their_identity_when_a_folder_is_exchanged(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write(target, OLD)
    (target / "link").symlink_to("mine")
    os.mkfifo(target / "pipe")
    (target / "mine").chmod(0o640)
    target.chmod(0o750)
    (target / "a").chmod(0o600)
    before = {n: os.lstat(target / n).st_ino for n in ("mine", "more/of/mine", "link", "pipe")}
    whole = target.stat().st_ino
    run(target)
    assert {n: os.lstat(target / n).st_ino for n in before} == before
    assert target.stat().st_mode & 0o777 == 0o750 and (target / "a").stat().st_mode & 0o777 == 0o600
    if commit.exchange.__module__ == "qcompile.files.exchange" and os.uname().sysname == "Linux":
        assert target.stat().st_ino != whole  # it was exchanged, not written file by file


def test_the_working_folder_stays_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out"
    write(target, OLD)
    monkeypatch.chdir(target)
    run(Path("."))
    assert content(Path(".")) == {**OLD, **NEW} == content(target)


def test_a_file_that_appears_in_the_last_moment_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    write(target, OLD)
    swap = commit.exchange

    def late(first: Path, second: Path) -> bool:
        write(target, {"late": "late", "sub/late": "late", "fresh/late": "late"})
        return swap(first, second)

    monkeypatch.setattr(commit, "exchange", late)
    run(target)
    assert content(target) == {
        **OLD, **NEW, "late": "late", "sub/late": "late", "fresh/late": "late"
    }  # fmt: skip


def test_many_other_files_are_not_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "OTHERS", 10)
    target = tmp_path / "out"
    others = {f"other{i}": "x" for i in range(20)}
    write(target, others)
    before = target.stat().st_ino
    run(target)
    assert content(target) == {**others, **NEW} and target.stat().st_ino == before


def test_one_destination_that_cannot_be_replaced_stops_all(tmp_path: Path) -> None:
    target = tmp_path / "out"
    write(target, {"a": "old a", "d/inside": "a folder where a file should go"})
    with pytest.raises(QCompileError, match="d is a folder"):
        run(target)
    assert content(target) == {"a": "old a", "d/inside": "a folder where a file should go"}


def test_two_runs_into_one_place_are_refused_at_the_start(tmp_path: Path) -> None:
    with staged_folder(tmp_path / "out") as folder:
        for again in (tmp_path / "out", tmp_path / "x" / ".." / "out"):
            with (
                pytest.raises(QCompileError, match="another qcompile is writing"),
                staged_folder(again),
            ):
                raise AssertionError("the block must not run")
        (folder / "a").write_text("first")
    assert content(tmp_path / "out") == {"a": "first"}
    run(tmp_path / "out")
