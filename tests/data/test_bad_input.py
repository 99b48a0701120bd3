"""Every way in which data can be unusable ends in one sentence with a next step."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError, URLError

import numpy as np
import pandas as pd
import pytest

from qcompile.data.load import load
from qcompile.data.read import arrays as read_arrays
from qcompile.data.read import file as read_file
from qcompile.data.read import raw
from qcompile.errors import DataError

GOOD = "a,b,y\n1.5,x,u\n2.5,z,v\n3.5,x,u\n4.0,z,v\n"


def refused(source: object, message: str, **options: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load(source, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value), "one sentence, one line"
    assert caught.value.exit_code == 2


def test_the_good_file_loads(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(GOOD)
    assert len(load(tmp_path / "t.csv")) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"t\.csv is empty; give a table"),
        ("\n  \n\n", r"t\.csv is empty; give a table"),
        ("a,b,y\n", r"has a header but no rows; give at least four"),
        ("a,b,y", r"has a header but no rows"),
        (GOOD + "1,2\n", r"line 6 has 2 cells, but the first line has 3; correct that line"),
        (GOOD.replace("x,u\n2.5", "x,u,9\n2.5"), r"line 2 has 4 cells, but the first line has 3"),
        ('a,b,y\n1,"x,u\n2,z,v\n3,x,u\n', r"line 4 has 2 cells"),
        ('a,y\n1,u\n2,v\n3,u\n4,"v', r"cannot be read as a table \(.*\); correct or convert it"),
        ("a,a,y\n1,2,u\n3,4,v\n", r"more than one column named 'a'; rename or delete"),
        ("a,y\n1,u\ninf,v\n2,u\n4,v\n", r"column 'a' is infinite in row 2; replace"),
        ("a,y\n1,u\n1e300,v\n2,u\n4,v\n", r"column 'a' is 1e\+300, too large for float32 in row 2"),
        ("a,y\n1,5.5\n2,-inf\n2,7\n4,8\n", r"column 'y' is infinite in row 2"),
        ("a,y\n1,u\n3,u\n2,u\n4,u\n", r"is 'u' in every row, so there is nothing to learn"),
        ("a,y\n1,7\n3,7\n2,7\n4,7\n", r"is '7' in every row, so there is nothing to learn"),
        ("a,y\n1,u\n3,u\n2,u\n4,v\n", r"has only 'u' in two rows or more, but classification needs two"),
        ("a,y\n1,?\n3,\n2,NA\n4,\n", r"column 'y' has no class"),
        ("a,y\n1,p\n3,q\n2,r\n4,s\n", r"column 'y' has 4 different values in 4 rows, too many for classes"),
        ("a,y\n1,2.5\n3,?\n2,7.25\n4,3\n", r"has 3 numbers; regression needs at least four"),
        (
            "when,y\n2020-01-02,u\n2021-03-04,v\n2020-05-06,u\n?,v\n",
            r"'when' holds dates such as '2020-01-02'",
        ),
        ("when,y\n1/2/2020,u\n13/4/1999,v\n1/1/20,u\n2/3/2021,v\n", r"'when' holds dates such as '1/2/2020'"),
        ("when,y\n3 Jan 2020 10:30,u\n4 May 2020,v\n5 Jun 20,u\n6 Jul 2021,v\n", r"'when' holds dates"),
        ("a,y\n7,u\n7,v\n7,u\n7,v\n", r"no column to learn from.*'a' has the same value in every row"),
        ("y\nu\nv\nu\nv\n", r"no column to learn from besides the label \(it is the only one\)"),
        ("\0\0\0\0,y\n1,2\n", r"not a text table"),
    ],
)
def test_text_tables(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    refused(tmp_path / "t.csv", message)


def test_a_broken_quote_that_swallows_the_file(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('a,y\n1,"u\n' + "2,v\n" * 50_000)
    refused(tmp_path / "t.csv", r"line \d+ is not a table row \(field larger")


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "sonar.csv").write_text(GOOD)
    refused(tmp_path / "sonr.csv", r"there is no file .*sonr\.csv\. Did you mean 'sonar\.csv'\?")
    refused(str(tmp_path / "sonar.parquet"), r"Did you mean 'sonar\.csv'\?")
    refused(tmp_path / "zzz.csv", r"there is no file .*Give a file, sklearn:NAME")
    refused(tmp_path / "no" / "folder.csv", r"there is no file")


def test_folders_and_unknown_extensions(tmp_path: Path) -> None:
    refused(tmp_path, r"is a folder; give one file of type \.csv")
    for name in ("t.xlsx", "t"):
        (tmp_path / name).write_text(GOOD)
        refused(
            tmp_path / name, r"has the extension '.*', but \.csv, \.tsv, \.parquet, \.npz, .* can be read"
        )


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.csv").write_text(GOOD)

    def denied(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    refused(tmp_path / "t.csv", r"cannot be opened \(Permission denied\); check its permissions")


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.parquet", "t.npz"])
def test_an_empty_file_of_any_type(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    refused(tmp_path / name, r"is empty; give a table")


@pytest.mark.parametrize("name", ["t.parquet", "t.npz"])
def test_damaged_binary_files(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\3\4 not really, or PAR1 half way")
    refused(tmp_path / name, r"is not a valid (parquet|npz) file \(.*again")


def test_truncated_binary_files(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.arange(300.0), "y": [0, 1] * 150})
    frame.to_parquet(tmp_path / "t.parquet")
    np.savez_compressed(tmp_path / "t.npz", x=frame[["a"]].to_numpy(), y=frame["y"].to_numpy())
    for name in ("t.parquet", "t.npz"):
        whole = (tmp_path / name).read_bytes()
        for part in (0.3, 0.6, 0.95):
            (tmp_path / name).write_bytes(whole[: int(len(whole) * part)])
            refused(tmp_path / name, r"is not a valid (parquet|npz) file")


def test_a_flipped_byte_in_an_archive_is_noticed(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "t.npz", x=np.random.default_rng(0).normal(size=(300, 2)), y=[0, 1] * 150)
    with zipfile.ZipFile(tmp_path / "t.npz") as archive:
        where = archive.getinfo("x.npy").header_offset + 2000
    whole = bytearray((tmp_path / "t.npz").read_bytes())
    whole[where] ^= 0xFF
    (tmp_path / "t.npz").write_bytes(bytes(whole))
    refused(tmp_path / "t.npz", r"is not a valid npz file")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (dict(x=np.array([[{}], [[]]], dtype=object), y=[0, 1]), r"holds pickled objects.*never opened"),
        (dict(x=np.zeros((4, 2)), y=np.array(["a", 1, None, "b"], dtype=object)), r"holds pickled objects"),
        (
            dict(weights=np.zeros((4, 2))),
            r"holds weights, but features and labels are expected, as x and y",
        ),
        (dict(x=np.zeros((4, 2)), y=np.zeros(3)), r"'x' has 4 rows and 'y' has shape \(3,\)"),
        (dict(x=np.zeros((4, 2)), y=np.eye(4) + 1), r"give one label per row, as a class"),
        (dict(x=np.zeros(4), y=np.zeros(4)), r"'x' has shape \(4,\), but \(rows, columns\)"),
        (dict(x=np.zeros((0, 2)), y=np.zeros(0)), r"'x' has shape \(0, 2\)"),
        (dict(x=np.array([["a"], ["b"]]), y=[0, 1]), r"'x' holds <U1, but features must be numbers"),
        (dict(x=np.zeros((2, 1)), y=np.array([1j, 2])), r"'y' holds complex128, but labels must be"),
        (
            dict(
                x_train=np.zeros((4, 2)), y_train=[0, 1, 0, 1], x_test=np.zeros((4, 3)), y_test=[0, 1, 0, 1]
            ),
            r"rows of shape \(2,\) to train, but \(3,\) in 'x_test'",
        ),
    ],
)
def test_archives_with_other_contents(tmp_path: Path, arrays: dict, message: str) -> None:
    np.savez(tmp_path / "t.npz", **arrays)
    refused(tmp_path / "t.npz", message)


def test_a_single_array_under_the_name_of_an_archive(tmp_path: Path) -> None:
    with open(tmp_path / "t.npz", "wb") as file:
        np.save(file, np.zeros((3, 3)))
    refused(tmp_path / "t.npz", r"holds one array, not an npz archive")


def test_a_pickle_under_the_name_of_an_archive_is_not_run(tmp_path: Path) -> None:
    import pickle

    class Trap:
        def __reduce__(self) -> tuple[Callable, tuple]:
            return (Path.touch, (tmp_path / "it ran",))

    (tmp_path / "t.npz").write_bytes(pickle.dumps(Trap()))
    refused(tmp_path / "t.npz", r"holds pickled objects|is not a valid npz")
    assert not (tmp_path / "it ran").exists()


def test_an_archive_that_declares_absurd_sizes_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 1000000), }"
    header += b" " * (64 - (10 + len(header) + 1) % 64) + b"\n"
    with zipfile.ZipFile(tmp_path / "t.npz", "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
        archive.writestr("y.npy", b"")
    refused(tmp_path / "t.npz", r"'x' has 1,000,000,000,000,000 numbers, more than the 1,073,741,824")


def test_tables_that_are_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.csv").write_text(GOOD)
    monkeypatch.setattr(raw, "MAX_CELLS", 11)
    refused(tmp_path / "t.csv", r"has 4 rows of 3 columns, 12 cells, more than the 11.*take a sample")
    monkeypatch.setattr(read_file, "MAX_BYTES", 10)
    refused(tmp_path / "t.csv", r"GiB, more than the .* that are allowed; take a sample")


def test_memory_that_runs_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "t.npz", x=np.zeros((4, 2)), y=[0, 1, 0, 1])

    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(read_arrays, "_flat", exhausted)
    refused(tmp_path / "t.npz", r"does not fit into memory; take a sample")


FRAME = pd.DataFrame({"size": [1.0, 2.5, 3.0, 4.0], "kind": ["u", "v", "u", "v"]})


def test_labels_and_tasks_that_do_not_exist() -> None:
    refused(FRAME, r"no column 'kid'; its columns are size, kind\. Did you mean 'kind'\?", label="kid")
    refused(FRAME, r"task is 'regresion', allowed: .*Did you mean 'regression'\?", task="regresion")
    refused(FRAME, r"'kind' holds text such as 'u', but regression predicts numbers", task="regression")
    refused(FRAME, r"'size' has 4 different values in 4 rows, too many", label="size", task="classification")
    refused(FRAME.assign(kind=2.5), r"'kind' is 2.5 in every row", task="regression")


def test_labels_of_arrays_have_one_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", x=np.random.default_rng(0).normal(size=(6, 2)), y=[0, 1] * 3)
    refused(tmp_path / "t.npz", r"are the array 'y', not 'x1'; leave label out", label="x1")
    assert len(load(tmp_path / "t.npz", label="y")) == 6


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([1j, 2j, 3j, 4j], r"'c' holds complex numbers"),
        ([[1], [2], [3], [4]], r"'c' holds lists or tables; give one number or text per cell"),
        ([np.inf, 1.0, 2.0, 3.0], r"'c' is infinite in row 1"),
    ],
)
def test_columns_of_frames_that_are_no_features(cells: object, message: str) -> None:
    refused(pd.DataFrame({"c": cells, "g": [1.0, 2.5, 3.0, 4.0], "y": ["u", "v", "u", "v"]}), message)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (pd.date_range("2020-01-01", periods=4), r"'c' holds dates such as '2020-01-01"),
        (pd.date_range("2020-01-01", periods=4, tz="UTC"), r"'c' holds dates"),
        (pd.period_range("2020-01", periods=4, freq="D"), r"'c' holds dates"),
    ],
)
def test_frames_of_dates_alone_hold_nothing_to_learn_from(cells: object, message: str) -> None:
    refused(pd.DataFrame({"c": cells, "y": ["u", "v", "u", "v"]}), message)


def test_frames_without_rows_or_of_another_type() -> None:
    refused(FRAME.head(0), r"the frame has 2 columns but 0 rows")
    refused(FRAME[[]], r"has 0 columns")
    refused([[1, 2]], r"data is a list, allowed: a file name, sklearn:NAME, openml:NAME or a DataFrame")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("sklearn:brest_cancer", r"not one of sklearn: breast_cancer.*Did you mean 'breast_cancer'\?"),
        (
            "sklern:iris",
            r"begins with 'sklern', but named data begin with sklearn: or openml:\. Did you mean",
        ),
        ("openml:", r"is not openml:NAME"),
        ("openml:iris@new", r"is not openml:NAME"),
    ],
)
def test_names_that_do_not_exist(source: str, message: str) -> None:
    refused(source, message)


def openml_error() -> Exception:
    from sklearn.datasets._openml import OpenMLError

    return OpenMLError("Dataset nope not found.")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            URLError("Name or service not known"),
            r"server cannot be reached \(Name or service not known\); connect",
        ),
        (TimeoutError("timed out"), r"server cannot be reached \(timed out\)"),
        (HTTPError("http://x", 412, "Precondition", None, None), r"refused by its server \(HTTP 412\)"),  # type: ignore[arg-type]
        (openml_error(), r"cannot be found on OpenML \(Dataset nope not found\.\)"),
        (ValueError("Sparse ARFF\nmore"), r"cannot be read \(Sparse ARFF\)"),
    ],
)
def test_openml_without_network_or_without_the_set(
    monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    import sklearn.datasets

    def fails(**_: object) -> None:
        raise error

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fails)
    refused("openml:nope", message)


@pytest.mark.parametrize(
    ("target", "message"),
    [(None, r"declares no label column"), (pd.DataFrame({"p": [1], "q": [2]}), r"has 2 label columns")],
)
def test_openml_sets_without_one_label(monkeypatch: pytest.MonkeyPatch, target: object, message: str) -> None:
    import sklearn.datasets
    from sklearn.utils import Bunch

    monkeypatch.setattr(
        sklearn.datasets, "fetch_openml", lambda **_: Bunch(data=pd.DataFrame({"a": [1]}), target=target)
    )
    refused("openml:some", message)


def test_damaged_gzip_files(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(GOOD.encode())[:-9])
    refused(tmp_path / "t.csv.gz", r"is not a valid gzip file \(.*\); pack it again")
    (tmp_path / "t.csv.gz").write_bytes(b"a,b\n1,2\n")
    refused(tmp_path / "t.csv.gz", r"is not a valid gzip file")


def test_gzip_files_that_unpack_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    from qcompile.data.read import unpack

    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(GOOD.encode()))
    monkeypatch.setattr(unpack, "MAX_BYTES", 10)
    refused(tmp_path / "t.csv.gz", r"unpacks to more than .* MiB, .*; unpack it first, or take a sample")
