"""Any cells at all are a table or one sentence; what was read is read again alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qcompile.data.load import load
from qcompile.data.rows import load_rows
from qcompile.errors import DataError
from qcompile.model.reading import Reading
from qcompile.model.schema import Schema

PIECES = st.sampled_from(
    ["1", "2.5", "1,5", "1.234,5", "-", "n.d.", "NA", "None", "<", ">", "kg", "%", "$", "(", ")", "Jan",
     "2020-01-02", "12:30", "yes", "no", "a", " ", "e", "#DIV/0!", "sep=;", '"', "\u2212", "\u00a0", "inf",
     "nan", "999999999999", "0", "Total"]
)  # fmt: skip
CELL = st.one_of(st.lists(PIECES, max_size=4).map("".join), st.text(max_size=6), st.just(""))
QUIET = dict(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@settings(max_examples=100, **QUIET)
@given(st.data())
def test_any_cells_of_a_frame_are_a_table_or_one_sentence(data: st.DataObject) -> None:
    few = data.draw(st.lists(CELL, min_size=1, max_size=6))
    cells = [data.draw(st.lists(st.sampled_from(few), min_size=60, max_size=60)) for _ in range(2)]
    label = data.draw(st.lists(st.sampled_from([*few, "u", "v"]), min_size=60, max_size=60))
    frame = pd.DataFrame({"f": np.sin(np.arange(60.0)), "a": cells[0], "b": cells[1], "y": label})
    reading = Reading(dates=data.draw(st.sampled_from(["leave", "parts"])))
    try:
        table = load(frame, reading=reading)
    except DataError as error:
        assert "\n" not in str(error)
        return
    assert Schema.from_json(table.schema.to_json()) == table.schema
    try:
        rows = load_rows(frame, Schema.from_json(table.schema.to_json()))
    except DataError as error:  # a class of a single row was left out, so the model does not know it
        assert "but the model knows the classes" in str(error)
        return
    kept = np.ones(60, dtype=bool)
    if rows.y is not None:
        kept = rows.y >= 0 if table.schema.classes else ~np.isnan(rows.y)
    np.testing.assert_array_equal(rows.x[kept], table.x)
    assert rows.unseen == 0 or not kept.all()


@settings(max_examples=100, **QUIET)
@given(st.data())
def test_any_lines_of_a_file_are_a_table_or_one_sentence(tmp_path, data: st.DataObject) -> None:
    mark, width = data.draw(st.sampled_from([",", ";", "\t"])), data.draw(st.integers(1, 4))
    few = data.draw(st.lists(CELL, min_size=2, max_size=8))
    rows = st.lists(st.sampled_from(few), min_size=width, max_size=width)
    lines = data.draw(st.lists(rows, min_size=8, max_size=30))
    if data.draw(st.booleans()):
        lines += data.draw(st.lists(st.lists(CELL, min_size=1, max_size=4), max_size=3))
    path = tmp_path / "t.csv"
    path.write_bytes("\n".join(mark.join(line) for line in lines).encode("utf-8", "replace"))
    try:
        table = load(path)
    except DataError as error:
        assert "\n" not in str(error)
        return
    assert table.notes
    try:
        assert len(load_rows(path, table.schema).x) >= len(table)
    except DataError as error:
        assert "but the model knows the classes" in str(error)


@settings(max_examples=150, **QUIET)
@given(content=st.binary(max_size=300))
def test_any_bytes_of_a_file_are_a_table_or_one_sentence(tmp_path, content: bytes) -> None:
    for name in ("t.csv", "t.csv.gz", "t.npz", "t.parquet"):
        (tmp_path / name).write_bytes(content)
        try:
            load(tmp_path / name)
        except DataError:
            continue
