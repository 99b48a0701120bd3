"""targets and info: what can be compiled for, and what is in a model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qcompile.facts import ModelFacts
from qcompile.registry import names
from qcompile.report.answers import FigureOf, Information, TargetFigures, TargetLine, TargetList
from qcompile.targets.schema import Target, load_target

if TYPE_CHECKING:
    from qcompile.model.network import Network


@dataclass(frozen=True, eq=False)
class Listed:
    """Every target of this installation."""

    targets: tuple[Target, ...]
    record: TargetList


@dataclass(frozen=True, eq=False)
class Described:
    """A model file in facts."""

    record: Information


def targets() -> Listed:
    """Read every target file.

    >>> any(t.name == "host" for t in targets().targets)
    True
    """
    found = tuple(load_target(name) for name in names("qcompile.targets", ".toml"))
    lines = tuple(TargetLine(t.name, t.kind, t.isa, t.clock_mhz.expected, t.title) for t in found)
    return Listed(found, TargetList(lines))


def target(name_or_path: str | Path) -> TargetFigures:
    """Everything a target's file says, figure by figure, as plain values.

    Raises:
        QCompileError: there is no such target, or its file is wrong.

    >>> [f.field for f in target("cortex-m4").figures][:2]
    ['core.clock_mhz', 'core.voltage_v']
    """
    t = load_target(name_or_path)
    single = {
        "core.clock_mhz": t.clock_mhz,
        "core.voltage_v": t.voltage_v,
        "memory.flash_kb": t.flash_kb,
        "memory.ram_kb": t.ram_kb,
        "memory.flash_wait_states": t.flash_wait_states,
        **{f"cycles.{k}": v for k, v in t.cycles.items()},
        **{f"model.{k}": v for k, v in t.model.items()},
        "energy.pj_per_cycle": t.pj_per_cycle,
        "energy.core_watts": t.core_watts,
        **{f"energy.operations.{k}": v for k, v in t.operations.items()},
    }
    return TargetFigures(
        name=t.name,
        title=t.title,
        kind=t.kind,
        isa=t.isa,
        features=tuple(sorted(t.features)),
        regulator=t.regulator,
        compiler=t.compiler,
        runner=t.runner,
        figures=tuple(FigureOf(field, **vars(f)) for field, f in single.items() if f is not None),
    )


def info(model: str | Path) -> Described:
    """Read a model: network or imported program, origin, proof and compiled operations.

    Raises:
        ModelError: it is missing, unreadable or damaged.
    """
    from qcompile.backends.numba_cpu import runs
    from qcompile.importers.open import open_model
    from qcompile.model_file.container import read_model
    from qcompile.model_file.form import form_sentence, onnx_form
    from qcompile.model_file.names import TEXT
    from qcompile.passes.pipeline import optimise
    from qcompile.report import record as parts
    from qcompile.report.program import program_part
    from qcompile.report.words import certificate_sentence
    from qcompile.train.proof import stated

    opened = open_model(Path(model))
    program, passes = optimise(opened.program, load_target("host"), runs(opened.program))
    listing = program_part(program, passes)
    provenance = dict(opened.program.metadata.get("provenance", {}))
    facts = {"file": f"{opened.path}, {len(opened.content):,} bytes"}
    form = None
    if opened.path.suffix != TEXT:
        form = onnx_form(read_model(opened.path))
        facts["onnx"] = form_sentence(form)
    network = None
    if opened.network is not None:
        provenance = dict(opened.network.provenance)
        network = parts.model_part(opened.network)
        facts |= _facts(opened.network, network, provenance)
    facts["reads"] = f"{program.input.type.length} columns" + (
        f": {_short(program.columns)}" if program.columns else ""
    )
    facts["compiled"] = listing.sentence
    facts["runs here by"] = listing.host_kernel
    if "certificate" in provenance:
        facts["proved"] = (
            f"{certificate_sentence(stated(provenance))} (as stated in the file, not checked: "
            "`qcompile verify` with --data checks it)"
        )
    for key in ("source", "loss", "beta", "seed", "imported_from", "producer"):
        if provenance.get(key) is not None:
            facts[key.replace("_", " ")] = str(provenance[key])
    return Described(Information(str(opened.path), facts, form, network, listing, provenance))


def _facts(network: Network, described: ModelFacts, provenance: Mapping[str, Any]) -> dict[str, str]:
    label = provenance.get("schema", {}).get("label", "the label")
    what = f"{label} (a number)" if network.task == "regression" else f"{label}: {_short(network.classes)}"
    bits = f"{described.first_layer_bits:,} first-layer bits"
    return {
        "predicts": what,
        "encoder": f"{described.encoder}, {described.input_bits} bits, {described.inputs} inputs",
        "network": f"{network.form}, {network.neurons} neurons, {network.weights} weights, {bits}",
    }


def _short(words: tuple[str, ...], limit: int = 8) -> str:
    more = f", and {len(words) - limit} more" if len(words) > limit else ""
    return ", ".join(words[:limit]) + more
