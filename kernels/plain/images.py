"""Operations on images for the plain machine (machine.py): one row, channels last, sizes at run time.

GEOMETRY of a window, in this order: height, width, channels of what is read; height, width, channels of
the result; kernel height, width; stride down, across; padding above, left; dilation down, across; groups.

Outside of the image is the integer 0 for a convolution, and nothing at all for a pool.
"""

from __future__ import annotations

from qcompile.jit import njit

CONVOLVE, POOL, REQUANTIZE, LOOK_UP, COPY = range(15, 20)  # opcodes of the machine


@njit(cache=True, inline="never")
def convolve(size, weights, a, o):  # type: ignore[no-untyped-def]
    """o[y, x, j] = sum of weights times what they meet, added up for all outputs of a group at once.

    Weights lie [group][row][column][input][output]; of one input and one output per group
    (depthwise) [row][column][channel].
    """
    h, w, c, oh, ow, n = size[0], size[1], size[2], size[3], size[4], size[5]
    kh, kw, sy, sx, top, left = size[6], size[7], size[8], size[9], size[10], size[11]
    dy, dx, groups = size[12], size[13], size[14]
    inputs, outputs = c // groups, n // groups
    for y in range(oh):
        for x in range(ow):
            result = o[(y * ow + x) * n :]
            for j in range(n):
                result[j] = 0
            for t in range(kh):
                row = y * sy - top + t * dy
                if row < 0 or row >= h:
                    continue
                for u in range(kw):
                    column = x * sx - left + u * dx
                    if column < 0 or column >= w:
                        continue
                    met = a[(row * w + column) * c :]
                    if inputs == 1 and outputs == 1:
                        some = weights[(t * kw + u) * c :]
                        for j in range(c):
                            result[j] += some[j] * met[j]
                        continue
                    for g in range(groups):
                        for k in range(inputs):
                            value = met[g * inputs + k]
                            if value == 0:
                                continue
                            some = weights[(((g * kh + t) * kw + u) * inputs + k) * outputs :]
                            to = result[g * outputs :]
                            for j in range(outputs):
                                to[j] += value * some[j]


@njit(cache=True, inline="never")
def pool(size, a, o):  # type: ignore[no-untyped-def]
    """The largest value of a window in every channel."""
    h, w, c, oh, ow = size[0], size[1], size[2], size[3], size[4]
    kh, kw, sy, sx, top, left = size[6], size[7], size[8], size[9], size[10], size[11]
    dy, dx = size[12], size[13]
    for y in range(oh):
        for x in range(ow):
            result, first = o[(y * ow + x) * c :], True
            for t in range(kh):
                row = y * sy - top + t * dy
                if row < 0 or row >= h:
                    continue
                for u in range(kw):
                    column = x * sx - left + u * dx
                    if column < 0 or column >= w:
                        continue
                    met = a[(row * w + column) * c :]
                    if first:
                        for j in range(c):
                            result[j] = met[j]
                        first = False
                    else:
                        for j in range(c):
                            result[j] = max(result[j], met[j])


@njit(cache=True, inline="never")
def requantize(p, tape, n, places, a, o):  # type: ignore[no-untyped-def]
    """clamp((m a + b) >> s) in every channel; then the listed exceptions (channel, input, result).

    p: m, its stride, b, its stride, s, its stride (0: one for all channels), low, high, exceptions, how many.
    """
    m, b, s, low, high = tape[p[0] :], tape[p[2] :], tape[p[4] :], p[6], p[7]
    listed = tape[p[8] :]
    for q in range(places):
        read, made = a[q * n :], o[q * n :]
        for i in range(n):
            made[i] = min(max((m[i * p[1]] * read[i] + b[i * p[3]]) >> s[i * p[5]], low), high)
        for k in range(p[9]):
            i = listed[3 * k]
            if read[i] == listed[3 * k + 1]:
                made[i] = listed[3 * k + 2]


@njit(cache=True, inline="never")
def look_up(p, tape, n, places, a, o):  # type: ignore[no-untyped-def]
    """The entry of a[i] in its channel's table; p: tables, first input, entries from table to table."""
    values, first, stride = tape[p[0] :], p[1], p[2]
    for q in range(places):
        for i in range(n):
            o[q * n + i] = values[i * stride + a[q * n + i] - first]


@njit(cache=True, inline="never")
def copy_channels(p, tape, n, places, a, o):  # type: ignore[no-untyped-def]
    """Channels of ``a`` by number, to where they belong among the n channels of the result.

    p: numbers, how many, the first channel of the result, channels of ``a``.
    """
    numbers, count, first, channels = tape[p[0] :], p[1], p[2], p[3]
    for q in range(places):
        for i in range(count):
            o[q * n + first + i] = a[q * channels + numbers[i]]


@njit(cache=True, inline="never")
def run_image(code, n, p, tape, a, o):  # type: ignore[no-untyped-def]
    """One row of an operation; p[11] is the number of positions."""
    if code == CONVOLVE:
        convolve(tape[p[0] :], tape[p[1] :], a, o)
    elif code == POOL:
        pool(tape[p[0] :], a, o)
    elif code == REQUANTIZE:
        requantize(p, tape, n, p[11], a, o)
    elif code == LOOK_UP:
        look_up(p, tape, n, p[11], a, o)
    elif code == COPY:
        copy_channels(p, tape, n, p[11], a, o)
