"""Small pictures: an array of palette indices as a PNG data URI, with nothing but zlib."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int, int]

# Orange for negative, blue for positive, nothing at all for zero: readable on light and on dark.
NEGATIVE, POSITIVE = (217, 119, 6), (37, 99, 235)
STEPS = 63


def encode(indices: NDArray[np.uint8], palette: Sequence[Colour]) -> bytes:
    """A PNG of 8-bit palette indices.

    >>> encode(np.array([[0, 1]], np.uint8), [(0, 0, 0, 255), (255, 0, 0, 255)])[1:4]
    b'PNG'
    """
    height, width = indices.shape
    rows = b"".join(b"\x00" + row.tobytes() for row in np.ascontiguousarray(indices, dtype=np.uint8))
    colours = b"".join(bytes(c[:3]) for c in palette)
    alphas = bytes(c[3] for c in palette)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"PLTE", colours),
        (b"tRNS", alphas),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def diverging(values: NDArray[np.float64], top: float | None = None) -> str:
    """A matrix of signed values as a picture: colour is the sign, opacity the magnitude.

    Args:
        values: (rows, columns) any finite numbers.
        top: the magnitude that is fully opaque; the largest one by default.

    Returns:
        a ``data:`` URI.
    """
    largest = float(np.abs(values).max(initial=0.0)) if top is None else top
    scaled = np.clip(values / largest if largest > 0 else values, -1, 1)
    indices = (np.rint(scaled * STEPS) + STEPS).astype(np.uint8)
    palette = [
        (*(POSITIVE if k > 0 else NEGATIVE), round(255 * abs(k) / STEPS)) for k in range(-STEPS, STEPS + 1)
    ]
    return data_uri(encode(indices, palette))


def data_uri(content: bytes) -> str:
    """The picture as text that an ``img`` takes."""
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")
