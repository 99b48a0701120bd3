"""What ordinary float models reach on the same rows: the yardstick beside every accuracy we print."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.schema import Column

__all__ = ["baselines", "float_pipeline"]


def float_pipeline(model: Any, columns: tuple[Column, ...]) -> Any:
    """A scikit-learn pipeline: median or one-hot columns, standardised, then ``model``.

    Args:
        model: any scikit-learn estimator.
        columns: the raw columns; categorical ones hold category indices.

    Returns:
        an unfitted ``Pipeline`` over float32 matrices.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    categorical = [i for i, c in enumerate(columns) if c.kind == "categorical"]
    numeric = [i for i, c in enumerate(columns) if c.kind != "categorical"]
    prepare = ColumnTransformer(
        [
            (
                "numeric",
                make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()),
                numeric,
            ),
            (
                "categorical",
                make_pipeline(
                    SimpleImputer(strategy="most_frequent", keep_empty_features=True),
                    OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                ),
                categorical,
            ),
        ]
    )
    return make_pipeline(prepare, model)


def baselines(
    x: NDArray[np.float32],
    y: NDArray[Any],
    columns: tuple[Column, ...],
    task: str,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    seed: int = 0,
) -> dict[str, float]:
    """Test accuracy (or R2) of a linear model and of gradient boosting on one split.

    Args:
        x: (n, features) raw float32 rows, NaN where missing.
        y: (n,) class indices or targets.
        columns: what the features are.
        task: "classification" or "regression".
        train: row indices to fit on.
        test: row indices to score.
        seed: of gradient boosting.

    Returns:
        name of the model -> accuracy in [0, 1], or R2.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from threadpoolctl import threadpool_limits

    if task == "classification":
        models: dict[str, Any] = {
            "logistic regression": LogisticRegression(max_iter=2000),
            "gradient boosting": HistGradientBoostingClassifier(random_state=seed),
        }
    else:
        models = {
            "ridge regression": Ridge(),
            "gradient boosting": HistGradientBoostingRegressor(random_state=seed),
        }
    scores = {}
    with threadpool_limits(1):  # boosting's threads wait for one another longer than small tables take
        for name, model in models.items():
            pipeline = float_pipeline(model, columns).fit(x[train], y[train])
            scores[name] = float(pipeline.score(x[test], y[test]))
    return scores
