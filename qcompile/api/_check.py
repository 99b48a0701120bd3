"""check: is a build within a budget of time, energy, size, flash and RAM?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qcompile.cost.budget import Budget, Verdict, found_here, from_toml, judge
from qcompile.cost.total import costs_of
from qcompile.importers.open import open_model
from qcompile.report.answers import Budgeted, VerdictLine
from qcompile.targets.schema import load_target


@dataclass(frozen=True, eq=False)
class Checked:
    """A verdict per limit."""

    verdicts: tuple[Verdict, ...]
    record: Budgeted

    @property
    def passed(self) -> bool:
        """Whether every limit is kept."""
        return all(v.within for v in self.verdicts)

    @property
    def sentence(self) -> str:
        """What is over, and by how much."""
        return " ".join(v.sentence for v in self.verdicts if not v.within)


def check(
    folder: str | Path,
    target: str | Path = "host",
    *,
    max_latency_us: float | None = None,
    max_energy_uj: float | None = None,
    max_size_kb: float | None = None,
    max_flash_kb: float | None = None,
    max_ram_kb: float | None = None,
    budget_file: str | Path | None = None,
) -> Checked:
    """Measure the model of a build and judge it.

    Args:
        folder: a build folder, or a model file.
        target: where it is to run.
        max_latency_us: median latency of one row, the upper end of its interval.
        max_energy_uj: energy of one row.
        max_size_kb: size of the model file, 1 kB = 1000 bytes.
        max_flash_kb: code and constants on another core.
        max_ram_kb: data, scratch and stack on another core.
        budget_file: TOML with limits, [tool.qcompile.budget] of a pyproject.toml; those above win.
            Without it and without a limit, the pyproject.toml of the current folder is read.

    Raises:
        QCompileError: the model or the target cannot be read, or no limit is given.
    """
    limits = {
        "max_latency_us": max_latency_us,
        "max_energy_uj": max_energy_uj,
        "max_size_kb": max_size_kb,
        "max_flash_kb": max_flash_kb,
        "max_ram_kb": max_ram_kb,
    }
    if budget_file is None and all(v is None for v in limits.values()):
        budget_file = found_here(Path.cwd())
    budget = Budget(**limits) if budget_file is None else from_toml(budget_file, limits)
    goal = load_target(target)
    opened = open_model(Path(folder))
    report = costs_of(opened, goal, batches=(1,))
    verdicts = judge(report, budget)
    lines = tuple(VerdictLine(**vars(v), within=v.within, sentence=v.sentence) for v in verdicts)
    source = "options" if budget_file is None else str(budget_file)
    return Checked(verdicts, Budgeted(str(folder), goal.name, source, all(v.within for v in verdicts), lines))
