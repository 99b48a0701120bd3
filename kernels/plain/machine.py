"""A small machine that runs any program: one compiled function, the program is data.

A TAPE is one int64 array: HEADER words, WORDS words per instruction, then all constants.

    header        [instructions, place of the output, its length, place of the scratch, work per row, tile]
    instruction   [opcode, out, a, b, n, p0 .. p10, positions, length of a at one of them]

``out``, ``a``, ``b`` are places in a row's part of the WORK array (one int64 per element of every
value), n is the length of the result at one position, p0.. are numbers or places of constants on the
tape. A tile of rows, TILE of them or one of a large image, takes each instruction together. Nothing is
compiled per model: the first answer comes fast, and the machine that the tests test is the one that runs.

    opcode      p0, p1, ..
    INPUT       low, high                          integer programs: a row outside stops the run
    ENCODE      top, ends of the level, greater, equal and missing columns, raw column of each,
                floats, length, raw columns, the first raw column if they are neighbours or -1
    ABOVE       limits, length of a, words: what PACK would make of a > limits, at once
    BITS        as ENCODE (and 1 if cells are read where they lie: neighbours whose fill exceeds no
                limit, as NaN), for one-bit encoders of greater columns: what PACK would make of the codes
    STEPS       steps (a place of floats), steps per column, floats from one column's steps to the next (0
                if shared), raw column of each, raw columns, fill (a place of floats), the first raw
                column if they are neighbours or -1
    AFFINE      scale, its stride, shift, its stride                stride 0: one for all elements
    MULTIPLY    weights, length of a
    PACK        low of a, planes, length of a, words: bit planes of a - low, and the sum of a - low
    PLANES      weights, weight planes, planes of a, words, lanes, least weight, step, start
                (low of a times the row sums of the weights); a is the result of PACK
    MUL, ADD    -
    POLY        c2, c1, c0
    THRESHOLD   levels, levels per element, signs
    ARGMAX      length of a
    SIGN        -
    CONVOLVE    geometry (images.py), weights
    POOL        geometry
    REQUANTIZE, LOOK_UP, COPY    as images.py says

The assembler is run/_assemble.py. Float constants are float32 in pairs; a place of floats counts
float32 entries. ENCODE is the arithmetic of data/encoder.py, STEPS that of data/step_encoder.py, one
float32 operation per step. Nearly all is in one file because Numba's cache watches only the file of the
function that it caches; whoever changes images.py touches this file as well.

The file is long because Numba's cache watches one file.
"""

from __future__ import annotations

import numpy as np

from qcompile.jit import njit
from qcompile.kernels.plain.borrowed import borrowed
from qcompile.kernels.plain.images import CONVOLVE, COPY, LOOK_UP, POOL, REQUANTIZE, run_image
from qcompile.kernels.plain.masks import above_word
from qcompile.kernels.plain.popcount import popcount

__all__ = [
    "ABOVE",
    "ADD",
    "AFFINE",
    "ARGMAX",
    "BITS",
    "CONVOLVE",
    "COPY",
    "ENCODE",
    "HEADER",
    "INPUT",
    "LOOK_UP",
    "MUL",
    "MULTIPLY",
    "PACK",
    "PLANES",
]
__all__ += ["POLY", "POOL", "REQUANTIZE", "SIGN", "STEPS", "THRESHOLD", "TILE", "WORDS", "run"]

HEADER, WORDS, TILE = 6, 18, 8
INPUT, ENCODE, AFFINE, MULTIPLY, PACK, PLANES, MUL, ADD, POLY, THRESHOLD, ARGMAX, SIGN = range(12)
ABOVE, BITS, STEPS = 12, 13, 14


@njit(cache=True, inline="never")
def _pack_row(a, low, count, n, words, planes):  # type: ignore[no-untyped-def]
    """Bit planes of a[:n] - low: bit i of planes[b, k] is bit b of element 64 k + i. Returns its sum."""
    total = np.int64(0)
    for b in range(count):
        for k in range(words):
            planes[b * words + k] = 0
    for k in range(words):
        first = 64 * k
        last = min(n - first, 64)
        for b in range(count):
            word = np.uint64(0)
            for i in range(last):
                bit = np.uint64((a[first + i] - low) >> b) & np.uint64(1)
                word |= bit << np.uint64(i)
            planes[b * words + k] = word
            total += popcount(word) << b
    return total


@njit(cache=True, inline="never")
def _plane_sums(weights, weight_planes, planes, input_planes, words, lanes, out):  # type: ignore[no-untyped-def]
    """out[j] = sum over p, b, k of 2^(p+b) * popcount(weights[p, k, j] & planes[b, k])."""
    for j in range(lanes):
        out[j] = 0
    for p in range(weight_planes):
        for b in range(input_planes):
            shift = p + b
            k = 0
            while k + 4 <= words:
                at = (p * words + k) * lanes
                w0 = weights[at : at + lanes]
                w1 = weights[at + lanes : at + 2 * lanes]
                w2 = weights[at + 2 * lanes : at + 3 * lanes]
                w3 = weights[at + 3 * lanes : at + 4 * lanes]
                x0, x1 = planes[b * words + k], planes[b * words + k + 1]
                x2, x3 = planes[b * words + k + 2], planes[b * words + k + 3]
                for j in range(lanes):
                    ones = popcount(w0[j] & x0) + popcount(w1[j] & x1)
                    ones += popcount(w2[j] & x2) + popcount(w3[j] & x3)
                    out[j] += ones << shift
                k += 4
            while k < words:
                at = (p * words + k) * lanes
                w0, x0 = weights[at : at + lanes], planes[b * words + k]
                for j in range(lanes):
                    out[j] += popcount(w0[j] & x0) << shift
                k += 1


@njit(cache=True, inline="never")
def _multiply_sums(weights, a, n, rows, out):  # type: ignore[no-untyped-def]
    """out[j] = weights[j * n : (j + 1) * n] @ a[:n] for j < rows."""
    for j in range(rows):
        row = weights[j * n : (j + 1) * n]
        total = np.int64(0)
        for i in range(n):
            total += row[i] * a[i]
        out[j] = total


@njit(cache=True, inline="never")
def _above(values, limits, n, planes):  # type: ignore[no-untyped-def]
    """One plane of bits values[i] > limits[i] for i < n; returns how many are set."""
    total = np.int64(0)
    whole = n // 64
    for k in range(whole):
        word = above_word(values, limits, 64 * k)
        planes[k] = word
        total += popcount(word)
    for k in range(whole, (n + 63) // 64):
        some, at = values[64 * k :], limits[64 * k :]
        word = np.uint64(0)
        for i in range(min(n - 64 * k, 64)):
            word |= np.uint64(some[i] > at[i]) << np.uint64(i)
        planes[k] = word
        total += popcount(word)
    return total


@njit(cache=True, inline="never")
def _read(p, tape, floats, row, buffer):  # type: ignore[no-untyped-def]
    """The filled value that each column reads, in ``buffer``, so that columns run over neighbours."""
    equal, d, features, base = p[3], p[7], p[8], p[9]
    feature, fill = tape[p[5] :], floats[p[6] + 2 * d :]
    for f in range(features):
        raw = row[f]
        buffer[f] = fill[f] if raw != raw else raw
    if base >= 0:
        return buffer[base:]
    value = buffer[features:]
    for j in range(equal):
        value[j] = buffer[feature[j]]
    return value


@njit(cache=True, inline="never")
def _encode(p, tape, floats, row, buffer, o):  # type: ignore[no-untyped-def]
    """Codes of one raw row; the columns of a kind are contiguous."""
    top, level, greater, equal, missing, d = p[0], p[1], p[2], p[3], p[4], p[7]
    feature, shift, gain = tape[p[5] :], floats[p[6] :], floats[p[6] + d :]
    value = _read(p, tape, floats, row, buffer)
    high = np.float32(top)
    for j in range(level):
        scaled = (value[j] - shift[j]) * gain[j]
        scaled = max(scaled, np.float32(0.0))
        scaled = min(scaled, high)
        o[j] = np.int64(np.int32(scaled + np.float32(0.5)))
    some, at, to = value[level:], shift[level:], o[level:]  # slices: a loop from 0 needs no index check
    for j in range(greater - level):
        to[j] = top if some[j] > at[j] else 0
    some, at, to = value[greater:], shift[greater:], o[greater:]
    for j in range(equal - greater):
        to[j] = top if some[j] == at[j] else 0
    for j in range(equal, missing):
        raw = row[feature[j]]
        o[j] = top if raw != raw else 0
    for j in range(missing, d):
        o[j] = top


@njit(cache=True, inline="never")
def _steps(p, tape, floats, row, n, o):  # type: ignore[no-untyped-def]
    """o[j] = how many of its steps column j reaches: a binary search without branches."""
    steps, count, stride, feature, fill = floats[p[0] :], p[1], p[2], tape[p[3] :], floats[p[5] :]
    base = p[6]
    for j in range(n):
        f = base + j if base >= 0 else feature[j]
        x = row[f]
        x = fill[f] if x != x else x
        low, left = j * stride, count
        while left > 1:
            half = left >> 1
            low = low + half if x >= steps[low + half - 1] else low
            left -= half
        o[j] = low - j * stride + np.int64(x >= steps[low])


@njit(cache=True, inline="never")
def _threshold(levels, count, signs, n, a, o):  # type: ignore[no-untyped-def]
    """Levels reached, one level of all elements after another; levels lie [level][element]."""
    for i in range(n):
        o[i] = 0
    for k in range(count):
        row = levels[k * n : (k + 1) * n]
        for i in range(n):
            reached = a[i] >= row[i] if signs[i] > 0 else a[i] <= row[i]
            o[i] += np.int64(reached)


@njit(cache=True, inline="never")
def _plane_tile(p, tape, weights, a, o, rows, stride):  # type: ignore[no-untyped-def]
    """Dots by bit planes: weights = least + step * sum 2^p plane_p, a = low + sum 2^b plane_b."""
    planes, words, lanes, least, step = p[2], p[3], p[4], p[5], p[6]
    start = tape[p[7] :]
    for r in range(rows):
        packed, result = a[r * stride :], o[r * stride :]
        _plane_sums(weights, p[1], packed.view(np.uint64), planes, words, lanes, result)
        total = least * packed[planes * words]
        for j in range(lanes):
            result[j] = start[j] + total + step * result[j]


@njit(cache=True, inline="never")
def _simple(code, n, p, tape, row, a, b, o):  # type: ignore[no-untyped-def]
    """One row of an element-wise operation, a decision or the input; 0 if the row is refused."""
    if code == AFFINE:
        scale, shift = tape[p[0] :], tape[p[2] :]
        for i in range(n):
            o[i] = scale[i * p[1]] * a[i] + shift[i * p[3]]
    elif code == MUL:
        for i in range(n):
            o[i] = a[i] * b[i]
    elif code == ADD:
        for i in range(n):
            o[i] = a[i] + b[i]
    elif code == POLY:
        for i in range(n):
            o[i] = (p[0] * a[i] + p[1]) * a[i] + p[2]
    elif code == ARGMAX:
        best = 0
        for i in range(1, p[0]):
            if a[i] > a[best]:
                best = i
        o[0] = best
    elif code == SIGN:
        o[0] = 1 if a[0] >= 0 else 0
    elif code == INPUT:
        for i in range(n):
            o[i] = np.int64(row[i])
            if o[i] < p[0] or o[i] > p[1]:
                return 0
    return -1


@njit(cache=True)
def run(tape, work, x, out):  # type: ignore[no-untyped-def]
    """Run every row of x; returns the first row that was refused, or -1.

    Args:
        tape: int64, see the module.
        work: int64, as long as the assembler says; overwritten.
        x: (n, features) float32 raw rows, or (n, d) int64 codes for programs without an encoder.
        out: (n, length of the output) int64.
    """
    tape, work, x, out = borrowed(tape), borrowed(work), borrowed(x), borrowed(out)
    floats, bits = tape.view(np.float32), tape.view(np.uint64)
    scratch, stride, tile = work[tape[3] :].view(np.float32), tape[4], tape[5]
    for first in range(0, len(x), tile):
        rows = min(tile, len(x) - first)
        for k in range(tape[0]):
            t = tape[HEADER + k * WORDS : HEADER + (k + 1) * WORDS]
            code, n, p, wrong = t[0], t[4], t[5:], np.int64(-1)
            places, read = p[11], p[12]
            o, a, b = work[t[1] :], work[t[2] :], work[t[3] :]
            if code == ENCODE:
                for r in range(rows):
                    _encode(p, tape, floats, x[first + r], scratch, o[r * stride :])
            elif code == STEPS:
                for r in range(rows):
                    _steps(p, tape, floats, x[first + r], n, o[r * stride :])
            elif code == BITS:
                limits = floats[p[6] :]
                for r in range(rows):
                    row, planes = x[first + r], o[r * stride :].view(np.uint64)
                    if p[10]:
                        o[r * stride + n] = _above(row[p[9] :], limits, p[7], planes)
                    else:
                        value = _read(p, tape, floats, row, scratch)
                        o[r * stride + n] = _above(value, limits, p[7], planes)
            elif code == ABOVE:
                levels = tape[p[0] :]
                for r in range(rows):
                    planes = o[r * stride :].view(np.uint64)
                    o[r * stride + n] = _above(a[r * stride :], levels, p[1], planes)
            elif code == PACK:
                for r in range(rows):
                    planes = o[r * stride :].view(np.uint64)
                    total = _pack_row(a[r * stride :], p[0], p[1], p[2], p[3], planes)
                    o[r * stride + n] = total
            elif code == PLANES:
                _plane_tile(p, tape, bits[p[0] :], a, o, rows, stride)
            elif code == MULTIPLY:
                weights = tape[p[0] :]
                for r in range(rows):
                    _multiply_sums(weights, a[r * stride :], p[1], n, o[r * stride :])
            elif code >= CONVOLVE:
                for r in range(rows):
                    run_image(code, n, p, tape, a[r * stride :], o[r * stride :])
            elif code == THRESHOLD:
                levels, signs = tape[p[0] :], tape[p[2] :]
                for r in range(rows):
                    for q in range(places):
                        at = r * stride + q * n
                        _threshold(levels, p[1], signs, n, a[at:], o[at:])
            else:
                for r in range(rows):
                    for q in range(places):
                        at, of = r * stride + q * n, r * stride + q * read
                        wrong = _simple(code, n, p, tape, x[first + r], a[of:], b[at:], o[at:])
                        if wrong >= 0:
                            return first + r
        found = work[tape[1] :]
        for r in range(rows):
            for i in range(tape[2]):
                out[first + r, i] = found[r * stride + i]
    return -1
