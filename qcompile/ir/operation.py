"""Op: what every operation of the integer IR says of itself. Each has its own file in ops/.

    meaning     what it computes: exact, slow, obvious; everything fast is compared with it
    wrong       what is wrong with its shape, types or constants, or nothing
    bound       the range of every channel of its result, from those of its operands
    fitted      the narrowest type of its result
    gradient    how its operands move its result, for rows worth testing with
    goals       channels worth driving to both extremes
    kept        the operation without some channels of its result; ``renamed``, on other operands
    work        what it costs for one row
    text        its constants as the text form has them, and ``parsed``, the inverse

Arrays of values are (n, h, w, c): rows, positions, channels; a vector is one position. Constants
that belong to channels have the channel as their first axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from string import ascii_lowercase
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from qcompile.errors import CompileError
from qcompile.ir.constants_text import constant_lines
from qcompile.ir.ranges import Ranges
from qcompile.ir.types import ValueType, smallest_signed
from qcompile.ir.work import Work

Array = NDArray[Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Op:
    """Common part: the name of the result, its type, the names it reads, free annotations.

    ``notes`` hold what passes decided and meaning does not depend on, such as
    ``{"kernel": "planes_i8_u8"}`` on a dot; they are part of the text form.

    A subclass is a frozen dataclass whose fields ``a``, ``b``, .. are the operands in order and whose
    other fields are constants: arrays, integers or tuples of integers. It must define ``meaning``, ``wrong``,
    ``bound`` and ``work``; the rest has defaults.
    """

    result: str
    type: ValueType
    notes: dict[str, str] = field(default_factory=dict, kw_only=True)

    reads_floats: ClassVar[bool] = False
    makes_floats: ClassVar[bool | None] = False  # None: as its type says
    makes_codes: ClassVar[bool] = False  # small unsigned integers that a table can be indexed by
    channelwise: ClassVar[bool] = False  # channel i of the result comes from channel i of each operand
    commutes: ClassVar[bool] = False  # its operands may change places

    @property
    def operands(self) -> tuple[str, ...]:
        """Names of the values this operation reads."""
        return tuple(v for k in ("a", "b") if isinstance(v := getattr(self, k, None), str))

    @classmethod
    def word(cls) -> str:
        """What the operation is called in the text form."""
        return cls.__name__.lower()

    def meaning(self, *values: Array) -> Array:
        """The result (n, h, w, c) of operands (n, h, w, c); integers are int64 or exact objects."""
        raise NotImplementedError(f"{self.word()} has no meaning.")

    def wrong(self, *operands: ValueType) -> str:
        """What is wrong with shapes and constants, as a clause, or "" where all is well."""
        raise NotImplementedError(f"{self.word()} has no shape rule.")

    def bound(self, *operands: Ranges) -> Ranges | None:
        """(low, high) of every channel of the result; None of floats."""
        raise NotImplementedError(f"{self.word()} has no bound.")

    def work(self, *operands: ValueType) -> Work:
        """What it costs for one row."""
        raise NotImplementedError(f"{self.word()} has no count.")

    def fitted(self, low: int, high: int, *operands: ValueType) -> ValueType:
        """The narrowest type for a result in [low, high]."""
        bits = smallest_signed(low, high)
        if bits is None:
            raise CompileError(
                f"%{self.result} may reach [{low}, {high}], which leaves 64-bit integers; "
                "use smaller second-layer integers, fewer input bits or fewer neurons."
            )
        return self.type.of("i", bits)

    def gradient(self, slope: Array, *values: Array) -> tuple[Array, ...]:
        """What ``slope``, of the result, says of each operand, linearised at ``values``."""
        return ()

    def goals(self, most: int) -> Iterable[int]:
        """Channels whose extremes test accumulators best, about ``most`` of them."""
        return ()

    def renamed(self, names: Mapping[str, str]) -> Self:
        """The same operation on other operands: old name -> new name."""
        read: dict[str, Any] = {k: v for k in ("a", "b") if isinstance(v := getattr(self, k, None), str)}
        return replace(self, **{k: names.get(v, v) for k, v in read.items()})

    def kept(self, keep: Mask) -> Self:
        """Without the channels of the result where ``keep`` is False."""
        changes: dict[str, Any] = {"type": replace(self.type, channels=int(keep.sum()))}
        for name, array in self._arrays().items():
            changes[name] = array if len(array) == 1 else array[keep]
        return replace(self, **changes)

    def _arrays(self) -> dict[str, Array]:
        return {f.name: v for f in fields(self) if isinstance(v := getattr(self, f.name), np.ndarray)}

    def constants_of_channels(self) -> list[tuple[Any, ...]]:
        """For every channel its constants, comparable: equal entries mean equal channels."""
        n = self.type.channels
        parts: list[list[Any]] = []
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray):
                rows = [row.tobytes() for row in value]
                parts.append(rows * n if len(rows) == 1 else rows)
            elif isinstance(value, tuple | int):
                parts.append([value] * n)
        return list(zip(*parts, strict=True)) if parts else [()] * n

    def text(self) -> list[str]:
        """Lines of the constants, indented by two."""
        lines: list[str] = []
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, tuple | int):
                value = np.atleast_1d(np.array(value, dtype=np.int64))
            if isinstance(value, np.ndarray):
                lines += constant_lines(f.name, value)
        return lines

    @classmethod
    def parsed(
        cls,
        result: str,
        type_: ValueType,
        operands: Sequence[str],
        constants: Mapping[str, Any],
        notes: dict[str, str],
    ) -> Self:
        """Inverse of ``text``.

        Raises:
            ValueError: an operand or a constant is missing, or there is one too many.
        """
        given = {**constants, **dict(zip(ascii_lowercase, operands, strict=False))}
        needed = {f.name for f in fields(cls)} - {"result", "type", "notes"}
        if given.keys() != needed:
            raise ValueError(f"{cls.word()} has {sorted(given)}, needs {sorted(needed)}.")
        return cls(result, type_, **given, notes=notes)


def as_codes(op: Op, low: int, high: int) -> ValueType | None:
    """Unsigned, as many bits as the largest value needs; None where a value is negative."""
    return op.type.of("u", max(1, high.bit_length())) if low >= 0 and high < 2**64 else None


def as_operands(op: Op, low: int, high: int, *operands: ValueType) -> ValueType | None:
    """Unsigned where all operands are, for operations that only move values."""
    return as_codes(op, low, high) if all(operand.kind == "u" for operand in operands) else None


def whole(values: Iterable[Any]) -> tuple[int, ...]:
    """Integers of any integer type as Python's; a float is a TypeError."""
    return tuple(value.__index__() for value in values)


def expect(*pairs: tuple[int, int]) -> str:
    """A clause for each length that is not the one needed."""
    wrong = [f"length {given} where {wanted} is needed" for given, wanted in pairs if given != wanted]
    return "; ".join(wrong)


def same_places(result: ValueType, *operands: ValueType) -> str:
    """A clause where an operand has other positions than the result."""
    for operand in operands:
        if operand.positions != result.positions:
            (h, w), (p, q) = operand.positions, result.positions
            return f"{h}x{w} positions where {p}x{q} are needed"
    return ""
