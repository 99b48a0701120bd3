"""Fused kernels as machine code: a shared library, an operator of ONNX Runtime."""
