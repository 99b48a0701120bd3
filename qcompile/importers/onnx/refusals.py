"""Kinds of models that stay refused, each with a sentence of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import onnx
from onnx import TensorProto

from qcompile.errors import ModelError, UnsupportedError
from qcompile.model_file.container import tensor_array

DYNAMIC = (
    "it quantizes activations by the range of each row (dynamic quantization), and a program has fixed "
    "scales; quantize with calibration data instead, for example with onnxruntime's quantize_static"
)
BLOCKS = "its weights have a scale per block; use one per tensor or per output channel"
RECURRENT = "it is recurrent; only feed-forward networks are supported"
ATTENTION = "it belongs to attention, whose products of activations no program has"
KINDS: Mapping[str, str] = {
    **dict.fromkeys(
        ("DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", "MatMulIntegerToFloat"), DYNAMIC
    ),
    **dict.fromkeys(("DynamicQuantizeMatMul", "DynamicQuantizeLSTM"), DYNAMIC),
    **dict.fromkeys(("MatMulNBits", "MatMulBnb4", "GatherBlockQuantized", "MatMulFpQ4"), BLOCKS),
    **dict.fromkeys(("LSTM", "GRU", "RNN", "Scan"), RECURRENT),
    **dict.fromkeys(("Attention", "MultiHeadAttention", "GroupQueryAttention", "QAttention"), ATTENTION),
    **dict.fromkeys(("LayerNormalization", "SkipLayerNormalization", "EmbedLayerNormalization"), ATTENTION),
}
MICROSOFT = ("QuantizeLinear", "DequantizeLinear", "Gelu", "FastGelu", "QuickGelu", "QGemm")
QUANTIZERS = (
    *("QuantizeLinear", "DequantizeLinear", "Quant", "IntQuant", "BipolarQuant", "Trunc", "MultiThreshold"),
    *("Sign", "DynamicQuantizeLinear", "MatMulNBits", "QGemm", "QLinearMatMul", "QLinearConv"),
)


def refuse_kind(node: onnx.NodeProto, where: str, domains: Collection[str], depends: bool) -> None:
    """Raise for a kind that is known and not supported, and for other domains.

    Raises:
        UnsupportedError: it is one.
    """
    if depends and node.op_type in KINDS:
        raise UnsupportedError(f"{where} cannot be translated: {KINDS[node.op_type]}.")
    if node.domain in domains:
        return
    ours = node.op_type in MICROSOFT or node.op_type.startswith("QLinear")
    if node.domain == "com.microsoft" and ours:
        return
    raise UnsupportedError(
        f"{where} is of the domain {node.domain!r}; known are the standard operators and those of "
        "QONNX, Brevitas, FINN (before streamlining into hardware layers) and ONNX Runtime's quantizer."
    )


def not_quantized(graph: onnx.GraphProto, where: str) -> str:
    """What to tell of a model without any quantizer and with real weights; else ""."""
    if any(node.op_type in QUANTIZERS or node.op_type in KINDS for node in graph.node):
        return ""
    learned = any(node.domain == "ai.onnx.ml" for node in graph.node)
    if not learned and not any(_is_real(tensor) for tensor in graph.initializer):
        return ""
    return (
        f"{where} cannot be translated: this model is not quantized; quantize it first, for example with "
        "onnxruntime.quantization.quantize_static, or train it with Brevitas."
    )


def _is_real(tensor: onnx.TensorProto) -> bool:
    if len(tensor.dims) < 2 or tensor.data_type not in (TensorProto.FLOAT, TensorProto.DOUBLE):
        return False
    try:
        array = tensor_array(tensor)
    except ModelError:
        return False
    return bool((array != np.round(array)).any())
