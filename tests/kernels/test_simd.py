"""Every instruction, in every spelling this CPU can run, means its line of numpy."""

import itertools

import numpy as np
import pytest
from numba import njit

from qcompile.errors import UnsupportedError
from qcompile.kernels.simd import isa
from qcompile.kernels.simd.reference import reference
from qcompile.kernels.simd.vectors import TABLE, vocabulary

vocabulary("scalar")
TYPES = {
    "u8": np.uint8,
    "u16": np.uint16,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "f32": np.float32,
}
ROOM = 256


def operand(kind: str, rng: np.random.Generator, extreme: bool) -> np.ndarray:
    dtype = TYPES[kind]
    lanes = 64 // np.dtype(dtype).itemsize
    if kind == "f32":
        return (
            rng.choice([0.0, 1.0, -1.0, 2.5, 1e30], lanes).astype(dtype)
            if extreme
            else (rng.normal(0, 1000, lanes).astype(dtype))
        )
    info = np.iinfo(dtype)
    if extreme:
        return rng.choice([info.min, info.max, 0, 1], lanes).astype(dtype)
    return rng.integers(info.min, info.max, lanes, dtype=dtype, endpoint=True)


def call_in_numba(one, words, scalars):
    """A function that loads vector operands from memory, runs the instruction, stores the result."""
    names = "abcdef"[: len(one.operands)]
    lines, arguments = [], []
    for name, kind in zip(names, one.operands, strict=True):
        if kind in TYPES:
            lines.append(f"    {name} = load_{kind}(p + {64 * names.index(name)})")
        elif kind == "float":
            lines.append(f"    {name} = np.float32({scalars[name]!r})")
        elif kind == "int":
            lines.append(f"    {name} = {scalars[name]}")
        else:
            lines.append(f"    {name} = p + 512 + {scalars[name]}")
        arguments.append(name)
    call = f"{one.name}({', '.join(arguments)})"
    if one.result in TYPES:
        lines.append(f"    store_{one.result}(q, {call})\n    return 0")
    elif one.result == "none":
        lines.append(f"    {call}\n    return 0")
    else:
        lines.append(f"    return {call}")
    scope = dict(vars(words), np=np)
    exec("def f(p, q):\n" + "\n".join(lines), scope)
    return njit(scope["f"])


def meaning(one, memory, given):
    """Evaluate the instruction's line of numpy."""
    memory = memory.copy()

    def at(kind, address, n):
        dtype = np.dtype(TYPES[kind])
        return memory[address : address + n * dtype.itemsize].view(dtype)

    def put(kind, address, values):
        raw = np.atleast_1d(np.asarray(values)).astype(TYPES[kind]).view(np.uint8)
        memory[address : address + len(raw)] = raw

    with np.errstate(all="ignore"):
        return eval(one.meaning, {"np": np, "at": at, "put": put, **given}), memory


@pytest.mark.parametrize("name", sorted(TABLE))
@pytest.mark.parametrize("spelling", isa.supported())
def test_an_instruction_means_its_line_of_numpy(name, spelling):
    one = TABLE[name]
    rng = np.random.default_rng(0)
    names = "abcdef"[: len(one.operands)]
    counts = {
        "right_u8": (0, 4, 7),
        "right_i16": (0, 8, 15),
        "bit_of_bytes": (0, 3, 7),
        "load_first_f32": (0, 1, 15, 16),
    }
    ints = counts.get(name) or ((0, 1, 15) if "left" in name or "right" in name else (0, 1, -1, 77, 255))
    compiled = {}
    for trial, extreme in itertools.product(range(3), (False, True)):
        scalars = {}
        for letter, kind in zip(names, one.operands, strict=True):
            if kind == "int":
                scalars[letter] = ints[trial % len(ints)]
            elif kind == "float":
                scalars[letter] = (0.0, -1.5, 3e38)[trial]
            elif kind == "address":
                scalars[letter] = trial  # unaligned on purpose
        key = tuple(scalars.values())
        function = compiled.setdefault(key, call_in_numba(one, vocabulary(spelling), scalars))
        memory = rng.integers(0, 256, 1024, dtype=np.uint8)
        if "f32" in name:
            memory[512:1024] = rng.normal(0, 9, 128).astype(np.float32).view(np.uint8)
            for t in range(3):  # floats at every unaligned address that is read
                memory[512 + t : 576 + t] = rng.normal(0, 9, 16).astype(np.float32).view(np.uint8)[:64]
        given = {}
        for i, (letter, kind) in enumerate(zip(names, one.operands, strict=True)):
            if kind in TYPES:
                given[letter] = operand(kind, rng, extreme)
                memory[64 * i : 64 * i + 64] = given[letter].view(np.uint8)
            else:
                given[letter] = scalars[letter] + (512 if kind == "address" else 0)
        if one.name.startswith("write") and extreme:
            continue
        expected, after = meaning(one, memory, given)
        result = np.zeros(64, np.uint8)
        answer = function(memory.ctypes.data, result.ctypes.data)
        if one.result in TYPES:
            assert result.tobytes() == np.asarray(expected).astype(TYPES[one.result]).tobytes()
        elif one.result == "none":
            np.testing.assert_array_equal(memory, after)
        else:
            assert answer == expected


def test_the_argument_wins_over_the_variable_and_the_variable_over_detection(monkeypatch):
    monkeypatch.setenv(isa.VARIABLE, "scalar")
    assert isa.current().name == "scalar"
    monkeypatch.delenv(isa.VARIABLE)
    assert isa.current().name == isa.supported()[0]


@pytest.mark.parametrize(
    ("cpu", "features", "most"),
    [
        ("generic", None, "scalar"),
        ("haswell", "", "avx2"),
        ("haswell", "+sse4.2", "avx2"),
        ("k8", "+avx2", "avx2"),
    ],
)
def test_numba_is_not_given_what_its_variables_forbid(monkeypatch, cpu, features, most):
    monkeypatch.setenv("NUMBA_CPU_NAME", cpu)
    if features is None:
        monkeypatch.delenv("NUMBA_CPU_FEATURES", raising=False)
    else:
        monkeypatch.setenv("NUMBA_CPU_FEATURES", features)
    there = isa.supported()
    expected = most if most in there else "scalar"  # the CPU may have less than it is told to be
    assert isa.supported.__wrapped__()[0] == expected


def test_unknown_and_impossible_spellings_are_refused_with_the_list(monkeypatch):
    with pytest.raises(UnsupportedError, match=r"'avx51' is not one of avx512, .*Did you mean 'avx512'"):
        isa.current("avx51")
    missing = next(name for name in isa.ISAS if name not in isa.supported())
    with pytest.raises(UnsupportedError, match=f"cannot run '{missing}'; it can run .*scalar"):
        isa.current(missing)


def test_the_reference_lists_every_instruction_with_its_meaning():
    lines = reference().splitlines()
    assert len(lines) == len(TABLE)
    assert all(
        one.meaning in line for one, line in zip([TABLE[k] for k in sorted(TABLE)], lines, strict=True)
    )
