"""Whatever a file holds, the answer is a table or one sentence: never another exception."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qcompile.data.load import load
from qcompile.data.rows import load_rows
from qcompile.data.split import split
from qcompile.errors import DataError

FRAME = pd.DataFrame(
    {
        "a": np.linspace(-2, 7, 40).round(3),
        "word": ["red", "gr, een", None, "blue"] * 10,
        "n": [3, 1, 4, 1, 5, 9, 2, 6] * 5,
        "y": ["yes", "no"] * 20,
    }
)


def whole(extension: str) -> bytes:
    stream = io.BytesIO()
    if extension == ".parquet":
        FRAME.to_parquet(stream)
    elif extension == ".npz":
        np.savez_compressed(stream, x=FRAME[["a", "n"]].to_numpy(), y=FRAME["y"].to_numpy(dtype="U3"))
    else:
        FRAME.to_csv(stream, index=False, sep="\t" if extension == ".tsv" else ",")
    return stream.getvalue()


def damaged(data: bytes, rng: np.random.Generator, text: bool) -> bytes:
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        where = int(rng.integers(0, max(1, len(out))))
        action = rng.integers(0, 4)
        if action == 0 and out:
            new = rng.choice(list(b',;\t\n"?.-e0xN \xff\x00')) if text else rng.integers(0, 256)
            out[min(where, len(out) - 1)] = int(new)
        elif action == 1:
            del out[where : where + int(rng.integers(1, 40))]
        elif action == 2:
            out[where:where] = out[: int(rng.integers(1, 40))]
        elif rng.random() < 0.2:
            del out[where:]
    return bytes(out)


@pytest.mark.parametrize("extension", [".csv", ".tsv", ".parquet", ".npz"])
def test_damaged_files_end_in_a_table_or_in_one_sentence(tmp_path: Path, extension: str) -> None:
    data, path = whole(extension), tmp_path / f"t{extension}"
    path.write_bytes(data)
    schema = load(path).schema
    outcomes = {"table": 0, "sentence": 0}
    for seed in range(300 if extension in (".csv", ".tsv") else 200):
        path.write_bytes(damaged(data, np.random.default_rng(seed), extension in (".csv", ".tsv")))
        for read in (lambda: split(load(path)), lambda: load_rows(path, schema)):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    read()
                outcomes["table"] += 1
            except DataError as error:
                assert "\n" not in str(error) and len(str(error)) < 600, (seed, str(error))
                outcomes["sentence"] += 1
    assert min(outcomes.values()) > 0, outcomes  # both happen, so the damage is neither void nor total
