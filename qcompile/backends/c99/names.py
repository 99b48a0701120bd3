"""Names that come from people, made safe for C: identifiers, comments, string literals."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

KEYWORDS = frozenset(
    """auto break case char const continue default do double else enum extern float for goto if inline int
    long register restrict return short signed sizeof static struct switch typedef union unsigned void
    volatile while main bool true false asm class new delete this template typename namespace private
    public protected virtual operator friend using try catch throw and or not xor errno""".split()
)
# Files of these names mean something else in the folder, or to the compiler that searches it.
FILES = frozenset(
    """main assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdarg
    stdbool stddef stdint stdio stdlib string tgmath time wchar wctype arduino""".split()
)
LONGEST = 31  # characters of an external name that C99 guarantees to be significant
SHOWN = 60


def identifier(name: str, reserve: int = 12) -> str:
    """A lower-case C identifier for a free-text name; distinct names stay distinct.

    Where anything had to be changed beyond case, a hash of the full name is appended. ``reserve``
    leaves room for suffixes such as ``_predict``. No name is a keyword, or that of a header or example
    that a folder's ``NAME.h`` and ``NAME.c`` would hide.

    >>> identifier("Model"), identifier("7 segments"), identifier("int")
    ('model', 'm_7_segments_c29f', 'm_int_6da8')
    """
    plain = name.lower()
    safe = re.sub(r"[^a-z0-9_]+", "_", plain).strip("_")
    if not safe or not safe[0].isalpha() or safe in KEYWORDS | FILES or safe.startswith("qc_"):
        safe = f"m_{safe}"
    room = LONGEST - reserve
    if safe == plain and len(safe) <= room:
        return safe
    tag = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:4]
    return f"{safe[: room - 5].rstrip('_')}_{tag}"


def member_names(values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Members of the scratch, one per value of the program, named after what they hold.

    They begin with ``v_``, so that no keyword, macro of a vendor's header or member of our own is hit.

    >>> member_names({"tu": ["tu", "tv"], "a.1": ["a.1"], "a_1": ["a_1"]})
    {'tu': 'v_tu_tv', 'a.1': 'v_a_1', 'a_1': 'v_a_1_2'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for value, held in values.items():
        plain = "_".join(re.sub(r"[^a-z0-9]+", "_", h.lower()).strip("_") or "x" for h in held)
        name, k = f"v_{plain[:24]}", 2
        while name in taken:
            name, k = f"v_{plain[:20]}_{k}", k + 1
        taken.add(name)
        names[value] = name
    return names


def comment(text: str) -> str:
    r"""Text that stands inside a C comment: one line of printable ASCII that cannot end it.

    >>> comment("evil */ int x; /* \n")
    'evil *_ int x; _* '
    """
    flat = "".join(c if " " <= c <= "~" and c != "\\" else "?" if c.isprintable() else " " for c in text)
    flat = re.sub(r" +", " ", flat).replace("*/", "*_").replace("/*", "_*").replace("??", "?_")
    return flat if len(flat) <= SHOWN else flat[: SHOWN - 3] + "..."


def literal(text: str) -> str:
    r"""A C string literal of the UTF-8 bytes, at most 60 of them, odd bytes in octal.

    >>> print(literal('say "é"'))
    "say \042\303\251\042"
    """
    raw = text.encode("utf-8", "replace")
    if len(raw) > SHOWN:
        raw = raw[: SHOWN - 3].decode("utf-8", "ignore").encode() + b"..."
    safe = frozenset(range(32, 127)) - set(b'"?\\')
    return '"' + "".join(chr(b) if b in safe else f"\\{b:03o}" for b in raw) + '"'
