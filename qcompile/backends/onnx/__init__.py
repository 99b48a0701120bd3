"""A program as one self-contained ONNX file, exact in every runtime."""
