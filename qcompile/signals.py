"""Signals: Ctrl-C, SIGTERM and SIGHUP end a run with 130, 143 and 129, at whatever moment they come.

The handler raises, and it also records the signal, because an exception that is raised inside a
callback of compiled code, a destructor or a bare ``except`` is lost. A recorded signal is raised
again every half second until somebody has caught it (``caught``), at the end of every stage and at
exit (``check``). ``held`` keeps signals back over the few steps that must happen together.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

AGAIN_S = 0.5  # between two attempts to raise a signal that was lost
NUMBERS = tuple(getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, n))
_received: list[int] = []
_waiting: list[bool] = []  # not empty while a signal was received and nobody has caught it


class Stopped(KeyboardInterrupt):
    """A signal asked the run to end; ``except Exception`` does not catch it."""


def install() -> None:
    """Handle the signals in this process; one that the caller has set to be ignored stays ignored."""
    for number in NUMBERS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _handle)
    sys.unraisablehook = _unraisable


def _handle(number: int, frame: FrameType | None) -> None:
    first = not _received
    _received.append(number)
    _waiting[:] = [True]
    if first:
        # Not threading.Thread: its start takes a lock that the interrupted code may hold.
        _thread.start_new_thread(_insist, (number,))
    raise Stopped


def _insist(number: int) -> None:
    """Raise the signal again while the code that was interrupted goes on as if nothing had happened."""
    while True:
        time.sleep(AGAIN_S)
        if not _waiting:
            return
        _thread.interrupt_main(signal.Signals(number))


def _unraisable(found: Any) -> None:
    if not isinstance(found.exc_value, Stopped):  # a lost one is raised again: nothing to report
        sys.__unraisablehook__(found)


def check() -> None:
    """Raise if a signal was received that nobody has caught; of use in the main thread only.

    >>> check()
    """
    if _waiting and threading.current_thread() is threading.main_thread():
        raise Stopped


def caught() -> None:
    """Whoever ends the run calls this first: from now on the signal is not raised again."""
    _waiting.clear()


def reset() -> None:
    """Give the signals their default effect for the rest of the process: its last milliseconds."""
    for number in NUMBERS:
        if signal.getsignal(number) is _handle:
            signal.signal(number, signal.SIG_DFL)


def exit_code() -> int | None:
    """128 + number of the first signal received, or None."""
    return 128 + _received[0] if _received else None


def sentence() -> str:
    """What stopped the run."""
    number = _received[0] if _received else signal.SIGINT
    by = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
    return f"Stopped by {by}; nothing half-written was left behind."


@contextmanager
def held() -> Iterator[None]:
    """Hold signals back; they take effect when the block has ended.

    In another thread than the main one nothing is done: signals do not interrupt it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept: list[int] = []
    before: dict[int, Any] = {}

    def remember(number: int, frame: FrameType | None) -> None:
        kept.append(number)

    try:
        for number in NUMBERS:
            current = signal.getsignal(number)
            if current is not signal.SIG_IGN and current is not None:  # None: set outside of Python
                before[number] = current
                signal.signal(number, remember)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in dict.fromkeys(kept):
            signal.raise_signal(number)
