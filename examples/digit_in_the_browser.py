"""A web page that recognises a drawn digit: trained, proved, compiled to C and from C to WebAssembly.

    python examples/digit_in_the_browser.py digits.html

writes one file that needs no network and no server; without a name it goes to a temporary folder.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from qcompile import QuantizedPolynomialClassifier
from qcompile.backends.c99.build import build
from qcompile.ir.lower import lower
from qcompile.run.wasm import open_artifact
from qcompile.targets.schema import load_target

NEEDS = ("ziglang", "wasmtime")  # pip install 'qcompile[edge]'
SECONDS = 30  # about, on one core
TEMPLATE = Path(__file__).with_suffix(".html")


def with_bent_copies(x: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """The digits, and each once more a little turned, slanted and stretched: people draw like that."""
    rng = np.random.default_rng(seed)
    middle = np.array([3.5, 3.5])
    bent = []
    for picture in x.reshape(-1, 8, 8):
        turn, slant = rng.uniform(-0.3, 0.3, 2)
        up, across = rng.uniform(0.9, 1.1, 2)
        turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn) + slant, np.cos(turn)]])
        matrix = turned * [[up], [across]]
        moved = affine_transform(picture, matrix, middle - matrix @ middle, order=1)
        bent.append(np.clip(np.rint(moved), 0, 16).ravel())
    return np.concatenate([x, np.array(bent, np.float32)])


def main() -> None:
    """Train, compile, compare every bit with the network, and write the page."""
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(
        x.astype(np.float32), y, test_size=0.25, stratify=y, random_state=0
    )
    model = QuantizedPolynomialClassifier(
        encoder="uniform", bits=4, beta=0.01, neurons=32, gap=0.03, n_jobs=1
    )
    model.fit(with_bent_copies(x_train, seed=0), np.tile(y_train, 2))
    accuracy = model.score(x_test, y_test)
    print(f"more than 97 % of {len(x_test)} unseen digits are right: {accuracy > 0.97}")

    target = load_target("wasm32")
    artifact = build(lower(model.network_), target)
    module = open_artifact(artifact, target)
    equal = bool((module.predict(x_test) == model.predict(x_test)).all())
    print(f"the module agrees with the network on all of them: {equal}")
    print(f"it takes less than 32 kB: {len(module.module) < 32_000}")

    config = {
        "wasm": base64.b64encode(module.module).decode(),
        "prefix": artifact.provenance["prefix"],
        "features": x.shape[1],
        "classes": [str(name) for name in model.classes_],
        "score_bytes": 8 if b"typedef int64_t" in artifact.files["model.h"] else 4,
        "scratch_bytes": artifact.provenance["scratch_bytes"],
        "facts": [
            ["unseen digits right", f"{100 * accuracy:.1f} %", f"{len(x_test)} of them, none trained on"],
            ["size", f"{len(module.module) / 1000:.1f} kB", "code and weights, WebAssembly"],
            [
                "proved",
                f"{100 * model.certificate_.gap:.0f} %",
                "at most this much better training is possible",
            ],
        ],
    }
    with tempfile.TemporaryDirectory() as place:
        page = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(place) / "digits.html"
        text = TEMPLATE.read_text(encoding="utf-8")
        page.write_text(text.replace("/*CONFIG*/null", json.dumps(config)), encoding="utf-8")
        print(f"written: {page.name}")


if __name__ == "__main__":
    main()
