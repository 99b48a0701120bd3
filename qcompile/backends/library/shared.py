"""A shared library with a C header: the fused kernel compiled ahead of time, weights inside.

    NAME.so         NAME_scores, NAME_labels; no Numba, no Python at run time
    NAME.h          prototypes and the facts a caller needs
    manifest.json   format, instruction set, method

``_library_object`` makes the machine code. ctypes or any C program loads it and has its first answer
within milliseconds. The workspace is part of the library: one call at a time.
"""

from __future__ import annotations

import json
from typing import Any

from qcompile.backends.artifact import Artifact
from qcompile.backends.c99.names import comment, identifier
from qcompile.backends.library.object import link, machine_code
from qcompile.errors import CompileError
from qcompile.ir.ops import Scale
from qcompile.ir.program import Program
from qcompile.ir.two_layer import two_layer
from qcompile.kernels.fused import network as fused_network

FORMAT = "qcompile-shared-library 1"

HEADER = """/* {title}: a two-layer low-bit network, scores exact to the last bit. */
#ifndef {guard}_H
#define {guard}_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {{
#endif

#define {guard}_FEATURES {features} /* float32 values of a row; NaN is a missing cell */
#define {guard}_SCORES {scores}   /* int64 values of an answer */
#define {guard}_SCALE {scale}   /* value = SCALE * score + OFFSET */
#define {guard}_OFFSET {offset}

/* Rows and answers lie one after another. The library keeps one workspace: one call at a time.
   Compiled for {cpu}. */
void {name}_scores(const float *rows, int64_t count, int64_t *scores);
/* Index of the largest score (the first of equals); with one score, 1 where it is >= 0. */
void {name}_labels(const float *rows, int64_t count, int64_t *labels);

#ifdef __cplusplus
}}
#endif
#endif
"""


def build(program: Program, target: Any = None, isa: str | None = None, rows: int = 1) -> Artifact:
    """The library of a two-layer network for this machine's system.

    Args:
        program: after ``passes.optimise``.
        target: unused; ``isa`` says what the code may use.
        isa: spelling of the vocabulary ("avx512", "avx2", "scalar"); by default the best here.
        rows: rows that a caller usually gives at once; any number is answered.

    Raises:
        CompileError: the program is not a two-layer network within the kernel's bounds.
        UnsupportedError: there is no linker.
    """
    form = two_layer(program)
    if form is None or not fused_network.serves(form):
        raise CompileError(
            "the shared library holds the fused two-layer kernel, and this program is something else "
            "or its sums may overflow; leave out --layout library, and portable C99 is written."
        )
    from qcompile.kernels.fused.choose import BATCH
    from qcompile.kernels.fused.loop import build as fuse

    state = fused_network.pack(form, isa)
    choice = state.batch if rows >= BATCH else state.single
    fused = fuse(form, choice.method, state.isa, rows, cached=False)
    name = identifier(program.name)
    scale = program[program.outputs["values"]] if "values" in program.outputs else None
    facts = (scale.scale[0], scale.offset[0]) if isinstance(scale, Scale) else (1.0, 0.0)
    header = HEADER.format(
        title=comment(program.name),
        guard=name.upper(),
        name=name,
        features=form.encoder.features,
        scores=len(form.alpha),
        scale=float(facts[0]).hex(),
        offset=float(facts[1]).hex(),
        cpu=state.isa.cpu,
    )
    library = link({"model.o": machine_code(fused, name, state.isa.cpu)})
    manifest = {"format": FORMAT, "entry": f"{name}.so", "name": name, "isa": state.isa.name,
                "method": fused.method, "reason": choice.reason}  # fmt: skip
    files = {
        f"{name}.so": library,
        f"{name}.h": header.encode("ascii"),
        "manifest.json": (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode(),
    }
    provenance = {"backend": "shared_library", **manifest}
    return Artifact("shared_library", files, f"{name}.so", program, provenance)
