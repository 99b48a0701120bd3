"""A signal ends the run whatever the code that it interrupts does with the exception."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

START = """
import os, signal, sys, time, types
from qcompile import cli, signals
from qcompile.commands import targets

def work():
{body}

def run(*words, **more):
    work()
    return types.SimpleNamespace(record={{}})

import qcompile.api
qcompile.api.targets = run
sys.argv = ["qcompile", "targets", "--json"]
from qcompile.__main__ import main
main()
"""
CASES = {
    "in plain code": "os.kill(os.getpid(), NUMBER); time.sleep(9)",
    "in a callback of compiled code": """
        import ctypes
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        def compare(a, b):
            os.kill(os.getpid(), NUMBER)
            return 0
        ctypes.CDLL(None).qsort((ctypes.c_int * 2)(1, 2), 2, 4, kind(compare))
        """,
    "in a callback, and long work follows": """
        import ctypes
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        def compare(a, b):
            os.kill(os.getpid(), NUMBER)
            return 0
        ctypes.CDLL(None).qsort((ctypes.c_int * 2)(1, 2), 2, 4, kind(compare))
        end = time.monotonic() + 60
        while time.monotonic() < end: time.sleep(0.01)
        print("worked on", file=sys.stderr)
        """,
    "in a destructor": """
        class Last:
            def __del__(self): os.kill(os.getpid(), NUMBER); time.sleep(0.01)
        Last()
        """,
    "where everything is caught": """
        try:
            os.kill(os.getpid(), NUMBER); time.sleep(9)
        except BaseException:
            pass
        """,
    "where it becomes another error": """
        try:
            os.kill(os.getpid(), NUMBER); time.sleep(9)
        except BaseException:
            raise RuntimeError("a library was surprised")
        """,
    "while files move": """
        from qcompile.signals import held
        with held():
            os.kill(os.getpid(), NUMBER); time.sleep(0.01)
            print("moved", file=sys.stderr)
        time.sleep(9)
        """,
}
ENDS = {"SIGINT": (130, "Ctrl-C"), "SIGTERM": (143, "SIGTERM"), "SIGHUP": (129, "SIGHUP")}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("case", CASES)
def test_the_exit_code_says_which_signal_it_was(case: str, name: str) -> None:
    body = textwrap.dedent(CASES[case]).replace("NUMBER", f"signal.{name}")
    code = START.format(body=textwrap.indent(body.strip() or "pass", "    "))
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    number, word = ENDS[name]
    assert found.returncode == number, found
    lines = found.stderr.splitlines()
    moved = ["moved"] if case == "while files move" else []
    assert lines == [*moved, f"qcompile: Stopped by {word}; nothing half-written was left behind."]


def test_a_signal_that_the_caller_ignores_stays_ignored() -> None:
    code = START.format(body="    os.kill(os.getpid(), signal.SIGHUP)")
    command = ["bash", "-c", f"trap '' HUP; exec {sys.executable} -c \"$0\"", code]
    assert subprocess.run(command, capture_output=True, text=True).returncode == 0


def test_held_gives_the_handlers_back_and_keeps_the_order() -> None:
    from qcompile.signals import held

    seen: list[int] = []
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
        with pytest.raises(KeyboardInterrupt), held():
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            assert seen == []
        assert seen == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGINT) is before[1]
    finally:
        signal.signal(signal.SIGTERM, before[0])
