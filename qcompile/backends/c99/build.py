"""C99 for any core: Program and Target to a folder that a firmware engineer adds to a build.

    model.h, model.c   constants, one function per dot, and the public functions
    qc_*.h             the hand-written kernel headers that model.c includes
    main.c, CMakeLists.txt, README.md

The text is a pure function of the program, the target and the options; integers are exact, and
every accumulator's type follows from the static bound.
"""

from __future__ import annotations

from importlib import resources

from qcompile.backends.artifact import Artifact
from qcompile.backends.c99.emit.source import make_source
from qcompile.backends.c99.interface import interface_of
from qcompile.backends.c99.layouts import arrange, check_layout, source_place
from qcompile.backends.c99.names import identifier
from qcompile.backends.c99.plan.plan import make_plan
from qcompile.backends.c99.plan.types import CodeDot
from qcompile.errors import UnsupportedError, did_you_mean
from qcompile.ir.program import Program
from qcompile.targets.kernel_choice import KERNELS
from qcompile.targets.schema import Target


def build(
    program: Program, target: Target | None = None, *, kernel: str = "auto", layout: str = "plain"
) -> Artifact:
    """Compile to C.

    Args:
        program: any program whose values fit int64; its outputs "scores" and, if present, "label"
            and "values" become functions.
        target: chooses kernels and word width; None is a portable 32-bit core.
        kernel: "auto", or one of xnor, lut, int8 for every first-layer product.
        layout: "plain", "arduino" or "zephyr".

    Returns:
        Artifact of kind "c99"; ``entry`` is the .c file; provenance holds "prefix", "kernels",
        "functions" and "labels" (which operations a dot's function, and an array's name, belong to),
        "scratch_bytes" and the target's name.

    Raises:
        CompileError: a value may leave int64.
        UnsupportedError: unknown kernel or layout.
    """
    if kernel not in ("auto", *KERNELS):
        allowed = ("auto", *KERNELS)
        raise UnsupportedError(
            f"kernel is {kernel!r}, allowed: {', '.join(allowed)}.{did_you_mean(kernel, allowed)}"
        )
    check_layout(layout)
    prefix = identifier(program.name)
    plan = make_plan(program, target, kernel)
    source = make_source(plan, prefix, target)
    chosen = {s.op.result: s.kernel for s in plan.steps if isinstance(s, CodeDot)}
    folder = resources.files("qcompile.kernels") / "c"
    headers = {name: (folder / name).read_text(encoding="utf-8") for name in source.headers}
    interface = interface_of(plan, source, prefix)
    text = arrange(interface, plan, target, chosen, layout, headers)
    content = {n: t.encode("utf-8") for n, t in sorted(text.items())}
    return Artifact(
        kind="c99",
        files=content,
        entry=source_place(layout, prefix),
        program=program,
        provenance={
            "backend": "c99",
            "prefix": prefix,
            "layout": layout,
            "kernels": chosen,
            "functions": {
                f"{prefix}_dot_{plan.label(name)}": "+".join(plan.together[name]) for name in chosen
            },
            "labels": {plan.label(n): "+".join(plan.together.get(n, [n])) for n in plan.names},
            "scratch_bytes": interface.scratch_bytes,
            "target": target.name if target is not None else None,
        },
    )
