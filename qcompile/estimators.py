"""The scikit-learn face of training: ``fit``, ``predict``, ``score``, and a certificate.

>>> from sklearn.datasets import load_iris
>>> x, y = load_iris(return_X_y=True)
>>> model = QuantizedPolynomialClassifier(encoder="uniform", bits=2, beta=0.03).fit(x, y)
>>> bool(model.certificate_.bound <= model.certificate_.objective)
True
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from qcompile.data.dataset import dataset_of
from qcompile.data.table import Table
from qcompile.model.network import Network, decide, forward
from qcompile.model.offsets import narrow, offset_of
from qcompile.model.schema import Column, Schema
from qcompile.problem.losses import LOSSES
from qcompile.train.choices import Choices, default_loss
from qcompile.train.fit import fit_dataset, to_network
from qcompile.train.one_thread import one_blas_thread
from qcompile.train.proof import Proof
from qcompile.train.provenance import provenance_of
from qcompile.train.select.choose import choose
from qcompile.train.setting import settings

# Parameter -> setting: all of ``Choices`` but those of the split, which is the caller's here.
SKLEARN_NAMES = {"seed": "random_state", "jobs": "n_jobs"}
PARAMETERS = {SKLEARN_NAMES.get(s.name, s.name): s for s in settings(Choices) if s.name != "test_fraction"}


class _QuantizedPolynomial(BaseEstimator):  # type: ignore[misc]
    """Common part of classifier and regressor; see ``Choices`` for the meaning of the settings."""

    network_: Network
    columns_: tuple[Column, ...]
    certificate_: Proof

    loss: str | None

    def __init__(self, **parameters: Any) -> None:
        given = inspect.signature(type(self)).bind(**parameters)
        given.apply_defaults()
        for name, value in given.arguments.items():
            setattr(self, name, value)

    __init__.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY),
            *(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=setting.default)
                for name, setting in PARAMETERS.items()
            ),
        ]
    )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _choices(self) -> Choices:
        given = {setting.name: getattr(self, name) for name, setting in PARAMETERS.items()}
        return Choices(**{**given, "seed": _seed(given["seed"])})

    @one_blas_thread()
    def _train(self, x: NDArray[Any], y: NDArray[Any], task: str, classes: tuple[str, ...]) -> None:
        choices = self._choices()
        names = getattr(self, "feature_names_in_", [f"x{i}" for i in range(x.shape[1])])
        offsets = [offset_of(cells) for cells in np.asarray(x, dtype=np.float64).T]
        columns = tuple(Column(str(n), "numeric", offset=o) for n, o in zip(names, offsets, strict=True))
        self.columns_ = columns
        table = Table(narrow(x, columns), y, Schema(columns, "target", task, classes), "array")
        chosen = choose(table, choices)
        dataset = dataset_of(chosen.candidate.fit(table), table)
        fit = fit_dataset(dataset, chosen.beta, choices)
        provenance = provenance_of(table.source, table.schema, choices, chosen, fit)
        self.network_ = to_network(dataset, fit, table.schema.names, provenance)
        self.certificate_ = fit.proof
        self.beta_ = chosen.beta
        self.encoder_ = str(chosen.candidate)

    def _scores(self, x: Any) -> NDArray[np.int64]:
        check_is_fitted(self, "network_")
        rows = validate_data(self, x, reset=False, dtype="numeric", ensure_all_finite="allow-nan")
        return forward(self.network_, narrow(rows, self.columns_))

    def _values(self, x: Any) -> NDArray[np.float64]:
        scores = self._scores(x)
        return np.asarray(self.network_.scale * scores + self.network_.offset, dtype=np.float64)

    def export_onnx(self, path: str | Path, form: str = "packed") -> Path:
        """Write the fitted network as an ONNX file; returns the path.

        Args:
            path: where to write; an existing file is replaced as a whole.
            form: of the graph: "packed", "dense", "int4", "int2", "qonnx", "reference", ..:
                a file name of ``qcompile.backends.onnx.forms``.

        Raises:
            UnsupportedError: there is no such form, or it cannot hold this network.
        """
        check_is_fitted(self, "network_")
        from qcompile.api import write_model

        return write_model(self.network_, Path(path), form)

    def compile(self, target: str = "host") -> Callable[[Any], NDArray[Any]]:
        """A fast callable ``rows -> predictions``, bit-identical to ``predict``.

        Args:
            target: "host" (packed kernels) or "onnxruntime".

        Returns:
            function of (n, features) float rows; it checks less than ``predict``.
        """
        check_is_fitted(self, "network_")
        from qcompile.api import open_network

        predict: Callable[[Any], NDArray[Any]] = open_network(self.network_, target).predict
        classes, columns = getattr(self, "classes_", None), self.columns_
        if classes is None:
            return lambda x: predict(narrow(x, columns))
        return lambda x: np.asarray(classes[predict(narrow(x, columns))])


def _seed(random_state: int | np.random.RandomState | None) -> int:
    """An integer; a generator is asked for one, and None is 0, because a certificate should be repeatable."""
    if random_state is None or isinstance(random_state, int | np.integer):
        return int(random_state or 0)
    return int(check_random_state(random_state).randint(2**31))


def _has_probability(estimator: Any) -> bool:
    loss = default_loss("classification", estimator.loss)
    if LOSSES[loss].probability is None:
        raise AttributeError(f"the {loss} loss gives no probabilities; use loss='logistic'.")
    return True


class QuantizedPolynomialClassifier(ClassifierMixin, _QuantizedPolynomial):  # type: ignore[misc]
    """Two-layer polynomial network with low-bit weights, trained with a certificate.

    f_c(x) = scale * sum_j alpha_jc (u_j' q)(v_j' q) on encoded integer rows q; several classes
    are one-vs-rest with one certificate each, and the prediction is the argmax of exact integers.
    Source: [BP21].

    Parameters: see ``qcompile.train.choices.Choices``; ``random_state`` is its seed and
    ``n_jobs`` its jobs. None means "chosen by validation on the training rows". Columns are numbers;
    text columns need one of scikit-learn's encoders first, or ``qcompile.api.train``. There are no
    sample weights: the certificate is about the mean loss over the rows.

    Attributes:
        classes_: (C,) the labels.
        network_: the integer ``Network``; it is what ``predict`` runs.
        certificate_: ``Proof`` with objective, bound, gap and one ``Certificate`` per score column.
        beta_, encoder_: what was chosen.
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.

    >>> from sklearn.datasets import load_breast_cancer
    >>> x, y = load_breast_cancer(return_X_y=True)
    >>> m = QuantizedPolynomialClassifier(encoder="uniform", bits=2, beta=0.01, neurons=8).fit(x, y)
    >>> m.score(x, y) > 0.9, m.network_.neurons <= 8
    (True, True)
    """

    classes_: NDArray[Any]

    def fit(self, X: Any, y: Any) -> QuantizedPolynomialClassifier:
        """Fit on (n, features) numbers (NaN is a missing cell) and (n,) labels of any kind."""
        X, y = validate_data(self, X, y, dtype="numeric", ensure_all_finite="allow-nan")
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"Classifier can't train when only one class is present: every label is {self.classes_[0]!r}."
            )
        self._train(X, labels, "classification", tuple(str(c) for c in self.classes_))
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """(n,) values for two classes, (n, C) for more; positive means the second class."""
        values = self._values(X)
        return values[:, 0] if values.shape[1] == 1 else values

    def predict(self, X: Any) -> NDArray[Any]:
        """(n,) labels: the argmax of the integer scores, or score >= 0."""
        scores = self._scores(X)
        labels: NDArray[Any] = self.classes_[decide(self.network_, scores)]
        return labels

    @available_if(_has_probability)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """(n, C) probabilities by the logistic loss; one-vs-rest ones are normalised to sum 1."""
        probability = LOSSES[default_loss("classification", self.loss)].probability
        assert probability is not None  # available_if
        p = probability(self._values(X))
        if p.shape[1] == 1:
            return np.column_stack([1 - p[:, 0], p[:, 0]])
        total = p.sum(axis=1, keepdims=True)
        return np.asarray(np.where(total > 0, p / np.where(total > 0, total, 1.0), 1.0 / p.shape[1]))


class QuantizedPolynomialRegressor(RegressorMixin, _QuantizedPolynomial):  # type: ignore[misc]
    """The same network for a real target, trained on the standardised target.

    Parameters and attributes: as ``QuantizedPolynomialClassifier``, without classes.

    >>> from sklearn.datasets import load_diabetes
    >>> x, y = load_diabetes(return_X_y=True)
    >>> m = QuantizedPolynomialRegressor(encoder="uniform", bits=4, beta=0.03, neurons=16).fit(x, y)
    >>> m.score(x, y) > 0.3
    True
    """

    def fit(self, X: Any, y: Any) -> QuantizedPolynomialRegressor:
        """Fit on (n, features) numbers (NaN is a missing cell) and (n,) real targets."""
        X, y = validate_data(self, X, y, dtype="numeric", ensure_all_finite="allow-nan", y_numeric=True)
        self._train(X, np.asarray(y, dtype=np.float64), "regression", ())
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """(n,) predictions in the units of the target."""
        values: NDArray[np.float64] = self._values(X)[:, 0]
        return values
