"""A bilinear network of signs as a quadratic one of trits: the same function, exactly.

    (u'x)(v'x) = (s'x)^2 - (t'x)^2        s = (u + v)/2,  t = (u - v)/2 in {-1, 0, 1}^d

The supports of s and t are disjoint and fill all d places, so the two squares together have as
many nonzero weights as one of the two factors: half of the additions, for a second bit per weight.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qcompile.errors import UnsupportedError
from qcompile.model.network import Network


def ternary_form(network: Network) -> Network:
    """The network with each bilinear neuron written as a difference of two ternary squares.

    Squares of zero vectors (u = v or u = -v) are left out, and squares that several neurons
    share are computed once; scores, scale, encoder and provenance are those of the given network.

    Args:
        network: form "bilinear", weights "binary".

    Raises:
        UnsupportedError: another form or grid.

    >>> from qcompile.model.encoder import Encoder
    >>> e = Encoder("threshold", 1, [1, 4], [0, 0], [0.5, 0.0], [1.0, 1.0], [0.0])
    >>> n = ternary_form(Network(e, [[1, 1]], [[1, -1]], [[3]], 1.0, task="regression"))
    >>> n.form, n.u.tolist(), n.alpha.ravel().tolist()
    ('polynomial', [[0, 1], [1, 0]], [-3, 3])
    """
    if network.form != "bilinear" or network.weights != "binary":
        raise UnsupportedError(
            f"the ternary form is of bilinear networks with binary weights; this one is {network.form} with "
            f"{network.weights} weights."
        )
    u, v = network.u.astype(np.int64), network.v.astype(np.int64)
    rows = np.vstack([(u + v) // 2, (u - v) // 2])
    alpha = np.vstack([network.alpha, -network.alpha])
    # A square does not know the sign of its vector: the first nonzero trit becomes +1.
    first = np.take_along_axis(rows, np.argmax(rows != 0, axis=1)[:, None], axis=1)
    rows *= np.where(first < 0, -1, 1)
    distinct, which = np.unique(rows, axis=0, return_inverse=True)
    summed = np.zeros((len(distinct), alpha.shape[1]), dtype=alpha.dtype)
    np.add.at(summed, which.ravel(), alpha)
    keep = np.asarray(distinct.any(axis=1) & summed.any(axis=1))
    squares = distinct[keep].astype(np.int8)
    return replace(
        network,
        u=squares,
        v=squares,
        alpha=summed[keep],
        form="polynomial",
        activation=(1, 0, 0),
        weights="ternary",
    )
