"""Machine code of a generated function, kept as an object file: later processes need no Numba.

Numba lowers ``NAME(source, count, to, e)``, four integers; llvmlite makes one object of it with two
entry points, and the object is all that a later process loads. Importing Numba and reading its cache
costs a process more than half a second; loading the object, a few milliseconds.

    qc_call     for Python: call(x, out) on two C-contiguous arrays, with Python's global lock
    qc_free     for ctypes: four integers, without the lock

``qc_call`` reads addresses and lengths from the array objects themselves, at the places that NumPy's
C interface fixes (PyArrayObject: data, nd, dimensions after the object's head), so a call costs
less than one through Numba's dispatcher; the caller has checked types and shapes.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.kernels.generate.arena import Arena
from qcompile.kernels.generate.cache import folder, replace
from qcompile.kernels.generate.source import Generated, load
from qcompile.kernels.simd.isa import code_target

Array = NDArray[Any]
DIGEST = 32  # bytes of sha256 at the end of a file
HEAD = object.__basicsize__  # of every Python object; an array's fields follow
FASTCALL = 0x0080

# The parameter table's address is the first element of the array that the method is bound to.
WRAPPER = """
declare i32 @{function}(ptr, ptr, i64, i64, i64, i64)
declare void @Py_IncRef(ptr)

define internal i64 @data(ptr %array) {{
  %place = getelementptr i8, ptr %array, i64 {data}
  %data = load i64, ptr %place
  ret i64 %data
}}

define ptr @qc_call(ptr %self, ptr %arguments, i64 %given) {{
  %x = load ptr, ptr %arguments
  %next = getelementptr ptr, ptr %arguments, i64 1
  %out = load ptr, ptr %next
  %source = call i64 @data(ptr %x)
  %to = call i64 @data(ptr %out)
  %shape = getelementptr i8, ptr %x, i64 {shape}
  %lengths = load ptr, ptr %shape
  %count = load i64, ptr %lengths
  %table = call i64 @data(ptr %self)
  %first = inttoptr i64 %table to ptr
  %e = load i64, ptr %first
  call void @qc_free(i64 %source, i64 %count, i64 %to, i64 %e)
  call void @Py_IncRef(ptr %out)
  ret ptr %out
}}

define void @qc_free(i64 %source, i64 %count, i64 %to, i64 %e) {{
  %result = alloca i64
  %error = alloca ptr
  %status = call i32 @{function}(ptr %result, ptr %error, i64 %source, i64 %count, i64 %to, i64 %e)
  ret void
}}
"""


class _Method(ctypes.Structure):
    """PyMethodDef of Python's C interface."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


@dataclass(frozen=True, eq=False)
class _Loaded:
    """An object in memory: its engine keeps the code, ``method`` describes it to Python."""

    engine: Any
    method: _Method
    free: Callable[[int, int, int, int], None]


@dataclass(frozen=True, eq=False)
class Native:
    """A function bound to a parameter table.

    Attributes:
        call: ``call(x, out)`` fills out; holds Python's global lock.
        loaded: the code.
        parameters: address of the table.
        arena: keeps the table and all that it points to alive, as long as this lives.
    """

    call: Callable[[Array, Array], Array]
    loaded: _Loaded
    parameters: int
    arena: Arena

    def free(self, x: Array, out: Array) -> None:
        """As ``call``, without Python's global lock: one thread at a time per table."""
        self.loaded.free(x.ctypes.data, len(x), out.ctypes.data, self.parameters)


def bind(generated: Generated, entry: str, parameters: int, arena: Arena) -> Native:
    """The function ``entry`` of a generated text, with a parameter table.

    Args:
        generated: with ``cached`` False.
        entry: name of a function of (source, count, to, e).
        parameters: address of the table that it is given as ``e``.
        arena: where the table lies.
    """
    loaded = _loaded(generated, entry)
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    call = new(ctypes.addressof(loaded.method), np.array([parameters], np.int64), None)
    return Native(call, loaded, parameters, arena)


@functools.cache
def _loaded(generated: Generated, entry: str) -> _Loaded:
    home = folder()
    if home is None:
        return _linked(_compile(generated, entry))
    path = home / f"{generated.name}_{_machine_key()}.o"
    code = _read(path)
    if code is None:
        code = _compile(generated, entry)
        replace(path, code + hashlib.sha256(code).digest())
    return _linked(code)


def _read(path: Path) -> bytes | None:
    """The machine code of a file, if it is there and whole."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    code, digest = content[:-DIGEST], content[-DIGEST:]
    return code if hashlib.sha256(code).digest() == digest else None


@functools.cache
def _machine_key() -> str:
    """Hash of what machine code depends on besides its text: processor, versions, this file."""
    import llvmlite

    found = importlib.util.find_spec("numba")
    place = Path(found.origin).with_name("_version.py") if found and found.origin else None
    numba = place.stat() if place and place.exists() else None
    versions = (llvmlite.__version__, np.__version__, numba and (numba.st_size, numba.st_mtime_ns))
    parts = (code_target(), versions, HEAD)
    text = repr(parts).encode() + Path(__file__).read_bytes()
    return hashlib.sha256(text).hexdigest()[:12]


def _machine() -> Any:
    """Llvmlite's target machine for code of this process, as Numba sets it up."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = code_target()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=cpu, features=features, opt=3, reloc="default", codemodel="jitdefault", jit=True
    )


def _compile(generated: Generated, entry: str) -> bytes:
    """The object: Numba's optimised code of the function, and the two entry points."""
    import llvmlite.binding as llvm
    from numba.core import types

    probe = np.zeros((3, 2))
    fields = [ctypes.c_int64.from_address(id(probe) + HEAD + at).value for at in (0, 16)]
    assert fields[0] == probe.ctypes.data and ctypes.c_int64.from_address(fields[1]).value == 3
    dispatcher = getattr(load(generated), entry)
    dispatcher.compile((types.int64,) * 4)
    compiled = dispatcher.overloads[dispatcher.signatures[0]]
    text = WRAPPER.format(function=f'"{compiled.fndesc.llvm_func_name}"', data=HEAD, shape=HEAD + 16)
    whole = llvm.parse_assembly(f'target triple = "{llvm.get_process_triple()}"\n{text}')
    whole.link_in(llvm.parse_assembly(compiled.library.get_llvm_str()))
    for function in whole.functions:
        if not function.is_declaration and function.name not in ("qc_call", "qc_free"):
            function.linkage = "internal"
    for variable in whole.global_variables:
        if not variable.is_declaration:
            variable.linkage = "internal"
    machine = _machine()
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(whole, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    whole.verify()
    left = {f.name for f in whole.functions if f.is_declaration and not f.name.startswith(("llvm.", "mem"))}
    assert left == {"Py_IncRef"}, left
    return bytes(machine.emit_object(whole))


def _linked(code: bytes) -> _Loaded:
    """Load an object into this process."""
    import llvmlite.binding as llvm

    increment = ctypes.cast(ctypes.pythonapi.Py_IncRef, ctypes.c_void_p).value
    llvm.add_symbol("Py_IncRef", increment)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    method = _Method(b"kernel", engine.get_function_address("qc_call"), FASTCALL, None)
    function = ctypes.CFUNCTYPE(None, *(ctypes.c_int64,) * 4)(engine.get_function_address("qc_free"))
    return _Loaded(engine, method, function)
