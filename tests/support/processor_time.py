"""Where the suite's processor time goes: ``pytest -p support.processor_time [-n 2] PATH``.

Seconds of user and system time, child processes included, for files and for tests with their fixtures: unlike
--durations, the figures mean the same on a busy machine. The compilation of a module's kernels counts for
the test that needs them first.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator

import pytest

LEAST = 0.5  # seconds; less is not listed
_seconds: Counter[tuple[str, str]] = Counter()


def _now() -> float:
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    before = getattr(item.session, "processor_time", 0.0)
    item.session.processor_time = _now()  # type: ignore[attr-defined]
    report.user_properties.append(("processor seconds", item.session.processor_time - before))  # type: ignore[attr-defined]
    return report


def pytest_collection_finish(session: pytest.Session) -> None:
    session.processor_time = _now()  # type: ignore[attr-defined]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for name, seconds in report.user_properties[-1:]:
        if name == "processor seconds":
            _seconds["test", report.nodeid] += seconds
            _seconds["file", report.nodeid.split("::")[0]] += seconds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    total = sum(seconds for (kind, _), seconds in _seconds.items() if kind == "file")
    for wanted in ("file", "test"):
        terminalreporter.section(f"processor seconds by {wanted}, {total:.0f} in all")
        for (kind, name), seconds in _seconds.most_common():
            if kind == wanted and seconds >= LEAST:
                terminalreporter.write_line(f"{seconds:8.1f} {name}")
