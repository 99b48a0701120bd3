"""Check a certificate with nothing but numpy: 12 lines of linear algebra, no solver, no trust.

The claim: no network f(x) = sum_j alpha_j (u_j'x)(v_j'x) with weights -1 and +1, of ANY width, has a
training objective below the bound. The certificate is a vector l (one number per row) and a diagonal
L. Weak duality needs -L <= G <= L for G = sum_i w_i l_i x_i x_i', and tr L <= beta d; then minus the
mean of the loss's conjugate at l is a lower bound.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from qcompile import Choices
from qcompile.api import build
from qcompile.certificate.make import load


def main() -> None:
    """Build, then check by hand."""
    with tempfile.TemporaryDirectory() as place:
        choices = Choices(encoder="uniform", bits=4, beta=0.03, loss="squared", prove="fast", jobs=1)
        built = build("sklearn:breast_cancer", Path(place) / "build", choices=choices)
        (certificate,) = load(built.folder / "certificate.npz")
    (problem,) = built.trained.problems

    x, w, l = problem.x, problem.weight, certificate.dual
    multiplier = np.diag(np.ravel(certificate.arrays["multiplier"]))
    gradient = (x.T * (w * l)) @ x
    slack = min(np.linalg.eigvalsh(multiplier + s * gradient).min() for s in (-1, 1))
    trace = np.trace(multiplier)
    conjugate = l**2 / 2 + l * problem.y  # of the squared loss (f - y)^2 / 2
    bound = -(w @ conjugate)

    print(f"rows {problem.n}, inputs {problem.d}, beta d = {problem.penalty:.4f}")
    print(f"-L <= G <= L:   {slack > -1e-9}")
    print(f"tr L <= beta d: {trace <= problem.penalty}")
    print(f"bound by hand equals the certificate's to six digits: {abs(bound - certificate.bound) < 1e-6}")
    print(f"the network is above the bound: {built.trained.objectives[0] >= bound}")


if __name__ == "__main__":
    main()
