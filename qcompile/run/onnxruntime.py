"""Run an exported model in ONNX Runtime.

One thread and sequential execution unless asked otherwise: latency of one request, nothing else.

NOTE Why the fused kernel is not offered as a custom operator of ONNX Runtime. It can be had from packages
alone in two ways, and both were measured: a Python operator through onnxruntime-extensions adds about 50 us
to every call, and a C library needs a compiler at install time and onnxruntime_c_api.h, which the wheel does
not ship (398 kB to vendor, tied to an API version). A session of one trivial node takes 3.6 us per call,
more than a whole small network on the host runner, so the operator could only be slower than ``run.host``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qcompile.backends.artifact import Artifact
from qcompile.errors import ModelError, UnsupportedError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["OnnxRunner", "open_artifact", "open_session"]


@dataclass(frozen=True, eq=False)
class OnnxRunner:
    """A session and the outputs it has.

    Attributes:
        session: of ONNX Runtime.
        outputs: names in the file's order.
        decision: the output that ``predict`` returns: "class_index" or "values".
        name: for reports.
    """

    session: InferenceSession
    outputs: tuple[str, ...]
    decision: str
    name: str = "onnxruntime"

    def run(self, x: NDArray[Any], outputs: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """The named outputs (all by default) of raw rows."""
        wanted = list(outputs or self.outputs)
        feed = self.session.get_inputs()[0]
        rows = np.ascontiguousarray(x, dtype=DTYPES.get(feed.type, np.float32))
        return dict(zip(wanted, self.session.run(wanted, {feed.name: rows}), strict=True))

    def scores(self, x: NDArray[Any]) -> NDArray[np.int64]:
        """(n, C) exact integer scores."""
        return self.run(x, ["scores"])["scores"].astype(np.int64)

    def predict(self, x: NDArray[Any]) -> NDArray[Any]:
        """(n,) class index in classification; values in regression: (n,), or (n, C) for more columns."""
        found = self.run(x, [self.decision])[self.decision]
        return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found


DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}


def open_artifact(artifact: Artifact, threads: int = 1, providers: Sequence[str] | None = None) -> OnnxRunner:
    """A runner for an artifact of kind "onnx".

    Args:
        artifact: from ``backends.onnx_graph``.
        threads: within an operator.
        providers: execution providers in order of preference; the CPU by default.

    Raises:
        UnsupportedError: another kind of artifact, or a provider that is not installed.
        ModelError: ONNX Runtime does not load the file.
    """
    if artifact.kind != "onnx":
        raise UnsupportedError(f"ONNX Runtime runs artifacts of kind 'onnx', not {artifact.kind!r}.")
    session = open_session(artifact.files[artifact.entry], threads, providers)
    outputs = tuple(output.name for output in session.get_outputs())
    decision = next((name for name in ("class_index", "values") if name in outputs), outputs[0])
    return OnnxRunner(session, outputs, decision)


def open_session(
    model: bytes | str | Path,
    threads: int = 1,
    providers: Sequence[str] | None = None,
    profile: str | None = None,
) -> InferenceSession:
    """A session on a model file or its bytes.

    Args:
        model: path, or the content.
        threads: within an operator; operators run one after another.
        providers: execution providers in order of preference; the CPU by default.
        profile: prefix of the trace file that ONNX Runtime writes, if one is wanted.

    Raises:
        UnsupportedError: a provider that is not installed.
        ModelError: ONNX Runtime does not load the model.
    """
    import onnxruntime

    chosen = list(providers or ["CPUExecutionProvider"])
    installed = onnxruntime.get_available_providers()
    for provider in chosen:
        if provider not in installed:
            raise UnsupportedError(f"{provider} is not installed here; available: {', '.join(installed)}.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = profile
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(source, options, providers=chosen)
    except Exception as error:  # ONNX Runtime raises a dozen unrelated types
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"ONNX Runtime {onnxruntime.__version__} does not load the model: {reason}"
        ) from error
