"""The golden files' own mechanism: it fails where it must, says what differs, and rewrites when asked."""

from pathlib import Path

import pytest
from support.golden import Golden


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    writer = Golden(tmp_path, update=True)
    writer.folder("c/case", {"model.c": "one\ntwo\n", "docs/README.md": "text\n"})
    return tmp_path


def test_equal_text_passes_and_a_changed_line_is_shown(stored: Path) -> None:
    golden = Golden(stored)
    golden.folder("c/case", {"model.c": "one\ntwo\n", "docs/README.md": "text\n"})
    with pytest.raises(pytest.fail.Exception, match=r"(?s)-two\n\+three\n.*--update-golden"):
        golden("c/case/model.c", "one\nthree\n")
    with pytest.raises(pytest.fail.Exception, match="line ends only"):
        golden("c/case/model.c", "one\r\ntwo\n")


def test_a_file_that_is_missing_or_no_longer_written_is_named(stored: Path) -> None:
    golden = Golden(stored)
    with pytest.raises(pytest.fail.Exception, match=r"no longer written: docs/README\.md"):
        golden.folder("c/case", {"model.c": "one\ntwo\n"})
    with pytest.raises(pytest.fail.Exception, match=r"c/case/new\.c: there is no golden file"):
        golden("c/case/new.c", "")


def test_an_update_rewrites_the_folder_and_removes_what_is_left_over(stored: Path) -> None:
    Golden(stored, update=True).folder("c/case", {"model.c": "new\n"})
    Golden(stored).folder("c/case", {"model.c": "new\n"})
