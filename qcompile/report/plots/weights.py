"""Weights as pictures: every neuron's signs, and the one matrix that all neurons add up to.

Where the raw columns are the pixels of an image (their names end in row and column), neurons
are drawn as images; otherwise as rows of a matrix with one column per encoded input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qcompile.model.encoder import ColumnKind
from qcompile.model.network import Network
from qcompile.report.input_names import input_names
from qcompile.report.plots import svg
from qcompile.report.plots.png import diverging

SHOWN = 9  # neurons of one score column, those with the largest alpha
PAIRS = 10
LABELLED = 64  # inputs, at most, that are drawn with their names
LABEL, ALPHA = 180.0, 44.0  # room for names at the left, for the second layer above
PIXEL = re.compile(r"(?:.*\D)?(\d+)\D+(\d+)")
NUMBERED = re.compile(r"\D*(\d+)")


def pixel_grid(network: Network) -> tuple[NDArray[np.int64], tuple[int, int]] | None:
    """(features, 2) row and column of every raw column in an image, and its shape; None if it is none.

    >>> from qcompile.model.encoder import Encoder
    >>> e = Encoder("uniform", 1, [0, 0, 4], [0, 1, 0], [0, 0, 0], [1, 1, 1], [0, 0])
    >>> n = Network(e, [[1, 1, 1]], [[1, 1, 1]], [[1]], 1.0, task="regression", columns=("age", "height"))
    >>> pixel_grid(n) is None
    True
    """
    if len(network.columns) < 16:
        return None
    pairs = [PIXEL.fullmatch(name) for name in network.columns]
    if all(pairs):
        places = np.array([[int(p[1]), int(p[2])] for p in pairs if p])
        places -= places.min(axis=0)
    else:
        numbers = [NUMBERED.fullmatch(name) for name in network.columns]
        if not all(numbers):
            return None
        index = np.array([int(p[1]) for p in numbers if p])
        index -= index.min()
        side = int(np.ceil(np.sqrt(index.max() + 1)))
        if side * side != index.max() + 1 or "pixel" not in network.columns[0].lower():
            return None
        places = np.stack([index // side, index % side], axis=1)
    shape = (int(places[:, 0].max()) + 1, int(places[:, 1].max()) + 1)
    filled = len(network.columns) / (shape[0] * shape[1])
    return (places, shape) if filled > 0.5 and len(np.unique(places, axis=0)) == len(places) else None


@dataclass(frozen=True)
class NeuronImage:
    """A neuron's weight in the second layer, and its two vectors as ``data:`` URIs."""

    alpha: int
    u: str
    v: str


@dataclass(frozen=True)
class ColumnImages:
    """The strongest neurons of a score column."""

    name: str
    neurons: tuple[NeuronImage, ...]


@dataclass(frozen=True)
class Pair:
    """Two inputs, or one by itself, and the weight of their product."""

    names: str
    weight: int


@dataclass(frozen=True)
class Interactions:
    """All neurons of a score column added up.

    Attributes:
        name: of the column.
        picture: SVG of the whole matrix.
        pairs: the strongest.
        image: what the inputs do by themselves, where they are pixels.
    """

    name: str
    picture: str
    pairs: tuple[Pair, ...]
    image: str | None


def neuron_images(network: Network) -> list[ColumnImages]:
    """The strongest neurons of every score column as pairs of images; empty if inputs are no image."""
    grid = pixel_grid(network)
    if grid is None:
        return []
    top = float(max(np.abs(network.u).max(initial=1), np.abs(network.v).max(initial=1)))
    found = []
    for column in range(network.alpha.shape[1]):
        weight = network.alpha[:, column]
        order = np.argsort(-np.abs(weight), kind="stable")[:SHOWN]
        neurons = tuple(
            NeuronImage(
                int(weight[j]),
                _image(network, network.u[j], *grid, top),
                _image(network, network.v[j], *grid, top),
            )
            for j in order
            if weight[j]
        )
        name = network.classes[column] if len(network.classes) > 2 else "value"
        found.append(ColumnImages(name, neurons))
    return found


def _image(
    network: Network,
    weights: NDArray[Any],
    places: NDArray[np.int64],
    shape: tuple[int, int],
    top: float | None,
) -> str:
    """One number per input over the image; several inputs of one pixel are averaged."""
    kind, feature = network.encoder.kind, network.encoder.feature
    real = np.isin(kind, [ColumnKind.LEVEL, ColumnKind.GREATER])
    total = np.bincount(feature[real], weights[real], minlength=len(places))
    count = np.bincount(feature[real], minlength=len(places))
    picture = np.zeros(shape)
    picture[places[:, 0], places[:, 1]] = total / np.maximum(count, 1)
    return diverging(picture, top)


def matrix(network: Network, vector: str, width: float = 960) -> str:
    """One vector of every neuron: a row per input, a column per neuron, strongest first; alpha above."""
    order = np.argsort(-np.abs(network.alpha).max(axis=1), kind="stable")
    weights = getattr(network, vector)[order].T.astype(np.float64)
    names = input_names(network)
    labelled = len(names) <= LABELLED
    left = LABEL if labelled else 0.0
    row = 14.0 if labelled else max(2.0, 480.0 / len(names))
    cell = min(26.0, (width - left) / max(1, len(order)))
    body = _strip(network, order, left, cell)
    body.append(_image_at(diverging(weights), left, ALPHA, cell * len(order), row * len(names)))
    if labelled:
        body += [
            svg.text(left - 8, ALPHA + (i + 0.78) * row, name, "tick", "end")
            for i, name in enumerate(map(_cut, names))
        ]
    return svg.document(width, ALPHA + row * len(names), body, f"weights {vector} of every neuron")


def _strip(network: Network, order: NDArray[np.intp], left: float, cell: float) -> list[str]:
    """Bars of the largest alpha of each neuron."""
    size = np.abs(network.alpha).max(axis=1)
    top = float(size.max(initial=1)) or 1.0
    body = [svg.text(left - 8, ALPHA - 6, "second layer", "tick", "end")] if left else []
    for k, j in enumerate(order):
        height = (ALPHA - 8) * float(size[j]) / top
        column = int(np.abs(network.alpha[j]).argmax())
        kind = "plus" if network.alpha[j, column] > 0 else "minus"
        hint = f"neuron {j}: {network.alpha[j, column]:+d}"
        body.append(svg.rect(left + k * cell, ALPHA - 4 - height, max(1.0, cell - 1), height, kind, hint))
    return body


def interactions(network: Network, width: float = 520) -> list[Interactions]:
    """Z = sum_j alpha_j sym(u_j v_j') per score column: the score is q' Z q (bilinear form)."""
    if network.form != "bilinear":
        return []
    names, grid = input_names(network), pixel_grid(network)
    plain = grid is not None or network.alpha.shape[1] > 1 or len(names) > LABELLED
    found = []
    for column in range(network.alpha.shape[1]):
        alpha = network.alpha[:, column]
        z = (network.u.astype(np.int64).T * alpha) @ network.v.astype(np.int64)
        z = z + z.T
        name = network.classes[column] if len(network.classes) > 2 else "score"
        image = None
        constant = np.flatnonzero(network.encoder.kind == ColumnKind.CONSTANT)
        if grid is not None and len(constant):
            image = _image(network, z[constant[0]], *grid, top=None)
        found.append(Interactions(name, _square(z, names, width, plain), _pairs(z, names), image))
    return found


def _square(z: NDArray[np.int64], names: list[str], width: float, plain: bool) -> str:
    left = 0.0 if plain else LABEL
    side = width - left
    row = side / len(names)
    off = z - np.diag(np.diag(z))  # the square of one input would outshine every pair
    body = [_image_at(diverging(off.astype(np.float64)), left, 0.0, side, side)]
    if not plain:
        body += [
            svg.text(left - 8, (i + 0.78) * row, name, "tick", "end")
            for i, name in enumerate(map(_cut, names))
        ]
    return svg.document(width, side, body, "weight of every pair of inputs")


def _pairs(z: NDArray[np.int64], names: list[str]) -> tuple[Pair, ...]:
    """The strongest pairs; with the constant, it is one input by itself."""
    first, second = np.triu_indices(len(z), 1)
    order = np.argsort(-np.abs(z[first, second]), kind="stable")[:PAIRS]
    found = []
    for k in order:
        i, j = int(first[k]), int(second[k])
        pair = [n for n in (names[i], names[j]) if n != "always 1"] or ["always 1"]
        found.append(Pair(" × ".join(pair), int(z[i, j])))
    return tuple(p for p in found if p.weight)


def _image_at(uri: str, x: float, y: float, width: float, height: float) -> str:
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    back = f'<rect {size} class="track"/>'
    return f'{back}<image {size} preserveAspectRatio="none" style="image-rendering:pixelated" href="{uri}"/>'


def _cut(name: str) -> str:
    return name if len(name) <= 26 else name[:25] + "…"
