"""A small SIMD vocabulary for Numba: one set of names, spelled for each instruction set.

A vector always has 64 bytes. What differs between CPUs is how a name is spelled: AVX-512 uses
one register, AVX2 two, NEON four, and ``scalar`` plain LLVM operations that every CPU has. So a
kernel is written once, packed weights have one layout, and every spelling has one meaning.

    isa.py        which spellings exist, which one this process uses
    vectors.py    the vector types, and how a name becomes a Numba intrinsic
    memory.py     load, store, splat, repeat, read, write
    arithmetic.py add, multiply, shift, compare, convert
    lookup.py     byte and word tables, population counts, sums of bytes
    permute.py    interleave, and 16-byte parts to memory: what transposing is made of
    reference.py  the instruction set reference, printed from the definitions

Each instruction is defined with its meaning as one line of numpy; the tests evaluate that line.

>>> from qcompile.kernels.simd.vectors import vocabulary
>>> vocabulary("scalar").add_u8.__name__
'add_u8'
"""
