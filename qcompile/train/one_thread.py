"""One BLAS thread while training: the same bits whatever the number of cores, jobs or the environment.

Threads split a sum by their number, so its last digits depend on it. On matrices as narrow as ours they
gain little and cost much (100,000 x 20: 3.4 times the processor time); classes, folds and columns run
side by side instead (``jobs``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()
_users = 0
_limits: Any = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS and OpenMP to one thread; usable as a decorator.

    The limit belongs to the process, so trainings that overlap in time share it: the last one
    restores what the first one found.
    """
    global _users, _limits
    import scipy.linalg  # noqa: F401  # its BLAS must be loaded, or the limit would miss it
    from threadpoolctl import threadpool_limits

    with _lock:
        if _users == 0:
            _limits = threadpool_limits(1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _limits.restore_original_limits()
