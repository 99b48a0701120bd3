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
