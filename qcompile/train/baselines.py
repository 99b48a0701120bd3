"""What ordinary float models reach on the same rows: the yardstick for every accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.data.table import Table
from qcompile.model.schema import Column
from qcompile.train.one_thread import one_blas_thread


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


@one_blas_thread()  # boosting's threads would wait for one another
def baselines(train: Table, test: Table, seed: int = 0) -> dict[str, NDArray[Any]]:
    """What a linear model and gradient boosting predict for the test rows of one split.

    Args:
        train: rows to fit on.
        test: rows to predict.
        seed: of gradient boosting.

    Returns:
        name of the model -> (n_test,) class indices or values.
    """
    import warnings

    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    if train.schema.task == "classification":
        models: dict[str, Any] = {
            "logistic regression": LogisticRegression(max_iter=_iterations(train.x)),
            "gradient boosting": HistGradientBoostingClassifier(random_state=seed),
        }
    else:
        models = {
            "ridge regression": Ridge(),
            "gradient boosting": HistGradientBoostingRegressor(random_state=seed),
        }
    found, columns = {}, train.schema.columns
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for name, model in models.items():
            pipeline = float_pipeline(model, columns).fit(train.x.astype(np.float64), train.y)
            found[name] = pipeline.predict(test.x.astype(np.float64))
    return found


def _iterations(x: NDArray[np.float32]) -> int:
    """Enough for small tables; on large ones the last digits of a fit are not worth minutes."""
    return 2000 if x.size <= 1_000_000 else 200
