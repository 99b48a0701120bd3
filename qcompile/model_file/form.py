"""onnx_form: what a user of an exported ONNX file must know before opening it, read off the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qcompile.model_file.keys import FORM

if TYPE_CHECKING:
    import onnx

__all__ = ["form_sentence", "onnx_form"]


def onnx_form(model: onnx.ModelProto) -> dict[str, Any]:
    """Form, versions, the type of the scores, and the names of the outputs.

    Args:
        model: a model message, ours or not; what it does not have is None.
    """
    from onnx import TensorProto

    entries = {entry.key: entry.value for entry in model.metadata_props}
    scores = next((o for o in model.graph.output if o.name == "scores"), None)
    kind = None if scores is None else TensorProto.DataType.Name(scores.type.tensor_type.elem_type)
    return {
        "form": entries.get(FORM),
        "opset": next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), None),
        "ir": model.ir_version,
        "domains": sorted({o.domain for o in model.opset_import} - {"", "ai.onnx"}),
        "tail": kind.lower() if kind else None,
        "outputs": [o.name for o in model.graph.output],
    }


def form_sentence(facts: dict[str, Any]) -> str:
    """The same in words.

    >>> form_sentence({"form": "packed", "opset": 13, "ir": 7, "domains": [], "tail": "int32",
    ...                "outputs": ["label", "scores"]})
    'packed form, opset 13, IR 7, scores in int32; outputs label, scores'
    """
    parts = [f"{facts['form']} form"] if facts["form"] else []
    parts += [f"opset {facts['opset']}", f"IR {facts['ir']}"]
    parts += [f"operators of {', '.join(facts['domains'])}"] if facts["domains"] else []
    parts += [f"scores in {facts['tail']}"] if facts["tail"] else []
    shown = [name if name.isprintable() else repr(name) for name in facts["outputs"][:8]]
    return f"{', '.join(parts)}; outputs {', '.join(shown)}"
