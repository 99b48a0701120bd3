"""compile: a model's C files, or its shared library and header, for a target."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from qcompile.backends.artifact import Artifact
from qcompile.backends.c99.build import build
from qcompile.cost.rows import Interval
from qcompile.cost.total import priced
from qcompile.errors import UnsupportedError
from qcompile.files import folder_destination, staged_folder
from qcompile.importers.naming import model_name
from qcompile.importers.open import network_of, open_model
from qcompile.ir.lower import lower
from qcompile.ir.program import Program
from qcompile.ir.ternary_form import ternary_form
from qcompile.passes.pipeline import optimise
from qcompile.report.answers import CompiledC
from qcompile.report.written import written
from qcompile.targets.schema import Target, load_target
from qcompile.verify.folder import with_description, with_digests

# --layout of a shared library, and the spelling of the vocabulary for each target that can have one.
LIBRARY = "library"
LIBRARY_ISA = {"host": None, "x86-64-v3": "avx2", "x86-64-v2": "scalar"}


def compile_model(
    model: str | Path,
    target: str | Path,
    out: str | Path,
    *,
    layout: str = "plain",
    kernel: str = "auto",
    form: str = "trained",
    name: str | None = None,
    force: bool = False,
) -> CompiledC:
    """Write a model's C files, or its shared library and header, for a target into a folder.

    The program's text goes with them, so that verify, cost, check and compare take the folder too.

    Args:
        model: file or build folder.
        target: name or file.
        out: folder to write.
        layout: "plain", "arduino", "zephyr", or "library" (the targets of LIBRARY_ISA only).
        kernel: kernel of the dot products, or "auto".
        form: "trained", or "ternary": bilinear neurons as differences of two ternary squares, the
            same function (ir/ternary_form.py).
        name: of the model, from which every file, function and macro is named; by default that of the
            file, the table it was trained on, or the folder (importers/naming.py).
        force: replace files that qcompile did not write, and keep them as NAME.bak.

    Raises:
        QCompileError: the model or target cannot be read, or the folder cannot be written.
    """
    core = load_target(target)
    folder_destination(Path(out))
    opened = open_model(Path(model))
    trained = opened.program
    source = replace(
        lower(ternary_form(network_of(opened)), trained.name) if form == "ternary" else trained,
        name=model_name(opened, name),
    )
    program, _ = optimise(source, core)
    if layout == LIBRARY:
        artifact = _library(program, core)
        figures: dict[str, Interval] = {}
        files = with_digests(artifact)
    else:
        artifact = build(program, core, layout=layout, kernel=kernel)
        figures = _figures(artifact, program, core)
        facts = {
            "model": hashlib.sha256(opened.content).hexdigest(),
            "figures": {name: vars(figure) for name, figure in figures.items()},
        }
        files = with_description(artifact, source, facts)
    with staged_folder(Path(out), tuple(files), written, force) as folder:
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return CompiledC(
        out=str(out),
        target=core.name,
        files={name: len(data) for name, data in files.items()},
        digest=artifact.digest,
        figures=figures,
        provenance=artifact.provenance,
    )


def _figures(artifact: Artifact, program: Program, target: Target) -> dict[str, Interval]:
    """Totals of one row on the target, each with its interval and origin; empty where nothing is known."""
    try:
        report = priced(artifact, program, target)
    except UnsupportedError:
        return {}
    return {r.quantity: r.interval for r in report if r.operation == "total"}


def _library(program: Program, core: Target) -> Artifact:
    """The fused kernel as a shared library with a C header, for this system's CPUs.

    Raises:
        UnsupportedError: the target is another system, or there is no linker here.
        CompileError: the program is not a two-layer network.
    """
    if core.name not in LIBRARY_ISA:
        raise UnsupportedError(
            f"a shared library is made for this system's own CPUs, and target {core.name!r} is not one; "
            f"targets: {', '.join(LIBRARY_ISA)}. For {core.name!r}, leave out --layout {LIBRARY}: "
            "C99 is written."
        )
    from qcompile.backends.library.shared import build

    return build(program, core, LIBRARY_ISA[core.name])
