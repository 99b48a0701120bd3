"""Kernel, stride, padding and dilation of a node, as ONNX writes them, as a window of the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qcompile.importers.onnx.walk import Node
from qcompile.ir.window import Pair, Sides, Window

LARGEST = 1 << 16  # stride, padding or dilation in a file that is not damaged


def window_of(node: Node, kernel: Pair, image: Pair) -> Window:
    """The window of a convolution or a pool.

    Raises:
        ValueError: attributes of another rank, absurd sizes, or a kernel that does not fit the image.
    """
    stride, dilation = (_pair(node, name, (1, 1)) for name in ("strides", "dilations"))
    if node.operator.startswith("Global"):
        stride = dilation = (1, 1)
    pad = _sides(_numbers(node, "pads", [0, 0, 0, 0]))
    auto = str(node.attributes.get("auto_pad", "NOTSET"))
    if auto.startswith("SAME"):
        pad = _same(kernel, stride, dilation, image, upper=auto == "SAME_UPPER")
    elif auto == "VALID" or node.operator.startswith("Global"):
        pad = (0, 0, 0, 0)
    window = Window(kernel, stride, pad, dilation)
    if max(*kernel, *stride, *dilation, *pad) > LARGEST or min(*stride, *dilation, *kernel) < 1:
        raise ValueError(f"its window {window} is impossible or too large")
    if node.attributes.get("ceil_mode", 0):
        window = _rounded_up(window, image)
    wrong = window.wrong(image, window.results(image))
    if wrong:
        raise ValueError(wrong)
    return window


def pads_of(node: Node, rank: int, flat: bool) -> Sides:
    """Padding of a Pad node on an image, which newer opsets give as an input, perhaps of some axes only."""
    given = node.constant(1, "pads") if len(node.inputs) > 1 else np.asarray(node.attributes.get("pads", []))
    numbers = [int(k) for k in given.reshape(-1)]
    seen = rank - 1 if flat else rank
    axes = list(range(seen))
    if len(node.inputs) > 3 and node.inputs[3] is not None:
        axes = [int(k) % seen for k in node.constant(3, "axes").reshape(-1)]
    if len(numbers) != 2 * len(axes):
        raise ValueError(f"it has {len(numbers)} pads for {len(axes)} axes")
    before, after = [0] * seen, [0] * seen
    for place, axis in enumerate(axes):
        before[axis], after[axis] = numbers[place], numbers[place + len(axes)]
    if any(before[:2]) or any(after[:2]):
        raise ValueError("it pads rows or channels")
    if min(*before, *after) < 0 or max(*before, *after) > LARGEST:
        raise ValueError("its pads are negative or too large")
    if flat:
        return 0, before[2], 0, after[2]
    return before[2], before[3], after[2], after[3]


def _numbers(node: Node, name: str, missing: Sequence[int]) -> list[int]:
    return [int(k) for k in np.atleast_1d(np.asarray(node.attributes.get(name, missing)))]


def _pair(node: Node, name: str, missing: Pair) -> Pair:
    numbers = _numbers(node, name, missing)
    if len(numbers) not in (1, 2):
        raise ValueError(f"its {name} have {len(numbers)} entries")
    return (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])


def _sides(numbers: list[int]) -> Sides:
    if len(numbers) == 2:  # of one spatial dimension
        return 0, numbers[0], 0, numbers[1]
    if len(numbers) != 4 or min(numbers) < 0:
        raise ValueError(f"its pads are {numbers}")
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _same(kernel: Pair, stride: Pair, dilation: Pair, image: Pair, upper: bool) -> Sides:
    """Padding with which the result has ceil(size / stride) positions."""
    needed = [
        max(0, (-(-n // s) - 1) * s + (k - 1) * d + 1 - n)
        for n, k, s, d in zip(image, kernel, stride, dilation, strict=True)
    ]
    small, large = [n // 2 for n in needed], [n - n // 2 for n in needed]
    (top, left), (bottom, right) = (small, large) if upper else (large, small)
    return top, left, bottom, right


def _rounded_up(window: Window, image: Pair) -> Window:
    """With what the last window lacks below and at the right; it must begin inside the image."""
    extra = []
    for axis in range(2):
        n, k, s, d = image[axis], window.kernel[axis], window.stride[axis], window.dilation[axis]
        before, after = window.pad[axis], window.pad[axis + 2]
        reach = (k - 1) * d + 1
        count = -(-(n + before + after - reach) // s) + 1
        if (count - 1) * s >= n + before:
            count -= 1
        extra.append(max(0, (count - 1) * s + reach - (n + before + after)))
    top, left, bottom, right = window.pad
    return replace(window, pad=(top, left, bottom + extra[0], right + extra[1]))
