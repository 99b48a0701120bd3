"""Commit: all files of a run come into place, or none; a run that is killed leaves the old or the new.

    nothing there yet       one rename of the outermost folder that is missing
    a folder                a new folder with the new files and links to all others, exchanged whole
    else                    one rename per file, after a journal; a failure puts every file back, and
                            the next start completes what a killed run had begun

A folder is not exchanged where that is impossible (a mount point, no such call) or would be noticed
(the working folder, a link in the place of a file, very many other files in it).
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qcompile.files.area import Area
from qcompile.files.destination import missing_top
from qcompile.files.exchange import exchange
from qcompile.json_records import Json

OTHERS = 1000  # files of a folder that are linked into the new one, at most
Moves = Sequence[tuple[Path, Path]]


def put(area: Area, folder: Path, moves: Mapping[str, Path], whole: bool) -> None:
    """Bring what lies in ``area.new`` into place.

    Args:
        area: holds the files, complete.
        folder: where they belong, there or not yet; resolved.
        moves: relative name -> resolved destination of every file.
        whole: the folder is the run's own, to be exchanged as one.

    Raises:
        OSError: a file cannot be put in place; all are as they were before.
    """
    for name in moves:
        _sync(area.new / name)
    if not _elsewhere(area, folder, whole):
        try:
            return _put(area, folder, moves, whole)
        except OSError as error:
            if error.errno != errno.EXDEV:  # a bind mount looks like the same file system
                raise
    _beside(area, folder, moves, whole)


def _put(area: Area, folder: Path, moves: Mapping[str, Path], whole: bool) -> None:
    if not folder.exists():
        try:
            return _fresh(area, folder)
        except FileExistsError:  # somebody made it meanwhile
            pass
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
    here = {name: folder / name for name in moves}
    if not (whole and here == dict(moves) and _whole(area, folder)):
        _each(area, [(area.new / name, dest) for name, dest in moves.items()])


def _beside(area: Area, folder: Path, moves: Mapping[str, Path], whole: bool) -> None:
    """Copy the files to the destination's file system, then go on there."""
    place = _near(folder, whole) / area.path.name
    _note(area.journal, {"beside": str(place)})  # before it is there, so that the next start finds it
    near = Area(place)
    try:
        shutil.copytree(area.new, near.new, dirs_exist_ok=True)
        for name in moves:
            _sync(near.new / name)
        _put(near, folder, moves, whole)
    finally:
        near.remove()


def _near(folder: Path, whole: bool) -> Path:
    """A folder from which the destination is reached by renames."""
    top = missing_top(folder)
    if top is not None:
        return top.parent
    outside = whole and not os.path.ismount(folder) and os.access(folder.parent, os.W_OK)
    return folder.parent if outside else folder


def _elsewhere(area: Area, folder: Path, whole: bool) -> bool:
    """Whether files must be made near the destination: another file system, or its own rights."""
    home = _near(folder, whole).stat()
    return home.st_dev != area.path.stat().st_dev or bool(home.st_mode & stat.S_ISGID)


def _fresh(area: Area, folder: Path) -> None:
    top = missing_top(folder)
    if top is None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
    inside = folder.relative_to(top)
    source = area.new
    if inside.parts:
        source = area.path / "fresh"
        (source / inside).parent.mkdir(parents=True)
        area.new.rename(source / inside)
    source.rename(top)


def _whole(area: Area, folder: Path) -> bool:
    """Exchange the folder for one with the new files and everything else that was in it."""
    if os.path.ismount(folder) or _is_working(folder):
        return False
    whole = area.path / "whole"
    try:
        whole.mkdir()
        budget = [OTHERS]
        _link(area.new, whole, budget)
        _link(folder, whole, budget)
        mine = whole.stat()
        _note(area.journal, {"exchange": str(folder), "whole": str(whole), "inode": mine.st_ino})
        if not exchange(whole, folder):
            raise OSError(errno.ENOTSUP, "")
    except OSError:
        shutil.rmtree(whole, ignore_errors=True)
        return False
    _late(whole, folder)
    return True


def _is_working(folder: Path) -> bool:
    """Whether the working folder is in it: a shell there would be left in a deleted folder."""
    try:
        return Path.cwd().is_relative_to(folder)
    except OSError:
        return False


def _link(source: Path, dest: Path, budget: list[int]) -> None:
    """Link everything in a folder into another one, except what has its name there already."""
    for entry in os.scandir(source):
        place = dest / entry.name
        budget[0] -= 1
        if budget[0] < 0:
            raise OSError(errno.EMLINK, "")
        if entry.is_dir(follow_symlinks=False):
            if not place.is_dir():
                place.mkdir()
            _link(Path(entry.path), place, budget)
        elif not os.path.lexists(place):
            os.link(entry.path, place, follow_symlinks=False)
        else:  # the old file's rights are the new one's
            place.chmod(entry.stat(follow_symlinks=False).st_mode & 0o777)
    _same_rights(source, dest)


def _same_rights(old: Path, new: Path) -> None:
    there, here = old.stat(), new.stat()
    if hasattr(os, "chown") and (there.st_uid, there.st_gid) != (here.st_uid, here.st_gid):
        os.chown(new, there.st_uid, there.st_gid)
    shutil.copystat(old, new)


def _late(old: Path, new: Path) -> None:
    """Bring over what somebody put into the old folder in its last moment."""
    for entry in os.scandir(old):
        place = new / entry.name
        if not os.path.lexists(place):
            os.rename(entry.path, place)
        elif entry.is_dir(follow_symlinks=False) and place.is_dir():
            _late(Path(entry.path), place)


def _each(area: Area, moves: Moves) -> None:
    """Replace file after file; put everything back if one cannot be replaced."""
    if len(moves) == 1:  # one rename is all or nothing
        ((new, dest),) = moves
        if dest.exists():
            new.chmod(dest.stat().st_mode & 0o777)
        os.replace(new, dest)
        return
    aside = area.path / "aside"
    aside.mkdir()
    plan = []
    for i, (new, dest) in enumerate(moves):
        kept = aside / str(i)
        if dest.exists():
            new.chmod(dest.stat().st_mode & 0o777)
            _keep(dest, kept)
        dest.parent.mkdir(parents=True, exist_ok=True)
        plan.append([str(new), str(dest), str(kept) if kept.exists() else ""])
    _note(area.journal, {"moves": plan})
    try:
        for new, dest in moves:
            os.replace(new, dest)
    except OSError:
        _back(plan)
        _note(area.journal, {})
        raise


def _keep(dest: Path, kept: Path) -> None:
    try:
        os.link(dest, kept)
    except OSError:
        shutil.copy2(dest, kept)


def _back(plan: Sequence[Sequence[str]]) -> None:
    for new, dest, kept in plan:
        if os.path.lexists(new):
            continue  # it was not moved
        if kept:
            os.replace(kept, dest)
        else:
            Path(dest).unlink(missing_ok=True)


def finish(area: Path) -> None:
    """Complete what the journal of an ended process says, or put everything back."""
    try:
        todo: Json = json.loads((area / "journal.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if "beside" in todo:
        near = Path(todo["beside"])
        if near.is_dir():
            finish(near)
            shutil.rmtree(near, ignore_errors=True)
    elif "exchange" in todo:
        whole, folder = Path(todo["whole"]), Path(todo["exchange"])
        if whole.is_dir() and folder.is_dir() and folder.stat().st_ino == todo["inode"]:
            _late(whole, folder)
    elif "moves" in todo:
        try:
            for new, dest, _ in todo["moves"]:
                if os.path.lexists(new):
                    os.replace(new, dest)
        except OSError:
            _back(todo["moves"])


def _note(journal: Path, content: Mapping[str, Any]) -> None:
    part = journal.with_suffix(".part")
    with part.open("w", encoding="ascii") as stream:
        json.dump(content, stream)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, journal)


def _sync(path: Path) -> None:
    """A full disk is noticed here at the latest, before anything is replaced."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
