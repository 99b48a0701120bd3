"""A word such as None is a class or category where it is frequent or declared, and said where it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcompile.data.clean.missing import WORDS
from qcompile.data.load import load
from qcompile.data.rows import load_rows
from qcompile.model.reading import Reading

SPELLINGS = sorted(word for word in WORDS if not word.startswith("#"))  # a spreadsheet writes these


def framed(labels: list[str], **columns: object) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"f": rng.normal(size=len(labels)), **columns, "y": labels})


@settings(max_examples=60, deadline=None)
@given(
    word=st.sampled_from(SPELLINGS),
    others=st.lists(st.sampled_from(["Low", "High", "Mid", "Apnea"]), min_size=1, max_size=3, unique=True),
    each=st.integers(4, 30),
)
def test_a_class_named_like_a_missing_cell_is_a_class_where_it_is_as_frequent_as_others(
    word: str, others: list[str], each: int
) -> None:
    table = load(framed([word, *others] * each))
    assert set(table.schema.classes) == {word, *others} and len(table) == each * (1 + len(others))
    assert any(f"{each} cells {word!r} were kept as a category" in note for note in table.notes)
    assert any(f"--missing {word}" in note for note in table.notes)


@pytest.mark.parametrize("word", SPELLINGS)
def test_a_rare_one_is_a_missing_label_and_the_note_says_how_to_keep_it(word: str) -> None:
    frame = framed(["a", "b"] * 60 + [word] * 2)
    table = load(frame)
    assert table.schema.classes == ("a", "b") and len(table) == 120
    assert any(f"2 cells {word!r} were taken as missing (--missing" in note for note in table.notes)
    kept = load(frame, reading=Reading(missing=("?",)))
    assert len(kept) == 122 and word in kept.schema.classes


def test_declared_categories_are_kept_however_rare() -> None:
    labels = pd.Categorical(["a", "b"] * 60 + ["None"] * 2, categories=["None", "a", "b"])
    table = load(framed(["a"] * 122).assign(y=labels))
    assert table.schema.classes == ("None", "a", "b") and len(table) == 122


def test_missing_replaces_the_usual_words_and_names_numbers_too() -> None:
    frame = framed(["None", "a", "b"] * 10, n=[1.0, 2.0, -999.0] * 10, c=["NA", "NA", "p", "q", "q"] * 6)
    table = load(frame, reading=Reading(missing=("None", "-999")))
    assert table.schema.classes == ("a", "b") and len(table) == 20
    assert np.isnan(table.x[:, 1]).sum() == 10
    assert table.schema.columns[2].categories == ("NA", "p", "q")
    rows = load_rows(frame, table.schema)
    assert rows.y is not None and (rows.y == -1).sum() == 10 and np.isnan(rows.x[:, 1]).sum() == 10


@pytest.mark.parametrize("word", ["None", "NA", "nan", "null"])
def test_files_and_frames_agree(tmp_path, word: str) -> None:
    frame = framed(["yes", word] * 20, c=[word, "u", "v", "w"] * 10)
    frame.to_csv(tmp_path / "t.csv", index=False)
    table, same = load(tmp_path / "t.csv"), load(frame)
    assert table.schema == same.schema and set(table.schema.classes) == {"yes", word}
    np.testing.assert_array_equal(table.y, same.y)
    rows = load_rows(tmp_path / "t.csv", table.schema)
    np.testing.assert_array_equal(rows.y, table.y)
    assert rows.unseen == rows.unreadable == 0


def test_classes_that_are_numbers_have_one_name_in_every_file(tmp_path) -> None:
    (tmp_path / "t.csv").write_text(
        "a,y\n" + "".join(f"{i * i % 7},{v}\n" for i, v in enumerate(["1.0", "0.0"] * 9 + ["?"]))
    )
    table = load(tmp_path / "t.csv")
    assert table.schema.classes == ("0", "1") and len(table) == 18
    (tmp_path / "new.csv").write_text("a,y\n3,1\n4,0.0\n5,n.d.\n")
    assert load_rows(tmp_path / "new.csv", table.schema).y.tolist() == [1, 0, -1]


def test_a_number_and_a_word_are_two_classes() -> None:
    assert load(framed(["None", "1"] * 20)).schema.classes == ("1", "None")
