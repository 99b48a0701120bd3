"""Operations of the integer IR, ONE FILE PER OPERATION; ir/operation.py says what a file must define.

All act row by row; at every position of an image alike, and a vector is one position.

    input                          raw row
    encode   x                     codes of an encoder
    affine   a; scale, shift       scale_i * a_i + shift_i            (integers)
    dot      a; weight (m, c)      weight @ a                         (integers)
    mul      a, b                  a_i * b_i
    add      a, b                  a_i + b_i
    poly     a; (c2, c1, c0)       c2 a_i^2 + c1 a_i + c0             (integers)
    threshold a; levels (c, k)     sum_k [a_i >= levels_ik] if sign_i > 0 else sum_k [a_i <= levels_ik]
    requantize a; m, b, s, limits  clamp((m_i a_i + b_i) >> s_i), a few exceptions listed
    table    a; values (c, k)      values_i[a_i - first]
    conv     a; weight (o, kh, kw, c)  convolution; outside is the integer 0
    maxpool  a; kernel             largest of a window
    concat   parts                 channels one after the other
    gather   a; channels           channels by number
    reshape  a                     the same elements, arranged otherwise
    argmax   a                     index of the first maximum         (one element)
    sign     a                     1 if a_0 >= 0 else 0               (one element)
    scale    a; scale, offset      float64(a_i) * scale_i + offset_i

The folder is the table: ``find`` reads an operation by its word, and nothing lists them. The names
below are for those who import several.
"""

from __future__ import annotations

import importlib
import pkgutil

from qcompile.ir.operation import Op as Op
from qcompile.ir.ops.add import Add as Add
from qcompile.ir.ops.affine import Affine as Affine
from qcompile.ir.ops.argmax import Argmax as Argmax
from qcompile.ir.ops.concat import Concat as Concat
from qcompile.ir.ops.conv import Conv as Conv
from qcompile.ir.ops.dot import Dot as Dot
from qcompile.ir.ops.encode import Encode as Encode
from qcompile.ir.ops.gather import Gather as Gather
from qcompile.ir.ops.input import Input as Input
from qcompile.ir.ops.maxpool import MaxPool as MaxPool
from qcompile.ir.ops.mul import Mul as Mul
from qcompile.ir.ops.poly import Poly as Poly
from qcompile.ir.ops.requantize import Requantize as Requantize
from qcompile.ir.ops.reshape import Reshape as Reshape
from qcompile.ir.ops.scale import Scale as Scale
from qcompile.ir.ops.sign import Sign as Sign
from qcompile.ir.ops.table import Table as Table
from qcompile.ir.ops.threshold import Threshold as Threshold


def words() -> tuple[str, ...]:
    """Words of all operations: the files of this folder.

    >>> "threshold" in words()
    True
    """
    return tuple(sorted(found.name for found in pkgutil.iter_modules(__path__)))


def find(word: str) -> type[Op] | None:
    """The operation of a word, or None.

    >>> find("dot").__name__, find("../dot")
    ('Dot', None)
    """
    if word not in words():
        return None
    module = importlib.import_module(f"{__name__}.{word}")
    made = [v for v in vars(module).values() if isinstance(v, type) and issubclass(v, Op)]
    return next(v for v in made if v.__module__ == module.__name__ and v.word() == word)
