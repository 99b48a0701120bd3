"""Start-up under QEMU: rows from standard input, scores and labels to standard output.

    _start           puts the stack on an array of our own ; nothing before it is needed
    qc_start_main    read a row, paint the stack, call the model, measure the stack, write the scores

At the end the deepest stack use of the last row goes to standard error, four bytes, little endian.
"""

from __future__ import annotations

from qcompile.backends.artifact import Artifact
from qcompile.backends.c99.render import render
from qcompile.run.native_c import driver_words


def start_text(artifact: Artifact) -> str:
    """C text of the start-up for one model."""
    assert artifact.program is not None
    labels = "label" in artifact.program.outputs
    return render("qemu_start.c", labels=labels, **driver_words(artifact))
