"""Run an exported model in ONNX Runtime.

One thread and sequential execution unless asked otherwise: latency of one request, nothing else.

An artifact of the custom form brings the library of its operator; no library is ever looked for beside a
file that somebody gave us.
"""

from __future__ import annotations

import math
import tempfile
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
        """The named outputs (all by default) of raw rows.

        Raises:
            ModelError: a node of the graph fails on them.
        """
        wanted = list(outputs or self.outputs)
        feed = self.session.get_inputs()[0]
        rows = np.ascontiguousarray(x, dtype=DTYPES.get(feed.type, np.float32))
        shape = feed.shape[1:]
        if all(isinstance(size, int) for size in shape) and math.prod(shape) == math.prod(rows.shape[1:]):
            rows = rows.reshape(len(rows), *shape)  # of images (N, H, W, C)
        try:
            found = self.session.run(wanted, {feed.name: rows})
        except Exception as error:  # each of its failures has a type of its own, of no common base
            if not type(error).__module__.startswith("onnxruntime"):
                raise
            raise ModelError(
                f"ONNX Runtime cannot run the model ({_one_line(error)}); it is damaged."
            ) from error
        return dict(zip(wanted, found, strict=True))

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
    with tempfile.TemporaryDirectory() as folder:  # a library that is loaded needs its file no more
        libraries = []
        for name in artifact.files.keys() - {artifact.entry}:
            libraries.append(Path(folder) / name)
            libraries[-1].write_bytes(artifact.files[name])
        session = open_session(artifact.files[artifact.entry], threads, providers, libraries=libraries)
    outputs = tuple(output.name for output in session.get_outputs())
    decision = next((name for name in ("class_index", "values") if name in outputs), outputs[0])
    return OnnxRunner(session, outputs, decision)


def open_session(
    model: bytes | str | Path,
    threads: int = 1,
    providers: Sequence[str] | None = None,
    profile: str | None = None,
    libraries: Sequence[str | Path] = (),
) -> InferenceSession:
    """A session on a model file or its bytes.

    Args:
        model: path, or the content.
        threads: within an operator; operators run one after another.
        providers: execution providers in order of preference; the CPU by default.
        profile: prefix of the trace file that ONNX Runtime writes, if one is wanted.
        libraries: of custom operators. Loading one runs its code.

    Raises:
        UnsupportedError: a provider that is not installed, or a library that does not load.
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
    for library in libraries:
        if not Path(library).is_file():
            raise UnsupportedError(f"{library} is not a file; give a library of custom operators.")
        try:
            options.register_custom_ops_library(str(Path(library).absolute()))
        except Exception as error:  # as below
            raise UnsupportedError(f"{library} is not loaded: {_one_line(error)}") from error
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(source, options, providers=chosen)
    except Exception as error:  # ONNX Runtime raises a dozen unrelated types
        reason = _one_line(error)
        hint = " Give the library of that operator." if "is not a registered function/op" in reason else ""
        raise ModelError(
            f"ONNX Runtime {onnxruntime.__version__} does not load the model: {reason}{hint}"
        ) from error


def _one_line(error: Exception) -> str:
    """What ONNX Runtime says, short and printable: it quotes names from the file."""
    plain = "".join(c if c.isprintable() else " " for c in str(error))
    return " ".join(plain.split())[:300]
