"""Tables as other tools write them: what a stranger expects of each, with no option but the file name."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from qcompile.data.clean.numbers import dressed
from qcompile.data.load import load
from qcompile.data.rows import load_rows
from qcompile.data.table import Table

RNG = np.random.default_rng(0)
ROWS = [f"{a:.3f},{b:.2f},{c}" for a, b, c in zip(RNG.random(24), RNG.random(24), "uv" * 12, strict=True)]
PLAIN = "a,b,y\n" + "\n".join(ROWS) + "\n"


def read(folder: Path, content: str | bytes, name: str = "t.csv") -> Table:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    table = load(path)
    again = load_rows(path, table.schema).x  # what predict reads is what was trained on
    np.testing.assert_array_equal(again[: len(table)], table.x)
    return table


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("crlf.csv", PLAIN.replace("\n", "\r\n")),
        ("cr.csv", PLAIN.replace("\n", "\r")),
        ("bom.csv", b"\xef\xbb\xbf" + PLAIN.encode()),
        ("utf16.csv", PLAIN.encode("utf-16")),
        ("packed.csv.gz", gzip.compress(PLAIN.encode())),
        ("PACKED.TSV.GZ", gzip.compress(PLAIN.replace(",", "\t").encode())),
        ("semicolons.csv", PLAIN.replace(",", ";").replace(".", ",")),
        ("bars.txt", PLAIN.replace(",", "|")),
        ("blanks.data", PLAIN.replace(",", "   ")),
        ("aligned.txt", PLAIN.replace(",", " \t ").replace("\n", " \n")),
        ("comments.csv", "# from the lab\n# in mm\n" + PLAIN),
        ("blank_lines.csv", "\n\n" + PLAIN.replace("\n", "\n\n")),
        ("padded.csv", PLAIN.replace(",", " , ")),
        ("ended.csv", PLAIN.replace("\n", ",\n")),
        ("rows_ended.csv", PLAIN.replace("\n", ",\n").replace("y,", "y", 1)),
        ("header_ended.csv", PLAIN.replace("y\n", "y,\n", 1)),
    ],
)
def test_every_dialect_of_a_table_is_the_same_table(tmp_path: Path, name: str, content: str | bytes) -> None:
    table, plain = read(tmp_path, content, name), read(tmp_path, PLAIN, "plain.csv")
    assert table.schema == plain.schema
    np.testing.assert_array_equal(table.x, plain.x)
    np.testing.assert_array_equal(table.y, plain.y)


def test_row_names_as_r_writes_them_are_left_out(tmp_path: Path) -> None:
    named = "a,b,y\n" + "".join(f'"{i + 1}",{row}\n' for i, row in enumerate(ROWS))
    assert read(tmp_path, named).schema.names == ("a", "b")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("p,x,s\ne,x,y\ne,b,w\np,b,s\np,x,w\ne,b,y\n" * 4, "x3"),  # mushrooms: letters only
        ("vhigh,2,low,no\nlow,3,high,ok\nhigh,5more,low,no\nvhigh,2,high,ok\n" * 6, "x4"),  # cars
        ("39, State-gov, 77, Male, lo\n50, Private, 83, Male, hi\n38, State-gov, 21, Bob, lo\n" * 8, "x5"),
        ("class,shape\ne,x\np,b\ne,x\np,x\n" * 1 + "e,x\np,b\n" * 9, "shape"),
        ("2019,2020,y\n" + "\n".join(ROWS) + "\n", "y"),  # years are names here
        ("0,1,2,3\n1.5,2.5,0.5,u\n2.5,1.5,1.0,v\n3.5,0.5,2.0,u\n1.0,0.1,0.3,v\n", "3"),
    ],
)
def test_a_header_is_told_from_a_row(tmp_path: Path, text: str, label: str) -> None:
    assert read(tmp_path, text).schema.label == label


def test_money_shares_and_thousands_are_numbers(tmp_path: Path) -> None:
    lines = [f'"${i},{200 + 7 * i}.50",{3 * i} %,"{"uv"[i % 2]}"' for i in range(1, 25)]
    table = read(tmp_path, "price,share,y\n" + "\n".join(lines))
    assert [c.kind for c in table.schema.columns] == ["numeric", "numeric"]
    assert table.x[0].tolist() == [1207.5, 3.0]
    said = "Column 'price': 24 cells of text such as '$1,207.50' were read as a number (1207.5, all in $)."
    assert said in table.notes


@pytest.mark.parametrize("text", ["5more", "1,5", "1.2.3", "+", "$", "%", "1,23,4", "12 kg", "0x10", "--1"])
def test_other_text_stays_text(text: str) -> None:
    assert dressed(text) == ""


def test_a_column_named_like_a_label_is_pointed_out(tmp_path: Path) -> None:
    swapped = "class,a,b\n" + "\n".join(f"{c},{a},{b}" for a, b, c in (row.split(",") for row in ROWS))
    said = " ".join(read(tmp_path, swapped).notes)
    assert "The label is the last column; 'class' is named like one (choose with --label)." in said
    assert "--label chooses" not in " ".join(load(tmp_path / "t.csv", label="class").notes)


@pytest.mark.parametrize(
    "names",
    [
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("trainX", "trainY", "testX", "testY"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("Xtr", "ytr", "Xte", "yte"),
        ("train-data", "train-label", "test-data", "test-label"),
    ],
)
def test_archives_with_rows_to_train_and_to_test(tmp_path: Path, names: tuple[str, ...]) -> None:
    x, y = RNG.integers(0, 256, (20, 5, 4), dtype=np.uint8), np.arange(20).reshape(20, 1) % 3
    np.savez(tmp_path / "t.npz", **dict(zip(names, (x[:12], y[:12], x[12:], y[12:]), strict=True)))
    table = load(tmp_path / "t.npz")
    np.testing.assert_array_equal(table.x, x.reshape(20, 20))
    assert table.held_out == 8 and len(table.schema.classes) == 3


def test_rows_for_validation_are_trained_on_and_one_hot_labels_are_classes(tmp_path: Path) -> None:
    x, y = RNG.normal(size=(30, 4)), np.arange(30) % 3
    parts = {"train": slice(0, 12), "val": slice(12, 20), "test": slice(20, 30)}
    arrays = {f"{p}_images": x[s] for p, s in parts.items()}
    np.savez(tmp_path / "t.npz", **arrays, **{f"{p}_labels": np.eye(3)[y[s]] for p, s in parts.items()})
    table = load(tmp_path / "t.npz")
    assert len(table) == 30 and table.held_out == 10
    np.testing.assert_array_equal(table.y, y)
    assert "The 8 validation rows are used for training too." in table.notes


def test_two_arrays_of_any_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", digit=np.arange(12) % 2, pixels=RNG.normal(size=(12, 3, 3)))
    assert load(tmp_path / "t.npz").x.shape == (12, 9)
