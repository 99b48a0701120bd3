"""Names of the files in a folder that a command wrote."""

from __future__ import annotations

MODEL, TEXT = "model.onnx", ".qir"
PROGRAM = f"program{TEXT}"
CERTIFICATE, PAGE, NUMBERS = "certificate.npz", "report.html", "report.json"
DESCRIPTION = "artifact.json"  # of the files that `compile` wrote
