"""Large batches on several threads: each has a kernel with a workspace of its own.

A batch is cut into equal runs of rows. The caller works too, so one helper fewer than threads is
asked of the pool. Small batches never come here: waking a thread costs tens of microseconds.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qcompile.errors import UnsupportedError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

VARIABLE = "QCOMPILE_THREADS"
# One-bit products of a batch from which threads pay: half a millisecond of one core and more.
WORTH = 200_000_000


def cores() -> int:
    """Threads to use: QCOMPILE_THREADS, else the cores that this process may run on.

    Raises:
        UnsupportedError: the variable is not a positive number.
    """
    asked = os.environ.get(VARIABLE)
    if asked is not None:
        if not asked.isdecimal() or int(asked) < 1:
            raise UnsupportedError(
                f"{VARIABLE} is {asked!r}; give a number of threads, 1 or more, or unset it."
            )
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def _pool() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor  # first answers of one row do without

    return ThreadPoolExecutor(thread_name_prefix="qcompile")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork


def run_parts(kernels: Sequence[Callable[[Any, Any], None]], x: Any, out: Any) -> None:
    """``kernel(x[a:b], out[a:b])`` for equal parts, one per kernel, at the same time."""
    edges = [len(x) * i // len(kernels) for i in range(len(kernels) + 1)]
    parts = [(x[a:b], out[a:b]) for a, b in pairwise(edges)]
    waiting = [_pool().submit(kernel, *part) for kernel, part in zip(kernels[1:], parts[1:], strict=True)]
    kernels[0](*parts[0])
    for one in waiting:
        one.result()
