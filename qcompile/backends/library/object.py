"""A fused kernel as machine code with its weights inside, and the system's linker that makes it a library.

Numba lowers the generated kernel to LLVM; the weights and the workspace become one block of data
whose addresses are fixed up at the first call; llvmlite makes the object.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qcompile.errors import CompileError, UnsupportedError

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


def machine_code(fused: Any, name: str, cpu: str, hidden: bool = False) -> bytes:
    """Machine code of the two entry points and everything they reach.

    Args:
        fused: from ``kernels.fused.loop.build``.
        name: prefix of the entry points.
        cpu: LLVM's name of the processor.
        hidden: whether only the library itself may call them: a second library in the process that has
            entry points of the same name must not get these.
    """
    import llvmlite.binding as llvm
    from numba.core import types

    from qcompile.kernels.generate.source import load

    module = load(fused.generated)
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
        elif hidden and function.name in kept:
            function.visibility = "hidden"
    for variable in whole.global_variables:
        if not variable.is_declaration:
            variable.linkage = "internal"
    _rename(whole, kept)
    whole.verify()
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    passes.getModulePassManager().run(whole, passes)
    left = sorted(
        f.name for f in whole.functions if f.is_declaration and not f.name.startswith(("llvm.", "mem"))
    )
    if left:
        raise CompileError(f"the library would need {', '.join(left)}; please report this program.")
    return bytes(machine.emit_object(whole))


def _rename(module: Any, kept: set[str]) -> None:
    """Number what is internal: Numba's names count the compilations of the process, and names order code."""
    for letter, values in (("f", module.functions), ("g", module.global_variables)):
        defined = [v for v in values if not v.is_declaration and v.name not in kept]
        for k, value in enumerate(defined):
            value.name = f"qc_{letter}{k}"


def linker() -> list[str]:
    """A command that makes a shared library out of an object.

    Raises:
        UnsupportedError: there is none.
    """
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


def link(files: Mapping[str, bytes]) -> bytes:
    """A shared library of objects (NAME.o) and C sources (NAME.c, with the headers they include).

    Fixed names, no build id, no symbols: the same files give the same bytes with the same linker.

    Raises:
        UnsupportedError: there is no linker, or it refuses the files.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        parts = [name for name in files if name.endswith((".o", ".c"))]
        flags = ["-s", "-Wl,--build-id=none", "-o", "model.so"]
        if any(name.endswith(".c") for name in parts):
            flags = ["-std=c99", "-O2", "-g0", "-fPIC", "-fvisibility=hidden", *flags]
        command = [*linker(), *flags, *parts]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UnsupportedError(f"the linker refused the object: {done.stderr.strip()[:300]}")
        return (Path(folder) / "model.so").read_bytes()
