"""Files of a few megabytes that state or unpack to far more are refused before the memory is taken."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

MOST_BYTES, MOST_SECONDS = 5_000_000, 10
CODE = """
import sys, time
from qcompile.data.load import load
from qcompile.errors import DataError
import pandas, pyarrow.parquet
start = time.perf_counter()
try:
    load(sys.argv[1])
    print("ACCEPTED")
except DataError as error:
    print("REFUSED", error)
# VmHWM begins anew with the program; ru_maxrss is at least what the process that started it held.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(time.perf_counter() - start, int(peak) / 1e6)
"""


def zeros_npz(path: Path) -> None:
    np.savez_compressed(path, x=np.zeros((600_000, 1000), np.uint8), y=np.zeros(600_000, np.uint8))


def zeros_f8_npz(path: Path) -> None:
    np.savez_compressed(path, x=np.zeros((400_000, 100)), y=np.arange(400_000) % 2)


def lying_npz(path: Path) -> None:
    head = b"\x93NUMPY\x01\x00v\x00"
    words = b"{'descr': '<f8', 'fortran_order': False, 'shape': (30000, 30000), }"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("x", "y"):
            archive.writestr(f"{name}.npy", head + words.ljust(117) + b"\n" + b"\0" * 800)


def gzip_csv(path: Path) -> None:
    line = b"0,0,0,0,0,0,0,0,0,0\n"
    with gzip.open(path, "wb") as out:
        out.write(b"a,b,c,d,e,f,g,h,i,y\n")
        for _ in range(300):
            out.write(line * 50_000)


def gzip_one_line(path: Path) -> None:
    with gzip.open(path, "wb") as out:
        for _ in range(150):
            out.write(b"," * 1_000_000)


def wide_csv(path: Path) -> None:
    path.write_text(",".join(["a"] * 2_000_000) + "\n" + ",".join(["1"] * 10) + "\n")


def wide_header_alone(path: Path) -> None:
    path.write_text(",".join(f"c{i}" for i in range(600_000)) + "\n")


def one_cell_csv(path: Path) -> None:
    path.write_text('"' + "x" * 4_900_000)


def quotes_csv(path: Path) -> None:
    path.write_text("a,y\n" + '""' * 2_000_000 + "\n1,2\n")


def ragged_csv(path: Path) -> None:
    path.write_text("a,b\n" + "1,2\n" * 1_000_000 + "1,2,3\n4,5\n")


def constant_parquet(path: Path) -> None:
    column = pa.array(np.zeros(40_000_000, np.int8))
    parquet.write_table(pa.table({f"c{i}": column for i in range(20)}), path)


def long_text_parquet(path: Path) -> None:
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(8_000_000, np.int32)), pa.array(["x" * 100_000]))
    parquet.write_table(pa.table({"t": text, "y": pa.array(np.zeros(8_000_000, np.int8))}), path)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (zeros_npz, "t.npz"),
        (zeros_f8_npz, "t.npz"),
        (lying_npz, "t.npz"),
        (gzip_csv, "t.csv.gz"),
        (gzip_one_line, "t.csv.gz"),
        (wide_csv, "t.csv"),
        (wide_header_alone, "t.csv"),
        (one_cell_csv, "t.csv"),
        (quotes_csv, "t.csv"),
        (ragged_csv, "t.csv"),
        (constant_parquet, "t.parquet"),
        (long_text_parquet, "t.parquet"),
    ],
)
def test_no_small_file_takes_a_gigabyte_or_ten_seconds_to_be_refused(tmp_path: Path, make, name: str) -> None:
    make(tmp_path / name)
    size = (tmp_path / name).stat().st_size
    assert size <= MOST_BYTES, size
    found = subprocess.run(
        [sys.executable, "-c", CODE, tmp_path / name], capture_output=True, text=True, check=True
    )
    *said, figures = found.stdout.strip().splitlines()
    seconds, gigabytes = map(float, figures.split())
    assert re.match("REFUSED .*; ", said[0]), found.stdout
    assert seconds < MOST_SECONDS and gigabytes < 1, found.stdout


def test_what_people_pack_is_still_read(tmp_path: Path) -> None:
    from qcompile.data.load import load

    rng = np.random.default_rng(0)
    images = (rng.random((2000, 28, 28)) < 0.2) * rng.integers(0, 256, (2000, 28, 28))
    np.savez_compressed(tmp_path / "t.npz", x=images.astype(np.uint8), y=np.arange(2000) % 10)
    assert load(tmp_path / "t.npz").x.shape == (2000, 784)
    np.savez_compressed(tmp_path / "sparse.npz", x=np.eye(1000, dtype=np.float64), y=np.arange(1000) % 2)
    assert len(load(tmp_path / "sparse.npz")) == 1000
