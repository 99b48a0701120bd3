"""Verdicts as JUnit XML, the form that CI systems show."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from qcompile.cost.budget import Verdict


def to_junit(verdicts: Sequence[Verdict], target: str) -> str:
    """One test case per limit; a limit that is not kept is a failure with its sentence.

    >>> from qcompile.cost.rows import CostRow
    >>> row = CostRow("flash", "B", 9e3, 9e3, 9e3, "measured", "sections")
    >>> print(to_junit([Verdict("max_flash_kb", "kB", 8, 9, 9, row)], "cortex-m4").splitlines()[1][:62])
    <testsuite name="qcompile.cortex-m4" tests="1" failures="1">
    """
    failures = sum(not v.within for v in verdicts)
    suite = ElementTree.Element(
        "testsuite", name=f"qcompile.{target}", tests=str(len(verdicts)), failures=str(failures)
    )
    for v in verdicts:
        case = ElementTree.SubElement(suite, "testcase", classname=f"qcompile.{target}", name=v.limit)
        if v.within:
            ElementTree.SubElement(case, "system-out").text = v.sentence
        else:
            ElementTree.SubElement(case, "failure", message=v.sentence).text = v.sentence
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"
