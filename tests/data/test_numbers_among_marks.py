"""A numeric column with marks in some cells is numeric, whatever the marks and its numbers' spelling."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qcompile.data.clean.columns import interpret
from qcompile.data.clean.numbers import number_texts, numbers_in, written
from qcompile.data.load import load
from qcompile.data.rows import load_rows

MARKS = (
    "-", "--", "..", ":", "NuLL", "NONE", "N.A.", "missing", "unknown", "nd", "(null)", "\\N", "#DIV/0!",
    "#VALUE!", "n.d.", "N/D", "not available",
    "*", "—", "NaN", "#N/A", "?", "", "na", "UNK", "[blank]", "#REF!",
)  # fmt: skip


def spelled(number: float, mark: str, group: str, decimals: int) -> str:
    """A number as people write it, made without the code under test."""
    text = f"{abs(number):,.{decimals}f}".replace(",", "G").replace(".", mark).replace("G", group)
    return text


GROUPS = ((".", ","), (",", "."), (".", "'"), (",", " "), (",", "\u202f"), (".", ""), (",", ""))
AROUND = ("{}", "{} kg", "{}kg", "{} %", "{}%", "${}", "€ {}", "{} EUR", "{} mg/l", "{} °C")


@st.composite
def columns(draw: st.DrawFn) -> tuple[list[str], list[float]]:
    """Texts of one column, and the numbers that they are (NaN for none)."""
    mark, group = draw(st.sampled_from(GROUPS))
    decimals = draw(st.sampled_from([1, 2, 4]))
    negative = draw(st.sampled_from(["-{}", "\u2212{}", "({})", "{}-", "- {}"]))
    around = draw(st.sampled_from(AROUND))
    some = draw(st.booleans())  # the unit may stand in some cells only
    numbers = draw(st.lists(st.integers(-(10**7), 10**7), min_size=12, max_size=40))
    marks = draw(st.lists(st.sampled_from(MARKS), min_size=0, max_size=len(numbers) // 2))
    texts, values = [], []
    for i, whole in enumerate(numbers):
        value = whole / 10.0**decimals
        dress = "{}" if some and i % 3 else around
        text = spelled(value, mark, group, decimals)
        if value < 0:
            inside = negative == "{}-"
            text = dress.format(negative.format(text)) if inside else negative.format(dress.format(text))
        else:
            text = draw(st.sampled_from(["", "", "", "", "<", ">", "<= "])) + dress.format(text)
        texts.append(text)
        values.append(value)
    order = draw(st.permutations(range(len(texts) + len(marks))))
    cells = [(texts + marks)[i] for i in order]
    return cells, [(values + [np.nan] * len(marks))[i] for i in order]


@settings(max_examples=200, deadline=None)
@given(columns())
def test_numbers_in_any_spelling_among_marks_are_these_numbers(column: tuple[list[str], list[float]]) -> None:
    texts, values = column
    plain = sum(not t.lstrip().startswith(("<", ">")) for t, v in zip(texts, values, strict=True) if v == v)
    cells = interpret(pd.Series(texts, name="c", dtype=object))
    if 2 * plain < sum(v == v for v in values) and len({v for v in values if v == v}) < 10:
        return  # mostly bounds, and few: ">50K" and "<=50K" are categories
    assert cells.column.kind == "numeric", cells
    np.testing.assert_array_equal(cells.values, values)


@pytest.mark.parametrize("mark", [m for m in MARKS if m])
def test_a_mark_in_some_cells_is_said_with_its_count(mark: str) -> None:
    texts = [f"{i}.5" for i in range(20)] + [mark] * 7
    table = load(pd.DataFrame({"a": np.arange(27) % 4, "c": texts, "y": ["u", "v", "w"] * 9}))
    assert table.schema.columns[1].kind == "numeric"
    assert np.isnan(table.x[:, 1]).sum() == 7
    assert f"Column 'c': numbers, where 7 cells {mark!r} count as missing." in table.notes


def test_marks_that_no_list_has_are_missing_where_they_are_few_texts_among_many_numbers() -> None:
    texts = [f"{i / 4}" for i in range(60)] + ["sample lost"] * 30
    cells = interpret(pd.Series(texts, name="c"))
    assert cells.column.kind == "numeric" and np.isnan(cells.values).sum() == 30
    assert any("30 cells such as 'sample lost', which count as missing" in note for note in cells.notes)


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["<=50K", ">50K"] * 10, "two bounds are two classes"),
        (["10-20", "20-30", "30-40"] * 8, "ranges"),
        (["1st", "2nd", "3rd"] * 8, "ordinals"),
        (["A1", "B2", "C3"] * 8, "codes"),
        (["2", "3", "4", "m"] * 6, "one letter among few numbers"),
        (["12 kg", "300 g", "4 kg", "1 g"] * 6, "two units"),
        (["+", "-"] * 12, "signs"),
        (["K", *map(str, range(1, 7)), "UG"] * 5, "grades"),
    ],
)
def test_categories_that_hold_digits_stay_categories(texts: list[str], why: str) -> None:
    assert interpret(pd.Series(texts, name="c")).column.kind == "categorical", why


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1.234", "2.500", "1.234.567"], [1234.0, 2500.0, 1234567.0]),
        (["1.234", "2.5"], [1.234, 2.5]),
        (["1,234", "2,500"], [1234.0, 2500.0]),
        (["1,234", "2,5"], [1.234, 2.5]),
        (["12,34,567", "1,234"], [1234567.0, 1234.0]),
        (["1.2k", "3M", "900"], [1200.0, 3e6, 900.0]),
        (["10+ years", "< 1 year", "2 years"], [10.0, 1.0, 2.0]),
        (["USD 1,234.50", "(USD 3.25)"], [1234.5, -3.25]),
        (["5 m2", "7.5 m2"], [5.0, 7.5]),
    ],
)
def test_one_decimal_mark_serves_a_column(texts: list[str], values: list[float]) -> None:
    form = written(texts, np.ones(len(texts), dtype=np.int64))
    assert numbers_in(texts, form).tolist() == values


def test_what_was_read_as_what_is_said_with_counts() -> None:
    texts = ["12.3 kg"] * 5 + ["<0.5 kg"] * 3 + ["n.d."] * 2 + [f"{i} kg" for i in range(1, 11)]
    table = load(pd.DataFrame({"a": np.arange(20) % 3, "w": texts, "y": [0, 1] * 10}))
    said = " ".join(table.notes)
    assert "Column 'w': numbers, where 2 cells 'n.d.' count as missing." in said
    assert "Column 'w': 3 cells such as '<0.5 kg' are a bound, which was taken as the number (0.5)." in said
    assert "Column 'w': 15 cells of text such as '12.3 kg' were read as a number (12.3, all in kg)." in said
    assert table.x[:8, 1].tolist() == [np.float32(12.3)] * 5 + [0.5] * 3


def test_new_rows_are_read_as_the_column_was_in_training(tmp_path) -> None:
    rows = "\n".join(f"{i}.082;{i},5;{'uv'[i % 2]}" for i in range(1, 30))
    (tmp_path / "t.csv").write_text(f"a;b;y\n{rows}\n")
    table = load(tmp_path / "t.csv")
    assert table.x[0].tolist() == [1082.0, 1.5]
    (tmp_path / "new.csv").write_text("b;a\n7,5;2.082\n")  # alone, 2.082 may be either
    assert load_rows(tmp_path / "new.csv", table.schema).x.tolist() == [[2082.0, 7.5]]


def test_very_long_texts_and_many_different_ones_are_no_trap() -> None:
    assert number_texts("1 " * 5000) is None
    assert number_texts("1" + "a b/" * 11) is None


def test_numbers_in_several_units_are_said_and_not_mixed() -> None:
    texts = [f"{i + 1} {'h' if i % 2 else 'min'}" for i in range(40)]
    table = load(pd.DataFrame({"a": np.arange(40) % 7, "t": texts, "y": ["u", "v"] * 20}))
    assert "t" not in table.schema.names
    assert any("Column 't': numbers with different units ('min', 'h')" in note for note in table.notes)
