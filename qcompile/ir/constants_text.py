"""Constant arrays as text: short, readable, exact.

      weight = int(2, 3)       a header indented by two
        1 -1 0                 entries indented by four
        2*3

    sign(2, 9)   rows of -1 / +1: one hex word per row, bit j of the little-endian bytes is 1
                 where entry j is -1 (the layout of qcompile.model.bits)
    trit(2, 9)   rows of -1 / 0 / +1: <nonzero bits>:<negative bits>, both as above
    int(2, 3)    decimal integers, equal neighbours as value*count
    float(3)     shortest decimals that give the same float back, equal neighbours as value*count

The rows of an array of more dimensions are its entries along the first. The kind is chosen by the
entries alone, so equal arrays have equal text. ``encoder = "uniform" 4`` is a name with a number.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LINE = 96
LARGEST = 1 << 27  # entries of one constant: a damaged header must not exhaust the memory
ARRAY = re.compile(r"(\w+) = (sign|trit|int|float)\(([\d, ]*)\)")
NAMED = re.compile(r'(\w+) = ("(?:[^"\\]|\\.)*") (\d+)')


def constant_lines(name: str, array: Array) -> list[str]:
    """Header and entries of a named array, indented.

    >>> constant_lines("shift", np.array([1, 1, 2]))
    ['  shift = int(3)', '    1*2 2']
    """
    header, body = array_lines(array)
    return [f"  {name} = {header}", *(f"    {line}" for line in body)]


def read_constants(lines: list[str]) -> Iterator[tuple[str, Any]]:
    """Inverse of ``constant_lines``, for any number of constants: names with their arrays.

    Raises:
        ValueError: a line is no constant.
    """
    at = 0
    while at < len(lines):
        head = lines[at].strip()
        at += 1
        if found := NAMED.fullmatch(head):
            yield found[1], (json.loads(found[2]), int(found[3]))
            continue
        found = ARRAY.fullmatch(head)
        if not found:
            raise ValueError(f"{head[:60]!r} is not a constant; expected for example weight = int(2, 3).")
        tokens: list[str] = []
        while at < len(lines) and lines[at].startswith("    "):
            tokens += lines[at].split()
            at += 1
        shape = tuple(int(n) for n in found[3].split(",") if n.strip())
        yield found[1], array_of(found[2], shape, tokens)


def array_lines(array: Array) -> tuple[str, list[str]]:
    """Header and body lines of an array.

    >>> array_lines(np.array([[1, -1, -1], [1, 1, 1]]))
    ('sign(2, 3)', ['06', '00'])
    >>> array_lines(np.array([0.5, 0.5, -1.0], dtype=np.float32))
    ('float(3)', ['0.5*2 -1.0'])
    """
    shape = "(" + ", ".join(str(n) for n in array.shape) + ")"
    if array.dtype.kind == "f":
        return "float" + shape, _wrap(_runs(_float(x) for x in array.ravel()))
    rows = array[None] if array.ndim < 2 else array.reshape(len(array), math.prod(array.shape[1:]))
    if array.ndim > 1 and array.size and np.abs(array).max() == 1:
        negative = _hex(rows < 0)
        if (array != 0).all():
            return "sign" + shape, negative
        return "trit" + shape, [f"{n}:{s}" for n, s in zip(_hex(rows != 0), negative, strict=True)]
    lines = [line for row in rows for line in _wrap(_runs(str(int(x)) for x in row))]
    return "int" + shape, lines


def array_of(kind: str, shape: tuple[int, ...], tokens: list[str]) -> Array:
    """Inverse of ``array_lines``: int64 or float64 array of the header and the body's words.

    Raises:
        ValueError: the words do not spell an array of that kind and shape.

    >>> array_of("sign", (2, 3), ["06", "00"]).tolist()
    [[1, -1, -1], [1, 1, 1]]
    """
    if kind in ("sign", "trit"):
        if len(shape) < 2 or len(tokens) != shape[0]:
            raise ValueError(f"{kind}{shape} needs one word per row, found {len(tokens)}.")
        width = math.prod(shape[1:])
        if math.prod(shape) > LARGEST:
            raise ValueError(f"{kind}{shape} has {math.prod(shape)} entries, allowed are {LARGEST}.")
        if kind == "sign":
            return (1 - 2 * _unhex(tokens, width)).reshape(shape)
        pairs = [token.split(":") for token in tokens]
        if any(len(pair) != 2 for pair in pairs):
            raise ValueError("a trit row is <nonzero bits>:<negative bits>.")
        nonzero, negative = (_unhex([pair[k] for pair in pairs], width) for k in (0, 1))
        if (negative & ~nonzero & 1).any():
            raise ValueError("a trit row has a negative bit where its nonzero bit is 0.")
        return (nonzero - 2 * negative).reshape(shape)
    if kind not in ("int", "float"):
        raise ValueError(f"{kind!r} is no kind of array; allowed: sign, trit, int, float.")
    size = math.prod(shape)
    runs = [_run(token) for token in tokens]
    if size > LARGEST:
        raise ValueError(f"{kind}{shape} has {size} entries, allowed are {LARGEST}.")
    if sum(count for _, count in runs) != size:
        raise ValueError(f"{kind}{shape} needs {size} entries, found {sum(c for _, c in runs)}.")
    words = [word for word, count in runs for _ in range(count)]
    if kind == "int":
        return np.array([int(w) for w in words], dtype=np.int64).reshape(shape)
    return np.array([_unfloat(w) for w in words], dtype=np.float64).reshape(shape)


def _float(x: Any) -> str:
    """Shortest text that comes back to the same float, also for float32 read as float64."""
    short = str(x)
    return short if x == x.dtype.type(float(short)) or x != x else float(x).hex()


def _unfloat(word: str) -> float:
    return float.fromhex(word) if "0x" in word else float(word)


def _runs(words: Iterable[str]) -> Iterator[str]:
    for word, group in itertools.groupby(words):
        count = len(list(group))
        yield f"{word}*{count}" if count > 1 else word


def _run(token: str) -> tuple[str, int]:
    word, star, count = token.partition("*")
    return word, int(count) if star else 1


def _wrap(words: Iterable[str]) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) > LINE:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line else lines


def _hex(bits: Array) -> list[str]:
    return [row.tobytes().hex() for row in np.packbits(bits, axis=1, bitorder="little")]


def _unhex(words: list[str], d: int) -> NDArray[np.int64]:
    size = -(-d // 8)
    raw = [bytes.fromhex(word) for word in words]
    if any(len(row) != size for row in raw):
        raise ValueError(f"a row of {d} bits is {2 * size} hex digits.")
    packed = np.frombuffer(b"".join(raw), dtype=np.uint8).reshape(len(raw), size)
    bits = np.unpackbits(packed, axis=1, bitorder="little")
    if bits[:, d:].any():
        raise ValueError(f"bits beyond entry {d - 1} must be 0.")
    return bits[:, :d].astype(np.int64)
