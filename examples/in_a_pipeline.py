"""The classifier inside scikit-learn: cross-validation beside a float model, then a fast callable."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from qcompile import QuantizedPolynomialClassifier


def main() -> None:
    """Compare, fit, compile."""
    x, y = load_wine(return_X_y=True)
    model = QuantizedPolynomialClassifier(encoder="uniform", bits=4, beta=0.01, neurons=32, n_jobs=1)
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    ours, theirs = (cross_val_score(m, x, y, cv=5).mean() for m in (model, linear))
    print(f"five folds: within 3 points of logistic regression: {bool(ours >= theirs - 0.03)}")

    model.fit(x, y)
    print(f"binary weights only: {sorted(np.unique(model.network_.u).tolist())}")
    print(f"neurons: at most {3 * 32}: {model.network_.neurons <= 96}")
    print(f"certified: bound <= objective: {model.certificate_.bound <= model.certificate_.objective}")
    fast = model.compile("host")
    print(f"the compiled callable gives the same answers: {bool((fast(x) == model.predict(x)).all())}")


if __name__ == "__main__":
    main()
