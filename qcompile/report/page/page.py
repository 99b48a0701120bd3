"""The report page: one self-contained HTML file made of the record and the network's weights."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from qcompile.backends.titles import backend_name
from qcompile.cost.rows import CostRow
from qcompile.model.network import Network
from qcompile.model_file.names import MODEL
from qcompile.numerals import number, percent
from qcompile.report.input_names import input_names
from qcompile.report.page.accuracy import confusions, scatter, score_bars
from qcompile.report.page.target import target_css, target_section
from qcompile.report.plots import weights as plot_weights
from qcompile.report.plots.bars import Bar, bars
from qcompile.report.plots.proof import proof_plot
from qcompile.report.record import Report
from qcompile.report.words import score

if TYPE_CHECKING:
    from markupsafe import Markup

# What the figures and pictures of a report are derived by, beside the model.
DRAWS = (
    "qcompile.report", "qcompile.report.page", "qcompile.report.plots", "qcompile.passes", "qcompile.cost",
    "qcompile.targets",
)  # fmt: skip
NARROW = 24  # neurons, at most, of which both factors are drawn side by side


def render(record: Report, network: Network) -> str:
    """The page as text.

    Args:
        record: the same numbers stand in report.json.
        network: for the pictures of its weights.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    files = resources.files("qcompile.report.page")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "num": lambda v: "–" if v is None else number(float(v)),
        "down": lambda v: "–" if v is None else number(float(v), down=True),
        "backend": backend_name,
        "percent": lambda v: "–" if v is None else percent(float(v)),
    }
    template = environment.from_string(files.joinpath("page.html").read_text(encoding="utf-8"))
    columns = record.training.columns
    several = len(columns) > 1
    width, height = (420.0, 210.0) if several else (880.0, 300.0)
    proof = [
        {
            "name": c.name,
            "gap": percent(c.gap),
            "plot": Markup(proof_plot(c, width, height, small=several)),
        }
        for c in columns
    ]
    return template.render(
        r=record,
        css=Markup(files.joinpath("page.css").read_text(encoding="utf-8") + target_css()),
        title=_title(record),
        kind=_kind(record),
        verdict=_verdict(record),
        tiles=_tiles(record),
        proof=proof,
        accuracy=Markup(score_bars(record)),
        confusions=confusions(record),
        scatter=Markup(scatter(record)),
        latency=[{"title": c["title"], "plot": Markup(c["plot"])} for c in _latency(record)],
        totals=_totals(record),
        targets=Markup(target_section(record)),
        neurons=plot_weights.neuron_images(network),
        matrix=_matrices(network),
        narrow=network.neurons <= NARROW,
        pairs=[replace(p, picture=Markup(p.picture)) for p in plot_weights.interactions(network)],
        origin=_origin(record, network),
    )


@cache
def drawn_by() -> str:
    """A digest of everything that makes the page: equal ones draw the same page of the same record."""
    total = hashlib.sha256()
    for package in DRAWS:
        for entry in sorted(resources.files(package).iterdir(), key=lambda e: e.name):
            if entry.is_file() and entry.name.endswith((".py", ".html", ".css", ".toml")):
                total.update(entry.read_bytes())
    return total.hexdigest()[:16]


def _kind(record: Report) -> str:
    model = record.model
    neuron = (
        "products of two weighted sums" if model.form == "bilinear" else "polynomials of one weighted sum"
    )
    return f"{neuron}, {model.weights} weights"


def _title(record: Report) -> str:
    source = str(record.data.source).rsplit("/", 1)[-1].split(":")[-1]
    return f"{source}: {record.model.neurons} neurons with {record.model.weights} weights"


def _verdict(record: Report) -> str:
    gap = record.certificate.gap
    if gap >= 1:
        first = "Trained and compiled; the proof gives no useful bound."
    elif gap <= 0:
        first = "Proved optimal: no network of this kind, of any size, trains better."
    else:
        first = f"Proved within {percent(gap)} of the best network of this kind, of any size."
    equal = all(v.equal for v in record.verification)
    last = "Every back-end computes the same bits." if equal else "A back-end computes different bits."
    return f"{first} {last}"


def _tiles(record: Report) -> list[dict[str, str]]:
    accuracy, model, rows = record.accuracy, record.model, record.costs.rows
    best = max(accuracy.baselines.items(), key=lambda item: item[1])
    tiles = [
        {
            "kind": "proof",
            "what": "certified gap",
            "figure": percent(record.certificate.gap).removesuffix(" %"),
            "unit": "%",
            "more": "the most that training can still gain",
        },
        {
            "kind": "",
            "what": f"test {accuracy.measure}",
            "figure": score(accuracy.measure, accuracy.test).removesuffix(" %"),
            "unit": "%" if accuracy.measure == "accuracy" else "",
            "more": f"{best[0]}: {score(accuracy.measure, best[1])}",
        },
    ]
    fast = [r for r in rows if r.quantity == "latency_p50" and r.batch == 1]
    fast = fast or [r for r in rows if r.quantity == "latency" and r.operation == "total"]
    if fast:
        row = min(fast, key=lambda r: r.expected)
        how = "median" if row.quantity == "latency_p50" else f"{row.origin} for {record.costs.target}"
        more = f"one row, {how}, {backend_name(row.backend)}"
        tiles.append(
            {"kind": "", "what": "latency", "figure": number(row.expected), "unit": "µs", "more": more}
        )
    bits = model.first_layer_bits
    size = record.files[MODEL].bytes
    tiles.append(
        {
            "kind": "",
            "what": "model file",
            "figure": f"{size / 1000:.1f}",
            "unit": "kB",
            "more": f"{bits:,} bits of first-layer weights ({bits / 8000:.1f} kB)",
        }
    )
    return tiles


def _latency(record: Report) -> list[dict[str, str]]:
    rows = record.costs.rows
    charts = []
    for batch in sorted({r.batch for r in rows if r.quantity == "latency_p50"}):
        found: list[Bar] = []
        backends = dict.fromkeys(r.backend for r in rows if r.quantity == "latency_p50")
        for backend in backends:
            at = {r.quantity: r.expected for r in rows if r.backend == backend and r.batch == batch}
            if "latency_p50" not in at:
                continue
            p50, p90, p99 = (at[f"latency_p{p}"] for p in (50, 90, 99))
            hint = f"p50 {p50:.4g}, p90 {p90:.4g}, p99 {p99:.4g} microseconds per call"
            shown = f"{number(p50)} µs" + (f" · {number(p50 / batch)} per row" if batch > 1 else "")
            ours = "ours" if backend in ("numba_cpu", "host") else "other"
            found.append(Bar(backend_name(backend), p50, shown, ours, p50, p90, hint))
        title = "one row" if batch == 1 else f"{batch} rows at once"
        charts.append({"title": title, "plot": bars(found, f"latency of {title}")})
    return charts


def _totals(record: Report) -> list[CostRow]:
    return [r for r in record.costs.rows if r.operation == "total" and not r.quantity.startswith("latency_p")]


def _matrices(network: Network) -> dict[str, Markup]:
    from markupsafe import Markup

    if network.form != "bilinear":
        return {"u": Markup(plot_weights.matrix(network, "u"))}
    narrow = network.neurons <= NARROW
    return {name: Markup(plot_weights.matrix(network, name, 470 if narrow else 960)) for name in ("u", "v")}


def _origin(record: Report, network: Network) -> list[tuple[str, str]]:
    data, chosen, machine = record.data, record.training.chosen, record.machine
    model, first = record.model, record.training.columns[0]
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    versions = f"{versions}, Python {machine.python}"
    how = [] if chosen is None else [("training", f"{chosen.loss} loss; encoder {chosen.reason}")]
    return [
        ("data", f"{data.source}: {data.rows:,} rows, {data.columns} columns"),
        ("label", data.label),
        ("preparation", " ".join(data.notes) or "none"),
        ("split", f"{data.train_rows} rows to train, {data.test_rows} to test, seed {data.seed}"),
        ("inputs", f"{model.inputs} integers of {model.input_bits} bits, {model.encoder}"),
        *([("questions", "; ".join(input_names(network)))] if network.encoder.name == "splits" else []),
        *how,
        ("solver", f"{first.method}: {first.reason}"),
        ("measured on", f"{machine.processor}, {machine.cores} cores, {machine.system}"),
        ("versions", versions),
    ]
