"""The estimators keep scikit-learn's contract, and what they export is what they predict."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from qcompile.certificate.make import check
from qcompile.estimators import QuantizedPolynomialClassifier, QuantizedPolynomialRegressor
from qcompile.train.fit import problem_of


@parametrize_with_checks([QuantizedPolynomialClassifier(), QuantizedPolynomialRegressor()])
def test_scikit_learn_agrees_that_it_is_an_estimator(estimator, check):
    check(estimator)


def test_strings_are_labels_and_come_back_as_they_were():
    x, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = QuantizedPolynomialClassifier(encoder="uniform", bits=4, beta=0.01).fit(x, names)
    assert set(model.predict(x)) <= set(names)
    assert model.score(x, names) > 0.9
    assert len(model.certificate_.columns) == 3


def test_the_certified_bound_is_below_the_objective_of_the_deployed_network():
    x, y = load_breast_cancer(return_X_y=True)
    model = QuantizedPolynomialClassifier(encoder="uniform", bits=2, beta=0.01).fit(x, y)
    proof = model.certificate_
    assert 0 < proof.bound <= proof.objective
    assert 0 <= proof.gap < 0.2
    assert proof.gaps == (pytest.approx(proof.gap),)


def test_probabilities_sum_to_one_and_agree_with_the_decision():
    x, y = load_wine(return_X_y=True)
    model = QuantizedPolynomialClassifier(encoder="uniform", bits=4, beta=0.01).fit(x, y)
    p = model.predict_proba(x)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-12)
    assert (model.classes_[p.argmax(axis=1)] == model.predict(x)).mean() > 0.99


def test_a_loss_without_probabilities_has_no_predict_proba():
    assert not hasattr(QuantizedPolynomialClassifier(loss="squared_hinge"), "predict_proba")
    assert hasattr(QuantizedPolynomialClassifier(), "predict_proba")


def test_one_seed_gives_one_network():
    x, y = load_wine(return_X_y=True)
    one, two = (QuantizedPolynomialClassifier(bits=2, beta=0.01).fit(x, y).network_ for _ in range(2))
    np.testing.assert_array_equal(one.u, two.u)
    np.testing.assert_array_equal(one.alpha, two.alpha)
    assert one.scale == two.scale


@pytest.mark.parametrize("target", ["host", "onnxruntime"])
def test_the_compiled_callable_predicts_the_same(target):
    x, y = load_iris(return_X_y=True)
    model = QuantizedPolynomialClassifier(bits=2, beta=0.01).fit(x, y)
    np.testing.assert_array_equal(model.compile(target)(x), model.predict(x))


def test_the_compiled_regressor_predicts_the_same():
    x, y = load_diabetes(return_X_y=True)
    model = QuantizedPolynomialRegressor(bits=4, beta=0.03, neurons=16).fit(x, y)
    np.testing.assert_array_equal(np.ravel(model.compile("host")(x)), model.predict(x))


def test_the_exported_file_is_the_network(tmp_path):
    from qcompile.model.network import forward
    from qcompile.model_file.read import read_network

    x, y = load_iris(return_X_y=True)
    model = QuantizedPolynomialClassifier(bits=2, beta=0.01).fit(x, y)
    path = model.export_onnx(tmp_path / "iris.onnx")
    again = read_network(path)
    np.testing.assert_array_equal(forward(again, x), forward(model.network_, x))


def test_missing_cells_are_allowed():
    x, y = load_iris(return_X_y=True)
    x[::7, 0] = np.nan
    model = QuantizedPolynomialClassifier(bits=2, beta=0.01).fit(x, y)
    assert model.score(x, y) > 0.8


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"encoder": "uniform", "bits": 4, "beta": 0.01}, id="given"),
        pytest.param({}, id="chosen", marks=pytest.mark.slow),
    ],
)
def test_breast_cancer_is_as_good_as_logistic_regression_to_a_point(given):
    x, y = load_breast_cancer(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    ours = cross_val_score(QuantizedPolynomialClassifier(**given), x, y, cv=folds).mean()
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    assert ours >= cross_val_score(linear, x, y, cv=folds).mean() - 0.01


def test_the_certificate_is_about_the_rows_given():
    x, y = load_iris(return_X_y=True)
    model = QuantizedPolynomialClassifier(encoder="uniform", bits=2, beta=0.01).fit(x, y)
    from qcompile.data.dataset import classification_dataset
    from qcompile.train.choices import Choices

    network = model.network_
    dataset = classification_dataset(network.encoder, x.astype(np.float32), y, network.classes)
    for column, certificate in enumerate(model.certificate_.columns):
        problem = problem_of(dataset, column, model.beta_, Choices())
        assert check(problem, certificate).valid


def test_copies_pipelines_searches_and_stored_estimators(tmp_path):
    import joblib
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV

    x, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = QuantizedPolynomialClassifier(bits=2, beta=0.03, random_state=np.random.RandomState(0))
    search = GridSearchCV(make_pipeline(StandardScaler(), model), {
        "quantizedpolynomialclassifier__beta": [0.1, 0.01],
    }, cv=2).fit(x, names)  # fmt: skip
    assert search.best_score_ > 0.8
    fitted = search.best_estimator_[-1]
    assert clone(fitted).get_params()["beta"] == fitted.beta
    joblib.dump(search, tmp_path / "search.joblib")
    again = joblib.load(tmp_path / "search.joblib")
    np.testing.assert_array_equal(again.predict(x), search.predict(x))
    assert again.best_estimator_[-1].certificate_.gap == fitted.certificate_.gap


@pytest.fixture(scope="module")
def framed():
    """A classifier and a regressor fitted on frames, and their rows."""
    x, y = load_iris(return_X_y=True, as_frame=True)
    classifier = QuantizedPolynomialClassifier(bits=2, beta=0.01).fit(x, y)
    regressor = QuantizedPolynomialRegressor(bits=2, beta=0.03, neurons=8).fit(x, x.iloc[:, 0] * 2.0 + y)
    return x, (classifier, regressor)


INPUTS = {
    "the frame": lambda x: x,
    "one row": lambda x: x.iloc[:1],
    "columns in another order": lambda x: x[x.columns[::-1]],
    "a column renamed": lambda x: x.rename(columns={x.columns[0]: "other"}),
    "a column missing": lambda x: x.iloc[:, :-1],
    "a column too many": lambda x: x.assign(more=1.0),
    "text cells": lambda x: x.astype(object).where(x != x.iloc[0, 0], "many"),
    "numbers as text": lambda x: x.astype(str).to_numpy(),
    "an infinite cell": lambda x: x.to_numpy() * np.where(np.arange(len(x)) == 3, np.inf, 1)[:, None],
    "an infinite float32 cell": lambda x: np.where(x > 7, np.inf, x).astype(np.float32),
    "a missing cell": lambda x: x.mask(x > 6),
    "a missing cell in an array": lambda x: x.mask(x > 6).to_numpy(),
    "cells beyond float32": lambda x: x.to_numpy() * 1e300,
    "cells that add up beyond float64": lambda x: np.full(x.shape, 1e308),
    "float16": lambda x: x.to_numpy().astype(np.float16),
    "integers": lambda x: x.to_numpy().astype(np.int64),
    "booleans": lambda x: x.to_numpy() > 3,
    "complex": lambda x: x.to_numpy() + 1j,
    "lists": lambda x: x.to_numpy().tolist(),
    "column major": lambda x: np.asfortranarray(x.to_numpy()),
    "every second row": lambda x: x.to_numpy(dtype=np.float32)[::2],
    "no row": lambda x: x.iloc[:0],
    "no row of an array": lambda x: x.to_numpy()[:0],
    "one dimension": lambda x: x.to_numpy()[0],
    "three dimensions": lambda x: x.to_numpy()[None],
    "a matrix with zeros left out": lambda x: __import__("scipy.sparse").sparse.csr_matrix(x.to_numpy()),
    "nothing": lambda x: None,
}


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("target", ["host", "onnxruntime"])
@pytest.mark.parametrize("given", INPUTS)
def test_the_compiled_callable_takes_and_refuses_what_predict_does(framed, given, target):
    x, models = framed
    rows = INPUTS[given](x)
    for model in models:
        fast = model.compile(target)
        try:
            expected = model.predict(rows)
        except (ValueError, TypeError) as error:
            with pytest.raises(type(error)) as found:
                fast(rows)
            assert str(found.value) == str(error)
        else:
            got = fast(rows)
            np.testing.assert_array_equal(got, expected)
            assert got.dtype == expected.dtype and got.shape == expected.shape


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_the_compiled_callable_is_pickled_and_outlives_another_fit(framed):
    import pickle

    x, models = framed
    for model in models:
        fast = model.compile("host")
        expected = model.predict(x)
        again = pickle.loads(pickle.dumps(fast))
        np.testing.assert_array_equal(again(x), expected)
        with pytest.raises(ValueError, match="feature names should match"):
            again(x.rename(columns={x.columns[0]: "other"}))
        other = type(model)(**model.get_params()).fit(x, model.predict(x))
        kept = other.compile("host")
        before = kept(x)
        other.fit(x.iloc[:, :2], model.predict(x))
        np.testing.assert_array_equal(kept(x), before)
