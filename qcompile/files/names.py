"""File names as text: what the system cannot decode is replaced, so that every format takes it."""

from __future__ import annotations


def readable(name: str) -> str:
    r"""A name, or a sentence with names in it, without the stand-ins for bytes that are no text.

    In an ASCII locale the bytes of a UTF-8 name arrive undecoded, and are decoded here.

    >>> readable("t\udcc3\udca4ble.csv"), readable("t\udcffble.csv")
    ('täble.csv', 't�ble.csv')
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
