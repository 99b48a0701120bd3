"""Mnemonics to instruction classes, so that a cycle table can price a trace."""

from __future__ import annotations

import re

FLOAT = re.compile(r"^(v(?!st|ld|push|pop)|f(?!ence)|scvtf|ucvtf)")
LOAD = re.compile(r"^(c\.)?(ldr|ldp|ldur|ldm|ld[1-4]|vldr|vldm|vpop|pop|l[bhwd]u?$|l[wd]sp$|flw|fld)")
STORE = re.compile(r"^(c\.)?(str|stp|stur|stm|strd|st[1-4]|vstr|vstm|vpush|push|s[bhwd]$|s[wd]sp$|fsw|fsd)")
CALL = re.compile(r"^(c\.)?(bl|blx|blr|jal|jalr)$")
BRANCH = re.compile(
    r"^(c\.)?(le|wls|b|bx|br|ret|cbz|cbnz|tbz|tbnz|j|jr|beq|bne|blt|bge|bltu|bgeu|beqz|bnez|blez|bgez|bltz|bgtz|"
    r"b\.?(eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le))(\.[nw])?$"
)
LONG = re.compile(r"^(smull|umull|smlal|umlal|smulh|umulh|mulh|mulhu|mulhsu|umaal)")
MUL = re.compile(r"^(mul|mla|mls|madd|msub|mneg|smul|smla|smlad|smuad|mulw|smaddl|umaddl)")
DIV = re.compile(r"^(sdiv|udiv|div|rem)")
MULTIPLE = re.compile(r"^(ldm|stm|push|pop|vldm|vstm|vpush|vpop)")
VECTOR = re.compile(r"^[vq]\d+\.|^\{?v\d+\.|^q\d+")


def classify(mnemonic: str, operands: str) -> dict[str, int]:
    """Class -> units of one instruction; a multiple transfer also counts its registers.

    >>> classify("ldr", "r0, [r1]"), classify("push", "{r4, r5, lr}"), classify("smlad", "r0, r1, r2, r0")
    ({'load': 1}, {'alu': 1, 'load_multiple': 3}, {'mul': 1})
    >>> classify("bne", "#0x10"), classify("eor", "r0, r0, r1"), classify("cnt", "v0.16b, v0.16b")
    ({'branch': 1}, {'alu': 1}, {'simd': 1})
    """
    m = mnemonic.removesuffix(".w").removesuffix(".n")
    if MULTIPLE.match(m):
        return {"alu": 1, "load_multiple": _registers(operands)}
    if LOAD.match(m):
        pair = m.startswith(("ldp", "ldrd"))
        return {"load": 1, "load_multiple": 1} if pair else {"load": 1}
    if STORE.match(m):
        pair = m.startswith(("stp", "strd"))
        return {"store": 1, "load_multiple": 1} if pair else {"store": 1}
    if CALL.match(m):
        return {"call": 1}
    if BRANCH.match(m):
        return {"branch": 1}
    if m == "vector" or VECTOR.match(operands):
        return {"simd": 1}
    for pattern, name in ((LONG, "mul_long"), (MUL, "mul"), (DIV, "div"), (FLOAT, "float")):
        if pattern.match(m):
            return {name: 1}
    return {"alu": 1}


def undecoded(code: bytes) -> str | None:
    """Name of one instruction that capstone 5 does not know: Zbb of RISC-V, v8.1-M of Cortex-M55.

    >>> undecoded(bytes.fromhex("93972760")), undecoded(bytes.fromhex("0ff009c0")), undecoded(bytes(3))
    ('zbb', 'le', None)
    >>> undecoded(bytes.fromhex("20f001e0"))  # dlstp.32 lr, r0
    'dls'
    """
    if len(code) != 4:
        return None
    word = int.from_bytes(code, "little")
    if word & 0x7F in (0x13, 0x33):  # RISC-V register-immediate and register-register arithmetic
        return "zbb"
    first, second = word & 0xFFFF, word >> 16
    if first & 0xFFC0 == 0xF000 and second & 0xE001 == 0xC001:
        return "le" if first & 0x0F == 0x0F else "wls"
    if first & 0xFF80 == 0xF000 and second & 0xE001 == 0xE001:  # dls, and dlstp of every element size
        return "dls"
    if first & 0xFFF0 == 0xEA50:
        return "csel"
    return "vector" if first >> 12 in (0xE, 0xF) and first & 0x0C00 == 0x0C00 else None


def _registers(operands: str) -> int:
    """Registers of a list such as ``{r4, r5-r7, lr}``.

    >>> _registers("sp!, {r4, r5-r7, lr}")
    5
    """
    inner = operands[operands.find("{") + 1 : operands.find("}")]
    total = 0
    for part in inner.split(","):
        ends = re.findall(r"\d+", part)
        total += int(ends[1]) - int(ends[0]) + 1 if "-" in part and len(ends) == 2 else 1
    return total
