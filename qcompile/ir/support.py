"""What a back-end can run: one check and one sentence for all of them."""

from __future__ import annotations

from collections.abc import Collection

from qcompile.errors import UnsupportedError
from qcompile.ir.operation import Op
from qcompile.ir.program import Program


def require(program: Program, known: Collection[type[Op]], backend: str, images: bool = False) -> None:
    r"""Refuse a program with an operation, or an image, that a back-end does not know.

    Args:
        program: to be run.
        known: operations that the back-end runs.
        backend: what it is called in the sentence, for example "the C back-end".
        images: whether it runs values of more than one position.

    Raises:
        UnsupportedError: names the first such operation and its value.

    >>> from qcompile.ir.ops import Input
    >>> from qcompile.ir.text import parse
    >>> require(parse("qcompile-ir 1\n%x : u4[2] = input\n%s : i8[2] = add %x %x\noutput scores = %s"),
    ...         (Input,), "the machine")
    Traceback (most recent call last):
    ...
    qcompile.errors.UnsupportedError: %s is an operation add, which the machine does not run; it runs: input.
    """
    for op in program.ops:
        if type(op) not in known:
            words = ", ".join(sorted(kind.word() for kind in known))
            raise UnsupportedError(
                f"%{op.result} is an operation {op.word()}, which {backend} does not run; it runs: {words}."
            )
        if not (images or op.type.is_vector):
            raise UnsupportedError(
                f"%{op.result} ({op.word()}) is an image, {op.type}, and {backend} runs vectors only."
            )
