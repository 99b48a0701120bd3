"""What a certificate holds: everything needed to check its bound again from the data alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.arrays import frozen


@dataclass(frozen=True, eq=False)
class Certificate:
    """A lower bound on the objective of every network of a family, of any width.

    Attributes:
        bound: the claim, in units of the training objective.
        kind: the proof's name in solve/proofs.
        dual: (n,) float64 dual vector l, one entry per sample of the problem.
        arrays: what the proof needs; for "sdp" the ``multiplier``.
        margin: how much of the bound was given up to cover rounding errors.
        digest: sha256 of the problem.
    """

    bound: float
    kind: str
    dual: NDArray[np.float64]
    arrays: Mapping[str, NDArray[Any]]
    margin: float
    digest: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "bound", float(self.bound))
        object.__setattr__(self, "margin", float(self.margin))
        object.__setattr__(self, "dual", frozen(self.dual, np.float64, 1, "dual"))
        kept = {name: frozen(a, np.asarray(a).dtype, np.ndim(a), name) for name, a in self.arrays.items()}
        object.__setattr__(self, "arrays", MappingProxyType(kept))

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only view of a dict cannot be pickled (scikit-learn's clones and joblib do); the dict can.
        parts = (self.bound, self.kind, self.dual, dict(self.arrays), self.margin, self.digest)
        return Certificate, parts

    @property
    def multiplier(self) -> NDArray[np.float64] | None:
        """(1, D) or (2, D) diagonal(s) L of the SDP proof, None for proofs without one."""
        return self.arrays.get("multiplier")

    def gap(self, objective: float) -> float:
        """Certified gap (objective - bound) / |objective| of a network with this objective.

        An objective of 0 is optimal: no loss is negative, and its bound lacks only what covers underflow.
        """
        return (objective - self.bound) / abs(objective) if objective else 0.0
