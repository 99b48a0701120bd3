"""Every command as a function that returns a frozen record.

Each name is imported when it is first used, so that opening a model does not import a solver.
The files are private because each has the name of its one function.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qcompile.api._build import build
    from qcompile.api._calibrate import calibrate
    from qcompile.api._check import check
    from qcompile.api._compare import compare
    from qcompile.api._compile import compile_model
    from qcompile.api._cost import cost
    from qcompile.api._describe import info, target, targets
    from qcompile.api._export_model import export_model
    from qcompile.api._import_model import import_model
    from qcompile.api._network import open_network, write_model
    from qcompile.api._predict import predict
    from qcompile.api._profile import profile
    from qcompile.api._train import train
    from qcompile.api._verify import verify

__all__ = [
    "build",
    "calibrate",
    "check",
    "compare",
    "compile_model",
    "cost",
    "export_model",
    "import_model",
    "info",
    "open_network",
    "predict",
    "profile",
    "target",
    "targets",
    "train",
    "verify",
    "write_model",
]

HOME = {
    **{name: name for name in __all__},
    **dict.fromkeys(("info", "target", "targets"), "describe"),
    **dict.fromkeys(("open_network", "write_model"), "network"),
    "compile_model": "compile",
}


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name not in HOME:
        raise AttributeError(f"module 'qcompile.api' has no attribute {name!r}")
    return getattr(import_module(f"qcompile.api._{HOME[name]}"), name)
