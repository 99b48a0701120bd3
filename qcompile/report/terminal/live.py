"""The live display of a build: finished stages scroll by, the running one moves below them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from qcompile.events import STAGES, Event, Listener
from qcompile.facts import Step, Tried
from qcompile.numerals import number, percent
from qcompile.report.curves import curves
from qcompile.report.terminal.braille import chart
from qcompile.report.words import say

HEARTBEAT_S = 10.0  # between two lines about the same running stage in a log
WIDE = 13  # characters of the widest stage name, and a space


@contextmanager
def live_display(console: Console) -> Iterator[Listener]:
    """A listener that draws on a terminal; leaves every finished line behind."""
    running = Running()
    with Live(running, console=console, refresh_per_second=8, transient=True) as live:

        def listen(event: Event) -> None:
            if moves(event):
                running.follow(event)
                return
            if running.curves:
                live.console.print(running.picture(final=True))
                running.curves.clear()
            live.console.print(line(event))
            running.label = _next(event.stage)

        yield listen


def plain_display(console: Console) -> Listener:
    """A listener that prints one plain line per event, for logs and pipes."""
    last = [time.monotonic()]

    def listen(event: Event) -> None:
        if moves(event):
            if time.monotonic() - last[0] < HEARTBEAT_S:
                return
            last[0] = time.monotonic()
        text = f"{STAGES[event.stage].title:<{WIDE}}{say(event)}"
        console.print(text, soft_wrap=True, markup=False, highlight=False)

    return listen


def moves(event: Event) -> bool:
    """Whether this is a step of something that runs, not the sentence that sums it up."""
    return isinstance(event.facts, Step | Tried)


def line(event: Event) -> RenderableType:
    """One finished line: the stage's name, then its sentence, wrapped beside it."""
    row = Table.grid(padding=(0, 1))
    row.add_column(width=WIDE, style="bold cyan", no_wrap=True)
    row.add_column()
    style = "bold green" if event.stage == "certificate" else ""
    row.add_row(STAGES[event.stage].title, Text(say(event), style=style))
    return row


class Running:
    """What moves: bound and objective of the score columns in training. Holds display state only."""

    def __init__(self) -> None:
        self.label = "Starting"
        self.spinner = Spinner("dots")
        self.curves: dict[tuple[str, int], list[tuple[float, float, float]]] = {}

    def follow(self, event: Event) -> None:
        """Take in one step of a solver; called from its thread."""
        title, step = STAGES[event.stage].title, event.facts
        self.label = f"{title}: {event.message}" if event.message else title
        if not isinstance(step, Step):
            return
        key = (event.stage, step.column)
        curve = self.curves.setdefault(key, [])
        point = (step.seconds, step.objective, step.bound)
        if curve and point[0] < curve[-1][0]:  # a new fit of the same column, as in validation
            self.curves[key] = curve = []
        curve.append(point)

    def picture(self, final: bool = False) -> RenderableType:
        """Both curves of the column with the widest gap, and its figures."""
        columns = {c for stage, c in list(self.curves) if stage == "solve"}  # solvers add to it meanwhile
        if not columns:
            return Text("")
        widest = max(columns, key=self._gap)
        solve, rounding = (list(self.curves.get((s, widest), ())) for s in ("solve", "rounding"))
        objective, bound = self._ends(widest)
        drawn = curves(solve, rounding, objective, bound)
        upper = [(t, v) for t, v in (*drawn.relaxed, *drawn.reached) if v <= drawn.high]
        lower = [(t, v) for t, v in drawn.bound if v >= drawn.low]
        body = Text()
        for row in chart(upper, lower, 56, 6):
            for character, who in row:
                body.append(character, style={"upper": "bright_blue", "lower": "green"}.get(who, ""))
            body.append("\n")
        body.append("objective ", style="bright_blue")
        body.append(f"{number(objective)}   ")
        body.append("lower bound ", style="green")
        body.append(f"{number(bound, down=True)}   ")
        body.append(f"gap {percent(self._gap(widest))}", style="bold" if final else "")
        if len(columns) > 1:
            body.append(f"   (the widest of {len(columns)} classes)", style="dim")
        return Padding(body, (0, 0, 0, WIDE + 1))

    def _ends(self, column: int) -> tuple[float, float]:
        """The best objective of the phase that runs, and the best bound, of a column."""
        solve = self.curves.get(("solve", column), [])
        running = self.curves.get(("rounding", column)) or solve
        proved = self.curves.get(("prove", column), [])
        bounds = [p[2] for p in (*solve, *proved) if math.isfinite(p[2])]
        return min((p[1] for p in running), default=math.nan), max(bounds, default=math.nan)

    def _gap(self, column: int) -> float:
        objective, bound = self._ends(column)
        if not (math.isfinite(objective) and math.isfinite(bound)):
            return math.inf
        return (objective - bound) / abs(objective) if objective else 0.0

    def __rich__(self) -> RenderableType:
        row = Table.grid(padding=(0, 1))
        row.add_row(self.spinner, Text(f"{self.label} ...", style="dim"))
        return Group(self.picture(), row) if self.curves else row


def _next(stage: str) -> str:
    order = list(STAGES)
    return STAGES[order[min(order.index(stage) + 1, len(order) - 1)]].title
