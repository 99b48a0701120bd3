"""A trace of executed blocks, priced: instructions by operation and class, their mix, taken branches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qcompile.backends.artifact import Artifact
from qcompile.errors import CompileError
from qcompile.run.emulate.image import Image
from qcompile.run.emulate.mix import classify, undecoded

Block = tuple[int, int]  # address, bytes


@dataclass(frozen=True)
class Trace:
    """What one row cost.

    Attributes:
        instructions: executed.
        classes: instruction class -> units (see ``targets.schema.CYCLE_CLASSES``).
        by_operation: IR value, or "encode", "count", "tables", "call", "runtime" -> its classes.
        instructions_by_operation: the same -> instructions.
        mix: mnemonic -> executed.
        stack_bytes: high-water mark.
    """

    instructions: int
    classes: Mapping[str, int]
    by_operation: Mapping[str, Mapping[str, int]]
    instructions_by_operation: Mapping[str, int]
    mix: Mapping[str, int]
    stack_bytes: int


def price(
    edges: Mapping[tuple[Block, Block], int],
    read: Callable[[int, int], bytes],
    disassembler: Any,
    owner: Callable[[int], str],
    stack_bytes: int,
) -> Trace:
    """Count what was executed.

    Args:
        edges: (block before, block) -> times; the first block's predecessor has size 0.
        read: code at an address.
        disassembler: a ``capstone.Cs`` of the core.
        owner: address -> operation.
        stack_bytes: high-water mark.

    Raises:
        CompileError: a block holds what is no instruction.
    """
    blocks: Counter[Block] = Counter()
    taken: Counter[Block] = Counter()
    for (before, here), times in edges.items():
        blocks[here] += times
        if before[1] and here[0] != before[0] + before[1]:
            taken[before] += times
    mix: Counter[str] = Counter()
    classes: dict[str, Counter[str]] = {}
    instructions: Counter[str] = Counter()
    for (address, size), times in blocks.items():
        name = owner(address)
        mine = classes.setdefault(name, Counter())
        for mnemonic, operands in _decoded(read(address, size), address, disassembler):
            mix[mnemonic] += times
            instructions[name] += times
            for kind, units in classify(mnemonic, operands).items():
                mine[kind] += units * times
        mine["branch_taken"] += taken[address, size]
    total: Counter[str] = Counter()
    for part in classes.values():
        total.update(part)
    return Trace(
        sum(instructions.values()),
        dict(total),
        {k: dict(v) for k, v in classes.items()},
        dict(instructions),
        dict(mix.most_common()),
        stack_bytes,
    )


def _decoded(code: bytes, address: int, disassembler: Any) -> list[tuple[str, str]]:
    """Mnemonics and operands; a lone instruction newer than the disassembler is known by its encoding."""
    found, done = [], 0
    for _, length, mnemonic, operands in disassembler.disasm_lite(code, address):
        done += length
        found.append((mnemonic, operands))
    if done == len(code):
        return found
    name = undecoded(code) if done == 0 else None
    if name is None:
        raise CompileError(f"{len(code) - done} bytes at {address + done:#x} could not be disassembled.")
    return [(name, "")]


def owners(artifact: Artifact, image: Image) -> Callable[[int], str]:
    """Address -> operation: dots by their functions, encode, other functions of the model, runtime."""
    prefix = artifact.provenance["prefix"]
    functions: Mapping[str, str] = artifact.provenance["functions"]
    spans = sorted((a, n, name) for name, (a, n) in image.symbols.items())

    def find(address: int) -> str:
        for start, size, name in spans:
            if start <= address < start + max(size, 1):
                if name in functions:
                    return functions[name]
                if name == f"{prefix}_encode":
                    return "encode"
                if "_differ_" in name or "_both_" in name:
                    return "count"
                if name.startswith("qc_"):
                    return "tables"
                return "call" if name.startswith(prefix) else "runtime"
        return "runtime"

    return find
