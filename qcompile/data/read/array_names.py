"""Array names: which arrays of an archive are features, which labels, and of which rows."""

from __future__ import annotations

import re
from collections.abc import Mapping

FEATURES = ("x", "data", "features", "feature", "images", "image", "imgs", "inputs", "input", "arr_0")
LABELS = ("y", "target", "targets", "labels", "label", "classes", "class", "outputs", "arr_1")
PARTS = {
    "train": "train", "training": "train", "tr": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test", "te": "test",
}  # fmt: skip


def parted(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[str, str]]:
    """Part ("all", "train", "val" or "test") -> names of its features and of its labels.

    ``x_train``, ``trainX``, ``train_images``, ``Xtr`` and the like are understood, in either case.
    Two arrays of other names are features and labels too, if one of them is a single column and
    the other, of as many rows, is not.

    Args:
        shapes: name of every array -> its shape.

    Returns:
        the parts of which both arrays are there; empty if there are none.

    >>> parted({"X_train": (9, 4), "y_train": (9,), "x_test": (3, 4), "y_test": (3,)})
    {'train': ('X_train', 'y_train'), 'test': ('x_test', 'y_test')}
    >>> parted({"pixels": (9, 8, 8), "digit": (9, 1)})
    {'all': ('pixels', 'digit')}
    """
    found: dict[tuple[str, str], str] = {}
    for name in shapes:
        part, role = _read(name)
        if role:
            found.setdefault((part, role), name)
    pairs = {
        part: (found[part, "x"], found[part, "y"])
        for part in ("all", "train", "val", "test")
        if (part, "x") in found and (part, "y") in found
    }
    if "all" in pairs:
        return {"all": pairs["all"]}
    if "train" in pairs:
        return pairs
    if len(shapes) == 2:
        a, b = sorted(shapes, key=lambda name: _is_column(shapes[name]))
        if not _is_column(shapes[a]) and _is_column(shapes[b]) and shapes[a][:1] == shapes[b][:1]:
            return {"all": (a, b)}
    return {}


def _read(name: str) -> tuple[str, str]:
    """(part, role) of one name; the role is "x", "y" or empty."""
    plain = name.lower()
    for word, part in PARTS.items():
        for pattern in (rf"{word}[_. -]?(.+)", rf"(.+?)[_. -]?{word}"):
            match = re.fullmatch(pattern, plain)
            if match and _role(match.group(1)):
                return part, _role(match.group(1))
    return "all", _role(plain)


def _role(word: str) -> str:
    return "x" if word in FEATURES else "y" if word in LABELS else ""


def _is_column(shape: tuple[int, ...]) -> bool:
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
