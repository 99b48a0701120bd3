"""The scikit-learn face of training: ``fit``, ``predict``, ``score``, and a certificate.

>>> from sklearn.datasets import load_iris
>>> x, y = load_iris(return_X_y=True)
>>> model = QuantizedPolynomialClassifier(encoder="uniform", bits=2, beta=0.03).fit(x, y)
>>> bool(model.certificate_.bound <= model.certificate_.objective)
True
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from copy import copy
from dataclasses import replace
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
OWN_SPLIT = ("test_fraction", "split")
PARAMETERS = {SKLEARN_NAMES.get(s.name, s.name): s for s in settings(Choices) if s.name not in OWN_SPLIT}

# Types that a network's rows are made of without a check of their kind.
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


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
        fit = fit_dataset(dataset, chosen.beta, replace(choices, neurons=chosen.neurons))
        provenance = provenance_of(table, choices, chosen, fit)
        self.network_ = to_network(dataset, fit, table.schema.names, provenance)
        self.certificate_ = fit.proof
        self.beta_ = chosen.beta
        self.encoder_ = str(chosen.candidate)

    def _scores(self, x: Any) -> NDArray[np.int64]:
        rows = self._rows(x)  # refuses before there is a network
        return forward(self.network_, rows)

    def _rows(self, x: Any) -> NDArray[np.float32]:
        """Rows as the network reads them; columns of a frame are held to the names of training."""
        check_is_fitted(self, "network_")
        rows = validate_data(self, x, reset=False, dtype="numeric", ensure_all_finite="allow-nan")
        return narrow(rows, self.columns_)

    def _values(self, x: Any) -> NDArray[np.float64]:
        scores = self._scores(x)
        return np.asarray(self.network_.scale * scores + self.network_.offset, dtype=np.float64)

    def export_onnx(self, path: str | Path, form: str = "packed", *, force: bool = False) -> Path:
        """Write the fitted network as an ONNX file; returns the path.

        Args:
            path: where to write; a model that qcompile wrote is replaced as a whole.
            form: of the graph: "packed", "dense", "int4", "int2", "qonnx", "reference", ..:
                a file name of ``qcompile.backends.onnx.forms``.
            force: replace any other file there too, and keep its content as NAME.bak.

        Raises:
            UnsupportedError: there is no such form, or it cannot hold this network.
            QCompileError: the file cannot be written, or is not one that qcompile wrote.
        """
        check_is_fitted(self, "network_")
        from qcompile.api import write_model

        return write_model(self.network_, Path(path), form, force)

    def compile(self, target: str = "host") -> Callable[[Any], NDArray[Any]]:
        """A fast callable ``rows -> predictions``, bit-identical to ``predict``.

        It takes and refuses what ``predict`` takes and refuses (columns of a frame by their names), stays
        as it is when the estimator is fitted again, and can be pickled.

        Args:
            target: "host" (packed kernels) or "onnxruntime".
        """
        check_is_fitted(self, "network_")
        fitted = copy(self)  # a later fit replaces attributes, and changes none
        classes = getattr(self, "classes_", None)
        return CompiledModel(self.network_, target, self.columns_, fitted._rows, classes)


class CompiledModel:
    """A fitted network on compiled kernels: a callable that can be pickled.

    Arrays of numbers go to the kernels at once, after a check for infinite cells; everything else (frames,
    lists, sparse matrices) takes the way of ``predict``, with its checks and its messages.
    """

    def __init__(
        self,
        network: Network,
        target: str,
        columns: tuple[Column, ...],
        rows: Callable[[Any], NDArray[np.float32]],
        classes: NDArray[Any] | None,
    ) -> None:
        self.network, self.target, self.columns, self.classes = network, target, columns, classes
        self._checked, self._features = rows, network.encoder.features
        self._shifted = any(column.offset for column in columns)
        from qcompile.api import open_network

        self._predict = open_network(network, target).predict

    def __call__(self, x: Any) -> NDArray[Any]:
        """(n,) labels, or values in regression, of (n, features) rows."""
        if not self._is_plain(x):
            x = self._checked(x)
        elif self._shifted or x.dtype != np.float32:
            x = narrow(x, self.columns)
        found = self._predict(x)
        return np.asarray(found if self.classes is None else self.classes[found])

    def __reduce__(self) -> tuple[Any, ...]:
        return CompiledModel, (self.network, self.target, self.columns, self._checked, self.classes)

    def _is_plain(self, x: Any) -> bool:
        """Whether rows need no check and no conversion but that of their type."""
        if type(x) is not np.ndarray or x.ndim != 2 or x.shape[1] != self._features or not len(x):
            return False
        if x.dtype.kind in "biu":
            return True
        # A sum is finite only where every cell is; where it is not, the slow way finds out why.
        with np.errstate(over="ignore", invalid="ignore"):
            return x.dtype in FLOATS and math.isfinite(x.sum())


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
