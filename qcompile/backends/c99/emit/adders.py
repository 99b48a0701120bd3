"""Row functions that count bits with full adders, written out for a fixed number of words.

    n words  --full adders-->  words of weight 1, 2, 4, 8, 16  --count-->  one number

At most 31 words go into one function: then a lane holds at most 31 and a byte of lanes at most
248, so that all counting after the adders stays inside bytes.
"""

from __future__ import annotations

SEGMENT = 31


def segments(words: int) -> list[int]:
    """Even parts of at most ``SEGMENT`` words each.

    >>> segments(25), segments(64)
    ([25], [22, 21, 21])
    """
    parts = -(-words // SEGMENT)
    return [words // parts + (k < words % parts) for k in range(parts)]


def count_function(name: str, words: int, combine: str, word_bits: int = 64) -> str:
    """C text of ``uint32_t name(const qc_word *w, const qc_word *x)``.

    Args:
        name: of the function.
        words: 1 to 31.
        combine: "^" counts where w and x differ, "&" where both are set.
        word_bits: with 32, words are read two at a time.

    >>> print(count_function("f", 2, "&"))
    static uint32_t f(const qc_word *w, const qc_word *x)
    {
        qc_word s0 = w[0] & x[0];
        qc_word s1 = qc_half_adder(&s0, w[1] & x[1]);
        return qc_sum_bytes(qc_bytes(qc_nibbles(s0) + (qc_nibbles(s1) << 1)));
    }
    <BLANKLINE>
    """
    if not 1 <= words <= SEGMENT:
        raise ValueError(f"a row function takes 1 to {SEGMENT} words, not {words}.")
    lines: list[str] = []
    held: set[int] = set()
    waiting: dict[int, str] = {}
    fresh = iter(range(1000))

    def push(level: int, term: str) -> None:
        if level not in held:
            held.add(level)
            lines.append(f"qc_word s{level} = {term};")
        elif level not in waiting:
            waiting[level] = term
        else:
            carry(level, f"qc_full_adder(&s{level}, {waiting.pop(level)}, {term})")

    def carry(level: int, call: str) -> None:
        if level + 1 not in held:
            push(level + 1, call)
            return
        temporary = f"c{next(fresh)}"
        lines.append(f"const qc_word {temporary} = {call};")
        push(level + 1, temporary)

    for k in range(words):
        if word_bits == 64 or (k == words - 1 and k % 2 == 0):
            push(0, f"w[{k}] {combine} x[{k}]")
            continue
        if k % 2 == 0:
            lines.append(f"const uint64_t p{k} = qc_two(&w[{k}]) {combine} qc_two(&x[{k}]);")
        push(0, f"(qc_word)p{k}" if k % 2 == 0 else f"(qc_word)(p{k - 1} >> 32)")
    level = 0
    while waiting:
        if level in waiting:
            carry(level, f"qc_half_adder(&s{level}, {waiting.pop(level)})")
        level += 1
    lines.append(f"return qc_sum_bytes({_total(max(held) + 1)});")
    body = "\n".join(f"    {line}" for line in lines)
    return f"static uint32_t {name}(const qc_word *w, const qc_word *x)\n{{\n{body}\n}}\n"


def _total(levels: int) -> str:
    """Sum of 2^k times the set bits of s_k, in bytes; two levels share their nibbles."""
    parts = []
    for low in range(0, levels, 2):
        nibbles = f"qc_nibbles(s{low})"
        if low + 1 < levels:
            nibbles += f" + (qc_nibbles(s{low + 1}) << 1)"
        shift = f" << {low}" if low else ""
        parts.append(f"(qc_bytes({nibbles}){shift})" if shift else f"qc_bytes({nibbles})")
    return " + ".join(parts)
