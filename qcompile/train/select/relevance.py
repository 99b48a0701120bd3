"""Which encoded inputs matter, so that a network need not read those that do not.

A binary weight gives every input of a neuron the same size, and the penalty of training, the
atomic norm over sign vectors, bounds the largest entry of Z in f(x) = x'Zx: a matrix that is
dense with small noise costs no more than one entry. Inputs that say nothing are therefore not
weighted down by training; leaving them out is what helps (horse colic 0.81 to 0.85, ionosphere
0.90 to 0.92 in cross-validation inside training rows), and it deploys smaller.

The influence of input k is the norm of row k of Z in kernel ridge regression with the kernel
(x'x / d)^2, whose solution is Z = sum_i a_i x_i x_i': the same functions under the Frobenius
norm, which does weight inputs down.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qcompile.data.dataset import targets
from qcompile.data.table import Table
from qcompile.model.encoder import ColumnKind, Encoder, encode, levels
from qcompile.train.one_thread import one_blas_thread

ROWS = 1500  # more rows cost cubic time and do not change which inputs matter
FEWEST = 2  # inputs beside the constant that are always kept


def most_relevant(encoder: Encoder, table: Table, share: float) -> Encoder:
    """The encoder with its most influential columns only; the constants stay.

    Args:
        encoder: fitted on these rows.
        table: the training rows.
        share: of the columns to keep, above 0; 1 keeps all.

    Returns:
        an encoder of ceil(share * columns) columns, two at least, in their order, and the constants.
    """
    fixed = encoder.kind == ColumnKind.CONSTANT
    count = max(FEWEST, int(np.ceil(share * np.sum(~fixed))))
    if count >= np.sum(~fixed):
        return encoder
    n = len(table)
    rows = np.arange(n) if n <= ROWS else np.linspace(0, n - 1, ROWS).astype(int)
    z = levels(encode(encoder, table.x[rows]), encoder.bits) / encoder.top
    size = np.where(fixed, np.inf, influence(z, targets(table)[rows]))
    kept = np.sort(np.argsort(-size, kind="stable")[: count + int(fixed.sum())])
    parts = {name: getattr(encoder, name)[kept] for name in ("kind", "feature", "shift", "gain")}
    return replace(encoder, **parts)


@one_blas_thread()
def influence(z: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Norms of the rows of Z, relative to the largest, over all targets.

    Args:
        z: (n, d) encoded rows in [-1, 1].
        wanted: (n, k) targets.

    Returns:
        (d,) in [0, 1], to nine digits, so that no choice hangs on how a sum was rounded.

    >>> x = np.array([[1, 1, 1], [1, -1, 1], [-1, 1, 1], [-1, -1, 1.0]])
    >>> influence(x, x[:, :1]).tolist()
    [1.0, 0.0, 1.0]
    """
    kernel = (z @ z.T / z.shape[1]) ** 2
    # A ridge as large as the kernel's mean eigenvalue: no scale of the inputs to be tuned for.
    ridge = max(float(np.trace(kernel)) / len(kernel), 1e-300)
    duals = np.linalg.solve(kernel + ridge * np.eye(len(kernel)), wanted - wanted.mean(axis=0))
    squares = sum((((z.T * a) @ z) ** 2).sum(axis=1) for a in duals.T)
    size = np.sqrt(squares)
    return np.asarray(np.round(size / max(float(size.max()), 1e-300), 9))
