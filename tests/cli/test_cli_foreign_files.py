"""What the user wrote or edited is kept; --force replaces it and keeps the old content beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qcompile.cli import main
from qcompile.files import owned
from qcompile.report.written import written

COMPILERS = any(map(shutil.which, ("cc", "gcc", "clang")))
QUICK = ["--encoder", "uniform", "--bits", "2", "--beta", "0.1", "--neurons", "4", "--jobs", "1"]
WRITERS = {
    "build": (["build", "sklearn:iris", *QUICK, "-o", "out"], "out"),
    "train": (["train", "sklearn:iris", *QUICK, "-o", "out/m.onnx"], "out"),
    "export": (["export", "{built}", "--onnx", "int4", "-o", "out/m.onnx"], "out"),
    "compile": (["compile", "{built}", "--target", "cortex-m4", "-o", "out"], "out"),
    "zephyr": (["compile", "{built}", "--target", "cortex-m4", "--layout", "zephyr", "-o", "out"], "out"),
    "import": (["import", "{built}/model.onnx", "-o", "out"], "out"),
    "check": (["check", "{built}", "--max-size-kb", "1000", "--junit", "out/j.xml"], "out"),
}
if COMPILERS:
    custom = ["export", "{built}", "--onnx", "custom", "-o", "out/m.onnx"]
    WRITERS["export custom"] = (custom, "out")
    WRITERS["compile library"] = (["compile", "{built}", "--layout", "library", "-o", "out"], "out")


def run(words: list[str], built: Path, *more: str) -> Result:
    return CliRunner().invoke(main, [*(word.format(built=built) for word in words), *more])


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def edit(path: Path) -> bytes:
    """Change a file as a user would; returns its new content."""
    content = path.read_bytes()
    if path.suffix == ".json":
        content = content.replace(b"\n}", b',\n "mine": 1\n}')
    content = content.replace(b"<testsuite name", b"<testsuite owner='me' name") + b"\n\n"
    path.write_bytes(content)
    return content


def foreign_files(folder: Path, names: list[str]) -> Iterator[str]:
    """Files that would not be replaced."""
    known = written(folder)
    return (name for name in names if owned.foreign(folder / name, None, known.get(name)))


@pytest.mark.parametrize("writer", WRITERS)
def test_an_edited_file_is_kept_and_force_replaces_it(
    writer: str, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words, place = WRITERS[writer]
    assert run(words, built).exit_code == 0
    names = list(content(Path(place)))
    again = run(words, built)  # what a run wrote is replaced without a question
    assert again.exit_code == 0, again.output
    edited = [name for name in names if not name.endswith(".so")]  # a library is known by its operator
    texts = {name: edit(Path(place) / name) for name in edited}
    before = content(Path(place))
    found = run(words, built)
    assert found.exit_code == 2, found.output
    assert edited[0] in found.stderr and "--force" in found.stderr and found.stderr.count("\n") == 1
    assert content(Path(place)) == before
    forced = run(words, built, "--force")
    assert forced.exit_code == 0, forced.output
    now = content(Path(place))
    for name in edited:
        assert now[f"{name}.bak"] == texts[name] != now[name]


@pytest.mark.parametrize("writer", [w for w in WRITERS if w not in ("build", "train")])
def test_each_edited_file_is_noticed(
    writer: str, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words, place = WRITERS[writer]
    assert run(words, built).exit_code == 0
    for name in content(Path(place)):
        path = Path(place) / name
        honest = path.read_bytes()
        if not name.endswith(".so"):
            edit(path)
            assert list(foreign_files(Path(place), [name])) == [name]
        path.write_bytes(honest)
        assert not list(foreign_files(Path(place), [name]))


@pytest.mark.parametrize("writer", WRITERS)
def test_a_foreign_file_is_kept(
    writer: str, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words, place = WRITERS[writer]
    assert run(words, built).exit_code == 0
    name = next(iter(content(Path(place))))
    shutil.rmtree(place)
    (Path(place) / name).parent.mkdir(parents=True)
    (Path(place) / name).write_text("mine")
    found = run(words, built)
    assert found.exit_code == 2 and name in found.stderr, found.output
    assert content(Path(place)) == {name: b"mine"}
    (Path(place) / name).write_text("")  # an empty file, as mktemp makes one, holds nothing to keep
    assert run(words, built).exit_code == 0


def test_the_table_is_never_replaced_by_its_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table = "a,b\n" + "".join(f"{i},{'x' if i % 2 else 'y'}\n" for i in range(40))
    Path("t.csv").write_text(table)
    found = CliRunner().invoke(main, ["train", "t.csv", *QUICK, "-o", "t.csv"])
    assert found.exit_code == 2 and "t.csv was not written by qcompile" in found.stderr
    assert Path("t.csv").read_text() == table


def test_the_second_backup_has_a_name_of_its_own(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words, _ = WRITERS["export"]
    Path("out").mkdir()
    for text in ("first", "second"):
        Path("out/m.onnx").write_text(text)
        assert run(words, built, "--force").exit_code == 0
    assert Path("out/m.onnx.bak").read_text() == "first"
    assert Path("out/m.onnx.bak1").read_text() == "second"
