"""The display of a build: plain lines in a pipe, a chart on a terminal, nothing for machines."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest
from rich.console import Console

from qcompile.events import Event
from qcompile.facts import Accuracy, Certified, ColumnBound, Majority, Read, Solved, Step
from qcompile.numerals import number, percent
from qcompile.report.curves import curves
from qcompile.report.terminal import live
from qcompile.report.words import accuracy_sentence, certificate_sentence

SUMMARY = Certified(0.5, 0.45, 0.1, ("sdp",), (ColumnBound(0.5, 0.45, 0.1),))


def step(seconds: float, objective: float, bound: float) -> Step:
    return Step(0, "a", seconds, 1, objective, bound)


def events() -> list[Event]:
    steps = [
        Event(
            "solve",
            "step",
            step(k / 10, 1 + 1 / (k + 1), 1 - 1 / (k + 1)),
        )
        for k in range(20)
    ]
    return [
        Event("data", "Read 10 rows [bold]of[/bold] data.", Read("x.csv", 10, 2, "regression", (), ())),
        *steps,
        Event("rounding", "step", step(0.5, 1.02, math.nan)),
        Event("certificate", "", SUMMARY),
    ]


def test_in_a_pipe_every_finished_stage_is_one_plain_line() -> None:
    out = io.StringIO()
    listen = live.plain_display(Console(file=out, width=80))
    for event in events():
        listen(event)
    lines = out.getvalue().splitlines()
    assert lines[0] == "Data         Read 10 rows [bold]of[/bold] data."
    assert lines[1] == f"Certificate  {certificate_sentence(SUMMARY)}"
    assert len(lines) == 2


def test_how_training_ended_is_a_finished_line_of_its_own() -> None:
    ended = Solved(1, {"burer_monteiro": 1}, "too large.", {"stalled": 1}, 900, 50.0)
    told = Event("solve", "burer_monteiro, 900 iterations in 50 s: too large.", ended)
    out = io.StringIO()
    live.plain_display(Console(file=out, width=80))(told)
    with live.live_display(Console(file=out, width=100, force_terminal=True)) as listen:
        listen(told)
    assert out.getvalue().count("burer_monteiro, 900 iterations in 50 s: too large.") == 2


def test_while_a_proof_runs_its_bound_and_gap_are_shown() -> None:
    running = live.Running()
    for event in events()[1:-1]:
        running.follow(event)
    running.follow(Event("prove", "a: objective 1.02, bound 0.99", step(0.1, 1.02, 0.99)))
    out = io.StringIO()
    Console(file=out, width=100).print(running)
    assert "lower bound 0.99 " in out.getvalue() and "gap 3.0 %" in out.getvalue()
    assert "Proof: a: objective 1.02, bound 0.99" in out.getvalue()


def test_a_long_stage_gives_a_sign_of_life_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.0)
    out = io.StringIO()
    listen = live.plain_display(Console(file=out, width=80))
    for event in events():
        listen(event)
    assert out.getvalue().count("Training     step") == 20


def test_on_a_terminal_the_two_curves_are_drawn_and_the_chart_stays() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True)
    with live.live_display(console) as listen:
        for event in events():
            listen(event)
    text = out.getvalue()
    assert "lower bound" in text and "objective" in text
    assert any(0x2801 <= ord(c) <= 0x28FF for c in text)
    assert "No network of this kind" in text


def test_the_bound_of_the_drawing_never_falls_and_the_network_never_rises() -> None:
    drawn = curves([[0, 3, -1], [1, 2, 1.5], [2, 2.1, 1.2]], [[0, 2.5, None], [1, 2.7, None]], 2.5, 1.5)
    assert [v for _, v in drawn.bound] == [-1, 1.5, 1.5, 1.5]
    assert [v for _, v in drawn.reached] == [2.5, 2.5]
    assert drawn.low < 1.5 and drawn.high > 2.5


@pytest.mark.parametrize("gap", [1e-9, 0.0123456, 0.1, 0.5, 0.999])
def test_a_gap_is_never_shown_smaller_than_it_is(gap: float) -> None:
    assert float(percent(gap).removesuffix(" %")) >= 100 * gap * (1 - 1e-12)


@pytest.mark.parametrize("bound", [0.1, 0.0819999, 123456.7, -0.00123456])
def test_a_lower_bound_is_never_shown_larger_than_it_is(bound: float) -> None:
    assert float(number(bound, down=True).replace(",", "")) <= bound


def test_the_words_follow_the_gap() -> None:
    assert "at most 10 % better is possible" in certificate_sentence(SUMMARY)
    assert "nothing better exists" in certificate_sentence(replace(SUMMARY, gap=0.0))
    assert "no useful bound" in certificate_sentence(replace(SUMMARY, gap=1.0, bound=0.0))
    assert "3 classes" in certificate_sentence(replace(SUMMARY, columns=SUMMARY.columns * 3))


def test_the_share_of_a_frequent_class_is_said_beside_the_accuracy() -> None:
    metrics = Accuracy("accuracy", 1.0, 0.99, {"logistic regression": 0.985}, None, {}, None, ())
    rare = accuracy_sentence(replace(metrics, majority=Majority("0", 0.98)))
    assert rare.endswith("logistic regression 98.5 %. Always answering '0' is right for 98.0 %.")
    assert "Always" not in accuracy_sentence(replace(metrics, majority=Majority("0", 0.6)))
    assert "Always" not in accuracy_sentence(metrics)
