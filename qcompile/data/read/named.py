"""Named sources: the data sets that scikit-learn ships (sklearn:NAME) or fetches (openml:NAME)."""

from __future__ import annotations

from typing import Any

from qcompile.data.read.raw import Raw, brief, named_frame
from qcompile.errors import DataError, did_you_mean

PREFIXES = ("sklearn", "openml")

# Name -> function of sklearn.datasets; the fetch_ ones are downloaded once and cached.
SKLEARN = {
    "breast_cancer": "load_breast_cancer",
    "california_housing": "fetch_california_housing",
    "covtype": "fetch_covtype",
    "diabetes": "load_diabetes",
    "digits": "load_digits",
    "iris": "load_iris",
    "wine": "load_wine",
}


def read_named(source: str) -> Raw:
    """Open ``sklearn:NAME``, ``openml:NAME``, ``openml:NAME@VERSION`` or ``openml:NUMBER``.

    Raises:
        DataError: an unknown name, or the network cannot be reached for one that is not cached.
    """
    prefix, _, name = source.partition(":")
    name = name.strip()
    if prefix == "sklearn":
        return _read_sklearn(source, name)
    if prefix == "openml":
        return _read_openml(source, name)
    raise DataError(
        f"{source!r} begins with {prefix!r}, but named data begin with sklearn: or openml:."
        f"{did_you_mean(prefix, PREFIXES)}"
    )


def _read_sklearn(source: str, name: str) -> Raw:
    if name not in SKLEARN:
        raise DataError(
            f"{name!r} is not one of sklearn: {', '.join(sorted(SKLEARN))}.{did_you_mean(name, SKLEARN)}"
        )
    import sklearn.datasets

    bunch = _fetch(source, lambda: getattr(sklearn.datasets, SKLEARN[name])(as_frame=True))
    frame = bunch.data.copy()
    target = bunch.target
    classes = bunch.get("target_names")
    if classes is not None and target.dtype.kind in "iu" and len(classes) == target.nunique():
        import pandas as pd

        target = pd.Series(pd.Categorical.from_codes(target.to_numpy(), [str(c) for c in classes]))
    frame["target"] = target
    return Raw(named_frame(frame, source), source, identifiers=False)


def _read_openml(source: str, name: str) -> Raw:
    from sklearn.datasets import fetch_openml

    title, _, version = name.partition("@")
    if not title or (version and not version.isdigit()):
        raise DataError(
            f"{source!r} is not openml:NAME, openml:NAME@VERSION or openml:NUMBER, e.g. openml:credit-g@1."
        )
    which: dict[str, int | str] = {"data_id": int(title)} if title.isdigit() else {"name": title}
    if version:
        which["version"] = int(version)
    bunch = _fetch(
        source, lambda: fetch_openml(**which, as_frame=True, parser="auto", n_retries=1, delay=0.2)
    )
    if bunch.target is None:
        raise DataError(f"{source} declares no label column; save it as a file and choose one with label.")
    if bunch.target.ndim != 1:
        raise DataError(
            f"{source} has {bunch.target.shape[1]} label columns; save it as a file with one of them."
        )
    frame = bunch.data.copy()
    label = str(bunch.target.name)
    frame[label] = bunch.target
    return Raw(named_frame(frame, source), source)


def _fetch(source: str, read: Any) -> Any:
    """Call a loader of scikit-learn and turn what its network code raises into one sentence."""
    import warnings
    from http.client import HTTPException
    from urllib.error import HTTPError

    from sklearn.datasets._openml import OpenMLError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # retries and several active versions: told below or of no use
            return read()
    except OpenMLError as error:
        raise DataError(
            f"{source} cannot be found on OpenML ({brief(error)}); check its name on openml.org."
        ) from error
    except HTTPError as error:
        raise DataError(
            f"{source} was refused by its server (HTTP {error.code}); check the name, or try again later."
        ) from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(
            f"{source} is not in the local cache and its server cannot be reached ({reason}); "
            "connect to the network, or give a file."
        ) from error
    except ValueError as error:
        raise DataError(
            f"{source} cannot be read ({brief(error)}); check the name and the version."
        ) from error
