"""Check: one question about a model or its files, and the answer in a sentence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One question and its answer."""

    name: str
    passed: bool
    sentence: str
