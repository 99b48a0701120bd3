"""What the commands print: a live display, tables for people, one JSON document for machines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qcompile.backends.titles import backend_name
from qcompile.events import Listener, ignore
from qcompile.json_records import to_json
from qcompile.report.plots.plane import with_unit
from qcompile.report.terminal.live import live_display, plain_display

if TYPE_CHECKING:
    from qcompile.report.answers import (
        Budgeted,
        Calibration,
        Comparison,
        Costs,
        ImportedProgram,
        Information,
        Predictions,
        Profiles,
        TargetFigures,
        TargetList,
        Verification,
    )
    from qcompile.report.program import ProgramPart


def _console() -> Console:
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


@contextmanager
def listener(silent: bool, title: str) -> Iterator[Listener]:
    """Who watches a run: the live display on a terminal, plain lines elsewhere, nobody for JSON."""
    console = _console()
    if silent:
        yield ignore
    elif console.is_terminal:
        console.print(Text(title, style="bold"))
        with live_display(console) as listen:
            yield listen
    else:
        yield plain_display(console)


def show_json(record: Any) -> None:
    """One JSON document on standard output."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    sys.stdout.write(to_json(record, ascii=encoding != "utf8"))


def show_checks(record: Verification) -> None:
    """What was verified, one line each."""
    console = _console()
    for check in record.checks:
        mark = Text("ok    " if check.passed else "FAIL  ", style="green" if check.passed else "bold red")
        console.print(mark + Text(f"{check.name}: ", style="bold") + Text(check.sentence, style="default"))


def show_predictions(record: Predictions) -> None:
    """One prediction per line on standard output, so that it can be piped; the score on standard error."""
    sys.stdout.write("".join(f"{_one_line(value)}\n" for value in record.predictions))
    if record.sentence:
        sys.stdout.flush()  # where the predictions cannot be written, nothing is said of them
        print(record.sentence, file=sys.stderr)


def _one_line(value: Any) -> str:
    """A prediction without line ends: those in the name of a class are written as in Python."""
    text = str(value)
    return text if len(f"{text}.".splitlines()) == 1 else repr(text)[1:-1]


def show_costs(record: Costs | Profiles) -> None:
    """Latency percentiles by backend and batch; every other total below, with its origin."""
    console = _console()
    rows = record.rows
    table = _table("backend", "rows per call", "p50 us", "p90 us", "p99 us", "p50 us per row")
    latency = [r for r in rows if r.quantity.startswith("latency_p")]
    for batch in sorted({r.batch for r in latency}):
        for backend in dict.fromkeys(r.backend for r in latency):
            found = {r.quantity: r.expected for r in latency if r.batch == batch and r.backend == backend}
            if found:
                p50, p90, p99 = (found[f"latency_p{p}"] for p in (50, 90, 99))
                table.add_row(
                    backend_name(backend), str(batch), *(f"{v:.4g}" for v in (p50, p90, p99, p50 / batch))
                )
        table.add_section()
    console.print(table)
    rest = [r for r in rows if not r.quantity.startswith("latency_p") and r.operation == "total"]
    if rest:
        table = _table("figure", "backend", "expected", "from", "to", "unit", "origin")
        for r in rest:
            figures = (f"{value:.4g}" for value in (r.expected, r.low, r.high))
            table.add_row(
                r.quantity,
                backend_name(r.backend),
                *figures,
                r.unit,
                f"{r.origin}: {r.source}",
            )
        console.print(table)
    for sentence in getattr(record, "notes", ()):
        console.print(sentence)


def show_operators(record: Profiles) -> None:
    """ONNX Runtime's own profile of each file, folded by operator."""
    console = _console()
    for file in record.files:
        table = _table("operator", "nodes", "rows per call", "us per run", "share")
        for batch, operators in file.operators.items():
            for o in operators:
                share = f"{100 * o.share:.0f} %"
                table.add_row(o.operator, str(o.nodes), batch, f"{o.us_per_run:.3g}", share)
            table.add_section()
        if table.row_count:
            console.print(Text(file.path, style="bold"))
            console.print(table)


def show_budget(record: Budgeted) -> None:
    """A verdict per limit."""
    table = _table("limit", "budget", "expected", "high", "unit", "backend", "verdict", "origin")
    for v in record.verdicts:
        verdict = Text("within", style="green") if v.within else Text("OVER", style="bold red")
        row = v.row
        if row is None:
            verdict = Text("NO FIGURE", style="bold red")
        figures = map(_figure, (v.budget, v.expected, v.high))
        table.add_row(
            v.limit,
            *figures,
            v.unit,
            backend_name(row.backend if row else ""),
            verdict,
            row.origin if row else "unknown",
        )
    _console().print(table)


def show_comparison(record: Comparison) -> None:
    """A line per model and target: expected time, what it is at most, energy and sizes."""
    table = _table("model", "target", "time", "at most", "energy", "flash", "ram", "how")
    for column in table.columns[1:]:
        column.no_wrap = True
    for column in table.columns[2:7]:
        column.justify = "right"
    for row in record.rows:
        times = (row.latency.expected, row.latency.high) if row.latency else (None, None)
        energy = row.energy.expected if row.energy else None
        cells = ["-" if us is None else with_unit(us, "s") for us in times]
        cells.append("-" if energy is None else with_unit(energy, "J"))
        cells += [f"{size.expected:,.0f} B" if size else "-" for size in (row.flash, row.ram)]
        table.add_row(row.model, row.target, *cells, row.how.split()[0])
    _console().print(table)


def show_targets(record: TargetList) -> None:
    """Name, kind, clock and title of every target."""
    table = _table("target", "kind", "isa", "clock MHz", "what it is")
    for t in record.targets:
        table.add_row(t.name, t.kind, t.isa, f"{t.clock_mhz:g}", t.title)
    _console().print(table)


def show_target(record: TargetFigures) -> None:
    """One target: what it is, and every figure with its interval, kind, date and source."""
    console = _console()
    console.print(Text(f"{record.name}: {record.title}", style="bold"))
    features = ", ".join(record.features) or "no extensions"
    regulator = f"; regulator {record.regulator}" if record.regulator else ""
    console.print(f"{record.kind}, {record.isa}, {features}{regulator}")
    if record.compiler:
        flags = " ".join(record.compiler.flags)
        console.print(f"zig cc -target {record.compiler.triple} -mcpu={record.compiler.cpu} {flags}")
    table = _table("figure", "expected", "from", "to", "kind", "date", "source")
    for f in record.figures:
        figures = (f"{value:.6g}" for value in (f.expected, f.low, f.high))
        table.add_row(f.field, *figures, f.kind, f.date, f.source)
    console.print(table)


def show_calibration(record: Calibration) -> None:
    """Picoseconds per one-bit product and nanoseconds per input of each method."""
    table = _table("rows", "method", "product ps", "table ns", "shipped product ps")
    for row in record.costs:
        before = row.shipped_product_ps
        table.add_row(
            row.mode,
            row.method,
            f"{row.product_ps:.3f}",
            f"{row.table_ns:.3f}",
            "" if before is None else f"{before:.3f}",
        )
    _console().print(table)
    _console().print(f"Measured with {record.isa}; kept in {record.file}")


def show_info(record: Information) -> None:
    """A model file in one screen."""
    console = _console()
    table = _table("", "", header=False)
    for key, value in record.facts.items():
        table.add_row(key, value)
    console.print(table)
    _operations(console, record.program)


def show_program(record: ImportedProgram) -> None:
    """What was imported, and where it was written."""
    console = _console()
    console.print(record.program.sentence)
    _operations(console, record.program)
    for path in record.files:
        console.print(f"Written {path}")


def _operations(console: Console, program: ProgramPart) -> None:
    table = _table("value", "operation", "type", "proved range", "kernel")
    for op in program.operations:
        span = "" if op.low is None else f"{op.low:,} .. {op.high:,}"
        table.add_row(f"%{op.value}", op.operation, op.type, span, op.kernel or "")
    console.print(table)


def _table(*headers: str, header: bool = True) -> Table:
    table = Table(box=None, pad_edge=False, show_header=header, header_style="bold")
    for name in headers:
        numeric = " us" in name or name in ("expected", "from", "to", "high", "budget")
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    return table


def _figure(value: float | None) -> str:
    return "unknown" if value is None or value != value else f"{value:.4g}"
