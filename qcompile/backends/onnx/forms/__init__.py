"""The forms of an exported ONNX graph: one file per purpose, ``--onnx NAME``."""
