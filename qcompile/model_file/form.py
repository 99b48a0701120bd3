"""onnx_form: what a user of an exported ONNX file must know before opening it, read off the file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qcompile.model_file.keys import FORM

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class FormFacts:
    """What an ONNX file asks of a runtime.

    Attributes:
        form: of the graph, where it is one of ours.
        opset: of ONNX's own operators.
        ir: version of the file format.
        domains: of other operators, sorted.
        tail: type of the scores.
        outputs: their names.
    """

    form: str | None
    opset: int | None
    ir: int
    domains: tuple[str, ...]
    tail: str | None
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class FilePart:
    """A file that was written, as reports state it; ``onnx`` where it is a model."""

    bytes: int
    sha256: str
    onnx: FormFacts | None = None


def file_part(content: bytes, onnx: FormFacts | None = None) -> FilePart:
    """Size and digest of a file.

    >>> file_part(b"").bytes
    0
    """
    return FilePart(len(content), hashlib.sha256(content).hexdigest(), onnx)


def onnx_form(model: onnx.ModelProto) -> FormFacts:
    """Form, versions, the type of the scores, and the names of the outputs.

    Args:
        model: a model message, ours or not; what it does not have is None.
    """
    from onnx import TensorProto

    entries = {entry.key: entry.value for entry in model.metadata_props}
    scores = next((o for o in model.graph.output if o.name == "scores"), None)
    kind = None if scores is None else TensorProto.DataType.Name(scores.type.tensor_type.elem_type)
    return FormFacts(
        form=entries.get(FORM),
        opset=next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), None),
        ir=model.ir_version,
        domains=tuple(sorted({o.domain for o in model.opset_import} - {"", "ai.onnx"})),
        tail=kind.lower() if kind else None,
        outputs=tuple(o.name for o in model.graph.output),
    )


def form_sentence(facts: FormFacts) -> str:
    """The same in words.

    >>> form_sentence(FormFacts("packed", 13, 7, (), "int32", ("label", "scores")))
    'packed form, opset 13, IR 7, scores in int32; outputs label, scores'
    """
    parts = [f"{facts.form} form"] if facts.form else []
    parts += [f"opset {facts.opset}", f"IR {facts.ir}"]
    parts += [f"operators of {', '.join(facts.domains)}"] if facts.domains else []
    parts += [f"scores in {facts.tail}"] if facts.tail else []
    shown = [name if name.isprintable() else repr(name) for name in facts.outputs[:8]]
    return f"{', '.join(parts)}; outputs {', '.join(shown)}"
