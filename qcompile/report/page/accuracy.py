"""The page's part on accuracy: scores next to the baselines, and where each of them errs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qcompile.report.plots.bars import Bar, bars
from qcompile.report.plots.points import points_plot
from qcompile.report.record import Report
from qcompile.report.words import score

SIDE_BY_SIDE = 12  # classes, at most, of matrices that are drawn next to each other


def score_bars(record: Report) -> str:
    """A bar for the network and one for every baseline."""
    accuracy = record.accuracy
    measure = accuracy.measure
    rows = [Bar("this network", accuracy.test, score(measure, accuracy.test), "ours")]
    rows += [Bar(name, value, score(measure, value)) for name, value in accuracy.baselines.items()]
    return bars(rows, f"test {measure} next to the baselines", end=1.0)


def scatter(record: Report) -> str:
    """Predicted against actual values of test rows; empty for a classification."""
    points = record.accuracy.points
    return points_plot(points, str(record.data.label)) if points else ""


@dataclass(frozen=True)
class Cell:
    """Rows of one class taken for another: how many, a colour, and a tooltip."""

    count: int
    colour: str
    hint: str


@dataclass(frozen=True)
class Line:
    """The rows of one class."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix, and how many rows are off its diagonal."""

    title: str
    names: Sequence[str]
    rows: tuple[Line, ...]
    wrong: int


def confusions(record: Report) -> list[Matrix]:
    """The network's confusion matrix and, where there is room, those of the baselines."""
    accuracy, names = record.accuracy, record.model.classes
    if not accuracy.confusion:
        return []
    found = {"this network": accuracy.confusion}
    if len(names) <= SIDE_BY_SIDE:
        found |= accuracy.baseline_confusion
    return [_matrix(title, counts, names) for title, counts in found.items()]


def _matrix(title: str, counts: Sequence[Sequence[int]], names: Sequence[str]) -> Matrix:
    rows = []
    for i, line in enumerate(counts):
        total = sum(line) or 1
        cells = []
        for j, count in enumerate(line):
            strength = round(100 * (0.15 + 0.75 * count / total)) if count else 0
            tone = "--bound" if i == j else "--warn"
            colour = f"color-mix(in srgb, var({tone}) {strength}%, var(--track))"
            cells.append(Cell(count, colour, f"{count} rows of {names[i]} taken for {names[j]}"))
        rows.append(Line(names[i], tuple(cells)))
    wrong = sum(map(sum, counts)) - sum(line[i] for i, line in enumerate(counts))
    return Matrix(title, names, tuple(rows), wrong)
