"""Back-ends and runners by the names that people use."""

from __future__ import annotations

BACKENDS = {
    "host": "numba kernels",
    "numba_cpu": "numba kernels",
    "onnxruntime": "ONNX Runtime",
    "onnx_graph": "ONNX Runtime",
    "reference": "ONNX reference evaluator",
    "onnx float32": "float32 ONNX",
}


def backend_name(name: str) -> str:
    """A back-end or runner as a person would call it.

    >>> backend_name("host"), backend_name("c99")
    ('numba kernels', 'c99')
    """
    return BACKENDS.get(name, name)
