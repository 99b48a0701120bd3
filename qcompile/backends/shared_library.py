"""A shared library with a C header: the fused kernel compiled ahead of time, weights inside.

    NAME.so         NAME_scores, NAME_labels; no Numba, no Python at run time
    NAME.h          prototypes and the facts a caller needs
    manifest.json   format, instruction set, method

Numba lowers the generated kernel to LLVM; the weights and the workspace become one block of data
whose addresses are fixed up at the first call; llvmlite makes the object and the system's linker
the library. ctypes or any C program loads it and has its first answer within milliseconds. The
workspace is part of the library: one call at a time.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from qcompile import registry
from qcompile.backends.artifact import Artifact, digest_of
from qcompile.errors import CompileError, UnsupportedError
from qcompile.ir.ops import Scale
from qcompile.ir.program import Program
from qcompile.ir.two_layer import two_layer
from qcompile.kernels import fused_i8_u8

__all__ = ["FORMAT", "build"]

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

# The data block, its addresses, and entry points that fix them up once.
WRAPPER = """
@qc_block = internal global [{size} x i8] c"{content}", align 64
@qc_places = internal constant [{count} x i64] [{places}]
@qc_ready = internal global i8 0
define internal i64 @qc_start() {{
entry:
  %base = ptrtoint ptr @qc_block to i64
  %ready = load i8, ptr @qc_ready
  %done = icmp ne i8 %ready, 0
  br i1 %done, label %out, label %loop
loop:
  %i = phi i64 [0, %entry], [%next, %loop]
  %slot = getelementptr [{count} x i64], ptr @qc_places, i64 0, i64 %i
  %place = load i64, ptr %slot
  %word = getelementptr i8, ptr @qc_block, i64 %place
  %offset = load i64, ptr %word
  %moved = add i64 %offset, %base
  store i64 %moved, ptr %word
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, {count}
  br i1 %more, label %loop, label %mark
mark:
  store i8 1, ptr @qc_ready
  br label %out
out:
  %root = add i64 %base, {root}
  ret i64 %root
}}
"""
ENTRY = """
define void @{name}_{what}(ptr %rows, i64 %count, ptr %to) {{
  %e = call i64 @qc_start()
  %row = ptrtoint ptr %rows to i64
  %out = ptrtoint ptr %to to i64
  %result = alloca i64
  %error = alloca ptr
  %status = call i32 @{function}(ptr %result, ptr %error, i64 %row, i64 %count, i64 %out, i64 %e)
  ret void
}}
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
    if form is None or not fused_i8_u8.serves(form):
        raise CompileError(
            "the shared library holds the fused two-layer kernel, and this program is something else "
            "or its sums may overflow; use the c99 back-end."
        )
    from qcompile.kernels._choice import METHODS
    from qcompile.kernels._fused import build as fuse

    state = fused_i8_u8.pack(form, isa)
    choice = state.batch if rows >= fused_i8_u8.BATCH else state.single
    fused = fuse(form, registry.load(METHODS, choice.method), state.isa, rows, cached=False)
    name = re.sub(r"\W", "_", program.name) or "model"
    name = f"m_{name}" if name[0].isdigit() else name
    scale = program[program.outputs["values"]] if "values" in program.outputs else None
    facts = (scale.scale[0], scale.offset[0]) if isinstance(scale, Scale) else (1.0, 0.0)
    header = HEADER.format(
        title=re.sub(r"[^\w .,:-]", "?", program.name),
        guard=name.upper(),
        name=name,
        features=form.encoder.features,
        scores=len(form.alpha),
        scale=float(facts[0]).hex(),
        offset=float(facts[1]).hex(),
        cpu=state.isa.cpu,
    )
    library = _link(_object(fused, name, state.isa.cpu))
    manifest = {"format": FORMAT, "entry": f"{name}.so", "name": name, "isa": state.isa.name,
                "method": fused.method, "reason": choice.reason}  # fmt: skip
    files = {
        f"{name}.so": library,
        f"{name}.h": header.encode("ascii"),
        "manifest.json": (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode(),
    }
    provenance = {"backend": "shared_library", **manifest}
    return Artifact("shared_library", files, f"{name}.so", digest_of(files), program, provenance)


def _object(fused: Any, name: str, cpu: str) -> bytes:
    """Machine code of the two entry points and everything they reach."""
    import llvmlite.binding as llvm
    from numba.core import types

    module = fused.modules[-1]
    image = fused.arena.image(fused.parameters)
    text = WRAPPER.format(
        size=len(image.content),
        content="".join(f"\\{byte:02X}" for byte in image.content),
        count=len(image.relocations),
        places=", ".join(f"i64 {place}" for place in image.relocations),
        root=image.root,
    )
    parts = []
    for what in ("scores", "labels"):
        dispatcher = getattr(module, what)
        dispatcher.compile((types.int64,) * 4)
        compiled = dispatcher.overloads[dispatcher.signatures[0]]
        parts.append(llvm.parse_assembly(compiled.library.get_llvm_str()))
        function = f'"{compiled.fndesc.llvm_func_name}"'
        text += f"declare i32 @{function}(ptr, ptr, i64, i64, i64, i64)\n"
        text += ENTRY.format(name=name, what=what, function=function)
    machine = llvm.Target.from_default_triple().create_target_machine(cpu=cpu, opt=3, reloc="pic")
    whole = llvm.parse_assembly(f'target triple = "{llvm.get_process_triple()}"\n' + text)
    for part in parts:
        # Both parts hold the same functions; the second copy of each is dropped.
        for function in part.functions:
            if not function.is_declaration:
                function.linkage = "linkonce_odr"
        for variable in part.global_variables:
            if variable.linkage.name != "external" or not variable.is_declaration:
                variable.linkage = "linkonce_odr"
        whole.link_in(part)
    kept = {f"{name}_scores", f"{name}_labels"}
    for function in whole.functions:
        if not function.is_declaration and function.name not in kept:
            function.linkage = "internal"
    for variable in whole.global_variables:
        if not variable.is_declaration:
            variable.linkage = "internal"
    whole.verify()
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(whole, passes)
    left = sorted(
        f.name for f in whole.functions if f.is_declaration and not f.name.startswith(("llvm.", "mem"))
    )
    if left:
        raise CompileError(f"the library would need {', '.join(left)}; please report this program.")
    return bytes(machine.emit_object(whole))


def _linker() -> list[str]:
    """A command that makes a shared library out of an object."""
    for tool in ("cc", "gcc", "clang"):
        if shutil.which(tool):
            return [tool, "-shared"]
    try:
        import ziglang  # noqa: F401
    except ImportError:
        raise UnsupportedError(
            "no linker was found (cc, gcc or clang); install one, or `pip install qcompile[edge]` for zig."
        ) from None
    return [sys.executable, "-m", "ziglang", "cc", "-shared"]


def _link(code: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        # Fixed names, no build id, no symbols: the same program gives the same bytes.
        (Path(folder) / "model.o").write_bytes(code)
        command = [*_linker(), "-s", "-Wl,--build-id=none", "-o", "model.so", "model.o"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UnsupportedError(f"the linker refused the object: {done.stderr.strip()[:300]}")
        return (Path(folder) / "model.so").read_bytes()
