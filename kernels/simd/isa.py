"""Which instruction sets the vocabulary can be spelled for, and which one this process uses."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass

from qcompile.errors import UnsupportedError, did_you_mean

VARIABLE = "QCOMPILE_ISA"


@dataclass(frozen=True)
class Isa:
    """An instruction set with the LLVM features that it needs.

    Attributes:
        name: its key.
        features: LLVM feature names that the CPU must report.
        cpu: an LLVM CPU name that has exactly these features, for code built ahead of time.
        triple: of such a target.
        registers: 64-byte vectors that fit into its register file.
    """

    name: str
    features: tuple[str, ...]
    cpu: str
    triple: str
    registers: int


# Best first. ``scalar`` is the one path that is always available.
ISAS = {
    isa.name: isa
    for isa in (
        Isa(
            "avx512",
            (
                "avx512f",
                "avx512bw",
                "avx512vl",
                "avx512dq",
                "avx512vbmi",
                "avx512vnni",
                "avx512vpopcntdq",
                "avx512bitalg",
            ),
            "icelake-client",
            "x86_64-unknown-linux-gnu",
            32,
        ),
        Isa("avx2", ("avx2",), "haswell", "x86_64-unknown-linux-gnu", 8),
        Isa("neon", ("neon",), "cortex-a72", "aarch64-unknown-linux-gnu", 8),
        Isa("scalar", (), "x86-64", "x86_64-unknown-linux-gnu", 4),
    )
}


@functools.cache
def supported() -> tuple[str, ...]:
    """Names of the spellings that this CPU can run and Numba may use, best first.

    >>> supported()[-1]
    'scalar'
    """
    import llvmlite.binding as llvm

    features = _features()
    triple = llvm.get_process_triple()
    arch = {"aarch64": "neon", "arm64": "neon"}.get(triple.split("-")[0])
    return tuple(
        isa.name
        for isa in ISAS.values()
        if isa.name == "scalar"
        or (isa.name == "neon" and arch == "neon")
        or (isa.name != "neon" and all(features.get(f, False) for f in isa.features))
    )


def _features() -> Mapping[str, bool]:
    """LLVM features that Numba compiles for: the CPU's, unless Numba's own variables name fewer.

    An instruction that the code generator was not told of ends the process, so the variables
    (NUMBA_CPU_NAME=generic is what Numba's manual gives for caches that several machines share)
    must be heeded here too.
    """
    import llvmlite.binding as llvm

    host: Mapping[str, bool] = llvm.get_host_cpu_features()
    cpu = os.environ.get("NUMBA_CPU_NAME", "").lower()
    told = os.environ.get("NUMBA_CPU_FEATURES", "" if cpu == "generic" else None)
    if told is None:
        return host
    named = {f for isa in ISAS.values() if isa.cpu == cpu for f in isa.features}
    named |= {word[1:] for word in told.split(",") if word.startswith("+")}
    return {f: bool(host.get(f, False)) for f in named}


def code_target() -> tuple[str, str]:
    """LLVM's name of the processor and its features (``+avx2,-sse4a,..``), as Numba takes them.

    >>> all(isinstance(part, str) for part in code_target())
    True
    """
    import llvmlite.binding as llvm

    cpu = os.environ.get("NUMBA_CPU_NAME")
    features = os.environ.get("NUMBA_CPU_FEATURES", "" if cpu == "generic" else None)
    host = llvm.get_host_cpu_features().flatten() if features is None else features
    return llvm.get_host_cpu_name() if cpu is None else cpu, host


def current(name: str | None = None) -> Isa:
    """The spelling to use: the argument, else the variable QCOMPILE_ISA, else the best supported.

    Raises:
        UnsupportedError: unknown, or this CPU cannot run it.

    >>> current("scalar").name
    'scalar'
    """
    asked = name or os.environ.get(VARIABLE) or supported()[0]
    if asked not in ISAS:
        raise UnsupportedError(
            f"instruction set {asked!r} is not one of {', '.join(ISAS)}.{did_you_mean(asked, ISAS)}"
        )
    if asked not in supported():
        raise UnsupportedError(
            f"this CPU cannot run {asked!r}; it can run {', '.join(supported())}. "
            f"Unset {VARIABLE} to use the best one."
        )
    return ISAS[asked]
