"""Sources that load, and the story that is told about them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qcompile.data.encode import splits, thermometer, uniform
from qcompile.data.load import load
from qcompile.data.rows import load_rows
from qcompile.data.split import split
from qcompile.data.table import Table
from qcompile.model.encoder import encode
from qcompile.model.schema import Column

SHARED = Path(__file__).parents[2] / "../shared/data"
MANIFEST = json.loads((SHARED / "MANIFEST.json").read_text()) if SHARED.exists() else []
TABLES = [entry for entry in MANIFEST if entry["file"].endswith(".csv")]
needs_data = pytest.mark.skipif(not MANIFEST, reason="the shared data folder is not here")


def story(table: Table) -> str:
    return "\n".join(table.notes)


def write(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@needs_data
@pytest.mark.parametrize("entry", TABLES, ids=lambda e: e["name"])
def test_every_shared_table_loads_with_no_option_but_its_name(entry: dict) -> None:
    table = load(SHARED / entry["file"])
    assert len(table) == entry["n"]
    assert table.schema.task == ("regression" if entry["task"] == "regress" else "classification")
    counts = {name: int((table.y == i).sum()) for i, name in enumerate(table.schema.classes)}
    assert counts == entry["classes"]
    assert int(np.isnan(table.x).sum()) == entry["missing_cells"]
    assert sum(c.kind == "categorical" for c in table.schema.columns) == entry["categorical_columns"]
    kept = len(table.schema.columns)
    assert kept == entry["d"] or "Left out" in story(table)
    assert kept >= entry["d"] - 1  # only the constant x2 of ionosphere goes


@needs_data
@pytest.mark.parametrize("entry", TABLES, ids=lambda e: e["name"])
def test_every_shared_table_is_encoded_from_its_training_rows(entry: dict) -> None:
    table = load(SHARED / entry["file"])
    train, test = split(table)
    for encoder in (
        uniform.fit(table.rows(train)),
        thermometer.fit(table.rows(train)),
        splits.fit(table.rows(train)),
    ):
        assert encode(encoder, table.x[train]).max() == encoder.top
        assert encode(encoder, table.x[test]).shape == (len(test), encoder.width)


@needs_data
def test_reading_the_file_again_by_its_schema_gives_the_same_rows() -> None:
    for name in ("adult_small.csv", "horse_colic.csv", "abalone.csv"):
        table = load(SHARED / name)
        rows = load_rows(SHARED / name, table.schema)
        x, y = rows.x, rows.y
        np.testing.assert_array_equal(x, table.x)
        np.testing.assert_array_equal(y, table.y)


@needs_data
def test_images_are_flattened_and_their_own_test_rows_are_kept_apart() -> None:
    table = load(SHARED / "mnist.npz")
    assert len(table) == 8500 and table.held_out == 1500
    assert table.schema.classes == tuple("0123456789")
    assert "28 x 28 numbers was flattened to 784" in story(table)
    assert "same value in every row" in story(table) and len(table.schema.columns) < 784
    train, test = split(table)
    assert (len(train), len(test), int(test[0])) == (7000, 1500, 7000)
    with np.load(SHARED / "mnist.npz") as archive:
        np.testing.assert_array_equal(table.y[test], archive["y_test"])


@pytest.mark.parametrize(
    ("name", "shape", "classes", "task"),
    [
        ("breast_cancer", (569, 30), ("malignant", "benign"), "classification"),
        ("digits", (1797, 61), tuple("0123456789"), "classification"),
        ("wine", (178, 13), ("class_0", "class_1", "class_2"), "classification"),
        ("iris", (150, 4), ("setosa", "versicolor", "virginica"), "classification"),
        ("diabetes", (442, 10), (), "regression"),
    ],
)
def test_scikit_learn_sets_load_by_name(name: str, shape: tuple, classes: tuple, task: str) -> None:
    table = load(f"sklearn:{name}")
    assert (table.x.shape, table.schema.classes, table.schema.task) == (shape, classes, task)
    assert table.source == f"sklearn:{name}"
    import sklearn.datasets

    given = getattr(sklearn.datasets, f"load_{name}")()
    np.testing.assert_array_equal(table.y, given.target)


MESSY = """id,size,colour,ok,flat,age,kind
1,1.5, red,yes,3,?,a
2,2.5,blue ,no,3,41,b
3,,red,yes,3,52,a
4,4.5,?,no,3,NA,b
5,5.5,red,yes,3,33,a
6,0.5,blue,no,3,n/a,b
"""


def test_kinds_missing_cells_and_constants_are_settled_and_told(tmp_path: Path) -> None:
    table = load(write(tmp_path, MESSY))
    assert table.schema.columns == (
        Column("id", "numeric"),  # six rows are no evidence for an identifier
        Column("size", "numeric"),
        Column("colour", "categorical", ("blue", "red")),
        Column("ok", "boolean"),
        Column("age", "numeric"),
    )
    nan = np.nan
    expected = [[1, 1.5, 1, 1, nan], [2, 2.5, 0, 0, 41], [3, nan, 1, 1, 52], [4, 4.5, nan, 0, nan]]
    np.testing.assert_array_equal(table.x[:4], np.array(expected, dtype=np.float32))
    assert table.y.tolist() == [0, 1, 0, 1, 0, 1] and table.schema.classes == ("a", "b")
    for part in (
        "Read 6 rows and 6 columns, plus the label, from t.csv.",
        "Task: classification, because the label 'kind' holds text",
        "Left out: column 'flat', which has the same value in every row.",
        "5 cells are missing, in columns 'size', 'colour', 'age'",
        "Text in column 'colour'",
    ):
        assert part in story(table)


def rows_of(n: int = 30) -> dict[str, list]:
    rng = np.random.default_rng(0)
    return {
        "f": rng.normal(size=n).tolist(),
        "g": rng.integers(0, 9, size=n).tolist(),
        "y": [0, 1] * (n // 2),
    }


def framed(**columns: object) -> pd.DataFrame:
    rows = rows_of()
    label = rows.pop("y")
    return pd.DataFrame({**rows, **columns, "y": label})


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (list(range(30)), "counts the rows"),
        (list(range(500, 200, -10)), "counts the rows"),
        (list(np.random.default_rng(1).permutation(30)), "counts the rows"),
        ([3 * i * i for i in range(30)], "only rises or falls"),
        ([f"name {i}" for i in range(30)], "different text in most rows"),
        ([None] * 30, "no value in any row"),
        (["same"] * 30, "same value in every row"),
    ],
)
def test_columns_that_say_nothing_about_new_rows_are_left_out(cells: list, reason: str) -> None:
    table = load(framed(extra=cells))
    assert table.schema.names == ("f", "g")
    told = next(note for note in table.notes if note.startswith("Left out: column 'extra', which "))
    assert reason in told


@pytest.mark.parametrize(
    "cells",
    [
        [i / 7 for i in range(30)],  # unique, sorted, in equal steps: but with fractions
        list(np.random.default_rng(2).choice(10**6, size=30, replace=False)),  # unique, in no order
        [float(i) for i in range(30)],  # stored as floats
        ["a", "b", "c"] * 10,
    ],
)
def test_columns_that_may_say_something_are_kept(cells: list) -> None:
    assert load(framed(extra=cells)).schema.names == ("f", "g", "extra")


def test_a_name_like_an_identifier_counts_as_evidence() -> None:
    cells = list(np.random.default_rng(2).choice(10**6, size=30, replace=False))
    for name in ("id", "patient_id", "Sample ID", "uuid"):
        assert load(framed(**{name: cells})).schema.names == ("f", "g")
    assert "humid" in load(framed(humid=cells)).schema.names


def test_all_file_types_give_the_same_table(tmp_path: Path) -> None:
    frame = framed(t=["u", "v", None] * 10, b=[True, False] * 15)
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "a.parquet")
    expected = load(frame)
    for name in ("a.csv", "a.tsv", "a.parquet"):
        table = load(str(tmp_path / name))
        assert table.schema == expected.schema
        np.testing.assert_array_equal(table.x, expected.x)
        np.testing.assert_array_equal(table.y, expected.y)


@pytest.mark.parametrize(
    "keys", [("x", "y"), ("X", "y"), ("data", "target"), ("x_train", "y_train"), ("arr_0", "arr_1")]
)
def test_npz_pairs_of_names(tmp_path: Path, keys: tuple[str, str]) -> None:
    x, y = np.arange(40).reshape(10, 2, 2), np.array(["b", "a"] * 5)
    np.savez(tmp_path / "a.npz", **{keys[0]: x, keys[1]: y})
    table = load(tmp_path / "a.npz")
    np.testing.assert_array_equal(table.x, x.reshape(10, 4))  # nothing in arrays is an identifier
    assert table.schema.names == ("pixel_0_0", "pixel_0_1", "pixel_1_0", "pixel_1_1")
    assert table.schema.classes == ("a", "b") and table.y.tolist() == [1, 0] * 5


@pytest.mark.parametrize(
    "y",
    [np.array([b"b", b"a"] * 5), np.array([[1], [2]] * 5), np.array([True, False] * 5)],
)
def test_npz_labels_of_other_types(tmp_path: Path, y: np.ndarray) -> None:
    np.savez_compressed(tmp_path / "a.npz", x=np.random.default_rng(0).normal(size=(10, 2)), y=y)
    assert load(tmp_path / "a.npz").schema.task == "classification"


def test_a_file_without_a_header_gets_column_names(tmp_path: Path) -> None:
    table = load(write(tmp_path, "5.1,3.5,setosa\n4.9,3.0,setosa\n7.0,3.2,other\n6.4,?,other\n"))
    assert len(table) == 4 and table.schema.names == ("x1", "x2") and table.schema.label == "x3"
    assert "The first line of t.csv holds data" in story(table)


def test_the_headers_of_a_frame_without_names_are_headers(tmp_path: Path) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(6, 4))).assign(y=[0, 1] * 3)
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = load(tmp_path / "t.csv")
    assert len(table) == 6 and table.schema.names == ("0", "1", "2", "3")


def test_the_row_numbers_that_a_frame_is_written_with_are_left_out(tmp_path: Path) -> None:
    framed().to_csv(tmp_path / "t.csv")
    assert load(tmp_path / "t.csv").schema.names == ("f", "g")


@pytest.mark.parametrize(
    "text",
    [
        'a;"b c";y\n1,5;2;u\n2,5;3;v\n3,5;1;u\n4,25;2;v\n',  # as spreadsheets write it in much of Europe
        "a|b c|y\n1.5|2|u\n2.5|3|v\n3.5|1|u\n4.25|2|v\n",
        '\ufeffa,b c,y\r\n1.5,2,u\r\n2.5,3,"v"\r\n\r\n3.5,1,u\r\n4.25,2,v',  # mark, CRLF, blank line
    ],
)
def test_spreadsheet_dialects(tmp_path: Path, text: str) -> None:
    table = load(write(tmp_path, text))
    assert table.schema.names == ("a", "b c")
    assert table.x.tolist() == [[1.5, 2], [2.5, 3], [3.5, 1], [4.25, 2]]


def test_latin_1_text_is_read_and_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("a,y\n1,für\n2,wider\n4,für\n3,wider\n".encode("latin-1"))
    table = load(tmp_path / "t.csv")
    assert table.schema.classes == ("für", "wider") and "Latin-1" in story(table)


def test_delimiters_and_line_breaks_in_quotes_are_text(tmp_path: Path) -> None:
    table = load(write(tmp_path, 'a,b,y\n"x,1",1,u\n"z\n2",3,v\n"x,1",2,u\n"x,1",5,v\n'))
    assert table.schema.columns[0].categories == ("x,1", "z\n2")


def test_text_of_which_nine_in_ten_are_numbers_is_numeric_and_told() -> None:
    table = load(framed(n=[str(i * i % 17) for i in range(29)] + ["unknown"]))
    assert table.schema.columns[-1] == Column("n", "numeric")
    assert np.isnan(table.x[-1, -1]) and "1 cell 'unknown' counts as missing" in story(table)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["Yes", "no"], "boolean"),
        (["T", "F"], "boolean"),
        (["TRUE", "false"], "boolean"),
        (["y", "t"], "categorical"),  # both would be true
        (["F", "N"], "categorical"),
        (["m", "f"], "categorical"),
    ],
)
def test_only_a_word_and_its_contrary_are_boolean(texts: list[str], kind: str) -> None:
    table = load(framed(w=texts * 15))
    assert table.schema.columns[-1].kind == kind
    assert sorted(set(table.x[:, -1].tolist())) == [0.0, 1.0]


def test_declared_categories_keep_their_order_even_if_they_are_numbers() -> None:
    cells = pd.Categorical(["10", "2", "10"] * 10, categories=["2", "10", "never"])
    assert load(framed(c=cells)).schema.columns[-1] == Column("c", "categorical", ("2", "10"))


def test_text_of_more_categories_than_get_a_code_is_told() -> None:
    frame = pd.DataFrame({"t": [f"w{i % 70}" for i in range(210)], "g": np.arange(210.0), "y": [0, 1] * 105})
    assert "(the 64 most frequent)" in story(load(frame))


def test_label_by_name() -> None:
    table = load(framed(), label="g", task="classification")
    assert table.schema.label == "g" and table.schema.names == ("f", "y")


def test_openml_is_fetched_through_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    import sklearn.datasets
    from sklearn.utils import Bunch

    asked = {}

    def fake(**given: object) -> Bunch:
        asked.update(given)
        frame = framed()
        return Bunch(
            data=frame[["f", "g"]], target=pd.Series(pd.Categorical(frame["y"].astype(str)), name="y")
        )

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fake)
    table = load("openml:credit-g@1")
    assert (asked["name"], asked["version"]) == ("credit-g", 1)
    assert table.schema.task == "classification" and len(table) == 30
    load("openml:31")
    assert asked["data_id"] == 31


def test_loading_twice_gives_identical_tables() -> None:
    one, two = load(framed()), load(framed())
    assert one.schema == two.schema and one.notes == two.notes
    assert one.x.tobytes() == two.x.tobytes()
    assert not one.x.flags.writeable
