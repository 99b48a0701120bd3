"""The NEON spellings become AArch64 code: each instruction alone, cross-compiled by llvmlite."""

import functools

import llvmlite.binding as llvm
import llvmlite.ir as ir
import pytest

from qcompile.kernels.simd.isa import ISAS
from qcompile.kernels.simd.vectors import TABLE, VECTORS, vocabulary

vocabulary("scalar")
SCALARS = {"int": ir.IntType(64), "address": ir.IntType(64), "float": ir.FloatType(), "none": ir.VoidType()}
# What each must become: otherwise the spelling is slower than it should be, or absent.
EXPECTED = {
    "lookup16_u8": "tbl",
    "lookup64_u8": "tbl",
    "popcount_u8": "cnt",
    "popcount_i64": "cnt",
    "add_u8": "add",
}


@functools.cache
def machine():
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    neon = ISAS["neon"]
    return llvm.Target.from_triple(neon.triple).create_target_machine(cpu=neon.cpu, opt=2)


def assembly(name: str) -> str:
    """AArch64 assembly of one instruction as a function; vectors come and go by address."""
    one = TABLE[name]
    kinds = [SCALARS.get(k) or VECTORS[k].llvm.as_pointer() for k in one.operands]
    module = ir.Module(name)
    module.triple = ISAS["neon"].triple
    result = SCALARS.get(one.result)
    signature = ir.FunctionType(
        result or ir.VoidType(), kinds + ([] if result else [ir.IntType(8).as_pointer()])
    )
    function = ir.Function(module, signature, name)
    builder = ir.IRBuilder(function.append_basic_block())
    operands = [
        a if k in SCALARS else builder.load(a, align=1)
        for a, k in zip(function.args, one.operands, strict=False)
    ]
    answer = one.spelling("neon")(builder, *operands)
    if result is None:
        builder.store(answer, builder.bitcast(function.args[-1], answer.type.as_pointer()), align=1)
        builder.ret_void()
    elif one.result == "none":
        builder.ret_void()
    else:
        builder.ret(answer)
    parsed = llvm.parse_assembly(str(module))
    parsed.verify()
    return machine().emit_assembly(parsed)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_an_instruction_compiles_for_aarch64(name: str) -> None:
    text = assembly(name)
    assert EXPECTED.get(name, "ret") in text
    assert "\tbl\t" not in text, "a call: the spelling needs a runtime library"
