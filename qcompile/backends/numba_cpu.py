"""The host back-end: the program's text, run by Numba kernels.

    program.qir      the text form; weights as packed hex
    manifest.json    format, digest of the program, the kernel asked for

Nothing is compiled here. ``run.host`` opens the artifact, picks the fastest kernel that serves the
program on the CPU it finds (kernels/contract.py) and packs the weights into that kernel's layout;
so one artifact serves every machine, and the same program gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from qcompile.backends.artifact import Artifact
from qcompile.errors import ModelError
from qcompile.ir.operation import Op
from qcompile.ir.ops import Concat, Conv, Gather, MaxPool, Requantize, Reshape, Table
from qcompile.ir.program import Program
from qcompile.ir.text import dump, parse
from qcompile.ir.verify import verify
from qcompile.passes.pipeline import EVERYWHERE

FORMAT = "qcompile-numba 1"
ENTRY, MANIFEST = "program.qir", "manifest.json"
QUANTIZERS: tuple[type[Op], ...] = (Requantize, Table)
IMAGES: tuple[type[Op], ...] = (*QUANTIZERS, Conv, MaxPool, Concat, Gather, Reshape)


def runs(program: Program) -> tuple[type[Op], ...]:
    r"""Operations that the passes may leave to this back-end.

    The machine knows all of them. A program on vectors is written in those that network kernels know,
    but keeps quantizers that it has: a comparison per step would be slower.

    >>> from qcompile.ir.text import parse
    >>> Conv in runs(parse("qcompile-ir 1\n%x : u4[2x2x1] = input\noutput scores = %x"))
    True
    """
    if not all(op.type.is_vector for op in program.ops):
        return (*EVERYWHERE, *IMAGES)
    return (*EVERYWHERE, *QUANTIZERS) if any(isinstance(op, QUANTIZERS) for op in program.ops) else EVERYWHERE


def build(program: Program, target: Any = None, kernel: str = "auto") -> Artifact:
    """The artifact of a program, deterministic to the byte.

    Args:
        program: any well-formed program, usually after ``passes.optimise``.
        target: unused; kernels are chosen where the artifact is opened.
        kernel: name of a network kernel, "plain" for the machine, or "auto".

    Raises:
        CompileError: the program is malformed.
    """
    verify(program)
    text = dump(program).encode("ascii")
    manifest = {
        "format": FORMAT,
        "entry": ENTRY,
        "kernel": kernel,
        "sha256": hashlib.sha256(text).hexdigest(),
    }
    files = {ENTRY: text, MANIFEST: (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()}
    return Artifact("numba", files, ENTRY, program, {"backend": "numba_cpu", **manifest})


def program_of(artifact: Artifact) -> tuple[Program, str]:
    """The program of an artifact, read from its files, and the kernel asked for.

    Raises:
        ModelError: a file is missing or was changed.
    """
    missing = {ENTRY, MANIFEST} - artifact.files.keys()
    if missing:
        raise ModelError(f"the artifact has no {sorted(missing)[0]}; build it again.")
    try:
        manifest = json.loads(artifact.files[MANIFEST])
        wanted = (manifest["format"], manifest["sha256"])
        kernel = str(manifest["kernel"])
    except (ValueError, KeyError, TypeError) as problem:
        raise ModelError(f"{MANIFEST} of the artifact is damaged ({problem}); build it again.") from None
    text = artifact.files[ENTRY]
    if wanted != (FORMAT, hashlib.sha256(text).hexdigest()):
        raise ModelError(f"{ENTRY} is not the file that {MANIFEST} describes; build the artifact again.")
    return parse(text.decode("ascii")), kernel
