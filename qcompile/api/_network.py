"""A network to a file, or to something that runs: what the estimators do beyond fitting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qcompile.backends.compile import RUNS_HERE, compile_for
from qcompile.errors import UnsupportedError, did_you_mean
from qcompile.files import readable
from qcompile.ir.lower import lower
from qcompile.model.network import Network
from qcompile.run.runner import runner


def write_model(network: Network, path: Path, form: str = "packed", force: bool = False) -> Path:
    """Write a network as an ONNX model file; one that qcompile wrote is replaced as a whole.

    Args:
        network: any network.
        path: the file to write.
        form: form of the graph, a file name of backends/onnx/forms.
        force: replace any other file there too, and keep its content as NAME.bak.

    Raises:
        QCompileError: the form is unknown or cannot hold the network, or the file cannot be written.
    """
    from qcompile.api._export_model import write_files
    from qcompile.backends.onnx.build import build

    write_files(build(lower(network, readable(path.stem)), option=form), path, force)
    return path


def open_network(network: Network, target: str = "host") -> Any:
    """Compile a network for this machine and open it.

    Args:
        network: any network.
        target: "host" (compiled kernels) or "onnxruntime".

    Returns:
        a runner: ``scores(x)`` and ``predict(x)`` on raw rows.

    Raises:
        UnsupportedError: nothing here runs that target in this process.
    """
    runners = {name: backend for backend, name in RUNS_HERE}
    if target not in runners:
        raise UnsupportedError(
            f"{target!r} does not run in this process; allowed: {', '.join(runners)}."
            f"{did_you_mean(target, runners)} For other targets, export the model and compile it."
        )
    return runner(compile_for(lower(network, "model"), runners[target]), target)
