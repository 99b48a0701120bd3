"""The fused kernel as a library that registers itself with ONNX Runtime as an operator.

ONNX Runtime's packages have no headers; kernels/c/qc_onnx_operator.h says what of them is needed, why it
holds in every release since 1.11, and what is refused. Any C compiler will do, zig's too.

The library holds the kernel twice, for single rows and for batches, as ``run.host`` chooses them.
"""

from __future__ import annotations

import hashlib
from importlib import resources

from qcompile.backends.library.object import link, machine_code
from qcompile.errors import CompileError
from qcompile.ir.program import Program
from qcompile.ir.text import dump
from qcompile.ir.two_layer import two_layer
from qcompile.kernels.contract import TwoLayer
from qcompile.kernels.fused import network as fused_network
from qcompile.kernels.simd.isa import Isa
from qcompile.passes.pipeline import optimise

HEADER = "qc_onnx_operator.h"

# Where cpuid leaf 7 reports a feature: register and bit. Not the compiler's own __builtin_cpu_supports,
# which answers no in a library that zig linked.
FEATURES = {
    "avx2": ("b", 5),
    "avx512f": ("b", 16),
    "avx512dq": ("b", 17),
    "avx512bw": ("b", 30),
    "avx512vl": ("b", 31),
    "avx512vbmi": ("c", 1),
    "avx512bitalg": ("c", 12),
    "avx512vpopcntdq": ("c", 14),
}

SOURCE = """\
#include <stdint.h>
void qc_single_scores(const float *rows, int64_t count, int64_t *scores);
void qc_batch_scores(const float *rows, int64_t count, int64_t *scores);
static void qc_kernel(const float *rows, int64_t count, int64_t *scores)
{{
    if (count < {batch})
        qc_single_scores(rows, count, scores);
    else
        qc_batch_scores(rows, count, scores);
}}
#define QC_NAME "{name}"
#define QC_FEATURES {features}
#define QC_SCORES {scores}
#define QC_KERNEL qc_kernel
#define QC_DECIDES {decides}
#define QC_RUNS_HERE ({runs_here})
#define QC_CPU "{cpu}"
#include "{header}"
"""


def operator_name(program: Program) -> str:
    """Name of the operator: of the program's own text, so that a file never runs another's library."""
    return f"Network_{hashlib.sha256(dump(program).encode()).hexdigest()[:16]}"


def fused_form(program: Program) -> TwoLayer:
    """What the fused kernel computes.

    Raises:
        CompileError: the program is another, or its sums are not proved to fit.
    """
    form = two_layer(optimise(program)[0])
    if form is None or not fused_network.serves(form):
        raise CompileError(
            "the custom form holds the fused two-layer kernel, and this program is something else or its "
            "sums may overflow; use the packed form."
        )
    return form


def operator_library(program: Program, isa: str | None = None) -> bytes:
    """The shared library of ``operator_name(program)``.

    Args:
        program: as lowered.
        isa: spelling of the vocabulary; the best of this processor by default.

    Raises:
        CompileError: see ``fused_form``.
        UnsupportedError: there is no C compiler.
    """
    from qcompile.kernels.fused.choose import BATCH
    from qcompile.kernels.fused.loop import build as fuse

    form = fused_form(program)
    state = fused_network.pack(form, isa)
    files = {}
    for name, choice, rows in (("single", state.single, 1), ("batch", state.batch, BATCH)):
        fused = fuse(form, choice.method, state.isa, rows, cached=False)
        files[f"{name}.o"] = machine_code(fused, f"qc_{name}", state.isa.cpu, hidden=True)
    source = SOURCE.format(
        batch=BATCH,
        name=operator_name(program),
        features=form.encoder.features,
        scores=len(form.alpha),
        decides=int("label" in program.outputs),
        runs_here=_runs_here(state.isa),
        cpu=state.isa.name,
        header=HEADER,
    )
    header = (resources.files("qcompile.kernels") / "c" / HEADER).read_bytes()
    return link({"operator.c": source.encode("ascii"), HEADER: header, **files})


def _runs_here(isa: Isa) -> str:
    """A C expression: has this processor the features, and does the system keep their registers?"""
    places = [FEATURES[feature] for feature in isa.features if feature in FEATURES]
    if not places:  # plain x86-64, or ARM, whose library does not load elsewhere
        return "1"
    masks = (sum(1 << bit for register, bit in places if register == r) for r in "bc")
    kept = 0xE6 if "avx512f" in isa.features else 0x06
    return "qc_has({:#x}u, {:#x}u, {:#x}u)".format(*masks, kept)
