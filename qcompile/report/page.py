"""The report page: one self-contained HTML file made of the record and the network's weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from qcompile.network import Network
from qcompile.report import plot_weights
from qcompile.report.plot_bars import Bar, bars
from qcompile.report.plot_proof import proof_plot
from qcompile.report.target_section import target_css, target_section
from qcompile.report.words import backend_name, number, percent

__all__ = ["render"]

Record = Mapping[str, Any]


def render(record: Record, network: Network) -> str:
    """The page as text.

    Args:
        record: from ``api.build``; the same numbers stand in report.json.
        network: for the pictures of its weights.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    files = resources.files("qcompile.report")
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
    columns = record["training"]["columns"]
    several = len(columns) > 1
    width, height = (420.0, 210.0) if several else (880.0, 300.0)
    proof = [
        {
            "name": c["name"],
            "gap": percent(c["gap"]),
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
        accuracy=Markup(_accuracy(record)),
        confusion=_confusion(record),
        latency=[{"title": c["title"], "plot": Markup(c["plot"])} for c in _latency(record)],
        totals=_totals(record),
        targets=Markup(target_section(record)),
        neurons=plot_weights.neuron_images(network),
        matrix=_matrices(network),
        pairs=[{**p, "picture": Markup(p["picture"])} for p in plot_weights.interactions(network)],
        origin=_origin(record),
    )


def _kind(record: Record) -> str:
    model = record["model"]
    neuron = (
        "products of two weighted sums" if model["form"] == "bilinear" else "polynomials of one weighted sum"
    )
    return f"{neuron}, {model['weights']} weights"


def _title(record: Record) -> str:
    source = str(record["data"]["source"]).rsplit("/", 1)[-1].split(":")[-1]
    return f"{source}: {record['model']['neurons']} neurons with {record['model']['weights']} weights"


def _verdict(record: Record) -> str:
    gap = record["certificate"]["gap"]
    if gap >= 1:
        first = "Trained and compiled; the proof found no useful limit."
    elif gap <= 0:
        first = "Proved optimal: no network of this kind, of any size, trains better."
    else:
        first = f"Proved within {percent(gap)} of the best network of this kind, of any size."
    equal = all(v["equal"] for v in record["verification"])
    last = "Every back-end computes the same bits." if equal else "A back-end computes something else."
    return f"{first} {last}"


def _score(record: Record, value: float) -> str:
    return f"{100 * value:.1f} %" if record["accuracy"]["measure"] == "accuracy" else f"{value:.3f}"


def _tiles(record: Record) -> list[dict[str, str]]:
    accuracy, model, rows = record["accuracy"], record["model"], record["costs"]["rows"]
    best = max(accuracy["baselines"].items(), key=lambda item: item[1])
    tiles = [
        {
            "kind": "proof",
            "what": "certified gap",
            "figure": percent(record["certificate"]["gap"]).removesuffix(" %"),
            "unit": "%",
            "more": "at most this much better is possible in training",
        },
        {
            "kind": "",
            "what": f"test {accuracy['measure']}",
            "figure": _score(record, accuracy["test"]).removesuffix(" %"),
            "unit": "%" if accuracy["measure"] == "accuracy" else "",
            "more": f"{best[0]}: {_score(record, best[1])}",
        },
    ]
    fast = [r for r in rows if r["quantity"] == "latency_p50" and r["batch"] == 1]
    fast = fast or [r for r in rows if r["quantity"] == "latency" and r["operation"] == "total"]
    if fast:
        row = min(fast, key=lambda r: r["expected"])
        how = (
            "median"
            if row["quantity"] == "latency_p50"
            else f"{row['origin']} for {record['costs']['target']}"
        )
        more = f"one row, {how}, {backend_name(row['backend'])}"
        tiles.append(
            {"kind": "", "what": "latency", "figure": number(row["expected"]), "unit": "µs", "more": more}
        )
    bits = model["first_layer_bits"]
    size = record["files"]["model.onnx"]["bytes"]
    tiles.append(
        {
            "kind": "",
            "what": "model file",
            "figure": f"{size / 1000:.1f}",
            "unit": "kB",
            "more": f"{bits:,} first-layer bits in it ({bits / 8000:.1f} kB)",
        }
    )
    return tiles


def _accuracy(record: Record) -> str:
    accuracy = record["accuracy"]
    rows = [Bar("this network", accuracy["test"], _score(record, accuracy["test"]), "ours")]
    rows += [Bar(name, value, _score(record, value)) for name, value in accuracy["baselines"].items()]
    return bars(rows, f"test {accuracy['measure']} beside the baselines", end=1.0)


def _confusion(record: Record) -> dict[str, Any] | None:
    counts, names = record["accuracy"].get("confusion"), record["model"]["classes"]
    if not counts:
        return None
    rows = []
    for i, line in enumerate(counts):
        total = sum(line) or 1
        cells = []
        for j, count in enumerate(line):
            strength = round(100 * (0.15 + 0.75 * count / total)) if count else 0
            tone = "--bound" if i == j else "--warn"
            colour = f"color-mix(in srgb, var({tone}) {strength}%, var(--track))"
            cells.append(
                {"count": count, "colour": colour, "hint": f"{count} rows of {names[i]} taken for {names[j]}"}
            )
        rows.append({"name": names[i], "cells": cells})
    return {"names": names, "rows": rows}


def _latency(record: Record) -> list[dict[str, str]]:
    rows = record["costs"]["rows"]
    charts = []
    for batch in sorted({r["batch"] for r in rows if r["quantity"] == "latency_p50"}):
        found: list[Bar] = []
        backends = dict.fromkeys(r["backend"] for r in rows if r["quantity"] == "latency_p50")
        for backend in backends:
            at = {
                r["quantity"]: r["expected"] for r in rows if r["backend"] == backend and r["batch"] == batch
            }
            if "latency_p50" not in at:
                continue
            p50, p90, p99 = (at[f"latency_p{p}"] for p in (50, 90, 99))
            hint = f"p50 {p50:.4g}, p90 {p90:.4g}, p99 {p99:.4g} microseconds per call"
            shown = f"{number(p50)} µs" + (f" · {number(p50 / batch)} per row" if batch > 1 else "")
            ours = "ours" if backend in ("numba_cpu", "host") else "other"
            found.append(Bar(backend_name(backend), p50, shown, ours, p50, p90, hint))
        title = "Latency of one row" if batch == 1 else f"Latency of {batch} rows at once"
        charts.append(
            {"title": f"{title}: median, and up to the 90th percentile", "plot": bars(found, title)}
        )
    return charts


def _totals(record: Record) -> Sequence[Mapping[str, Any]]:
    return [
        r
        for r in record["costs"]["rows"]
        if r["operation"] == "total" and not r["quantity"].startswith("latency_p")
    ]


def _matrices(network: Network) -> dict[str, Any]:
    from markupsafe import Markup

    vectors = ("u", "v") if network.form == "bilinear" else ("u",)
    return {name: Markup(plot_weights.matrix(network, name)) for name in vectors}


def _origin(record: Record) -> list[tuple[str, str]]:
    data, chosen, machine = record["data"], record["training"]["chosen"], record["machine"]
    model = record["model"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    versions = f"{versions}, Python {machine['python']}"
    return [
        ("data", f"{data['source']}: {data['rows']:,} rows, {data['columns']} columns"),
        ("label", data["label"]),
        ("what was done to it", " ".join(data["notes"]) or "nothing"),
        ("split", f"{data['train_rows']} rows to train, {data['test_rows']} to test, seed {data['seed']}"),
        ("inputs", f"{model['inputs']} integers of {model['input_bits']} bits, {chosen['encoder']}"),
        ("training", f"{chosen['loss']} loss, beta {chosen['beta']:g}; {chosen['reason']}"),
        ("measured on", f"{machine['processor']}, {machine['cores']} cores, {machine['system']}"),
        ("versions", versions),
    ]
