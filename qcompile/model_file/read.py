"""Read our own model file back: build/model.onnx -> Network, an exact round trip.

The file is checked before anything of it is used: its size, that it is an ONNX model, that qcompile
wrote it, that nothing changed since (the digest over the whole message), that it refers to no other
file, and that every array has the bytes that its shape needs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qcompile.errors import ModelError, newer_version
from qcompile.model.encoder import ColumnKind, Encoder
from qcompile.model.network import Network
from qcompile.model.schema import Schema
from qcompile.model_file.columns import long_names, long_provenance
from qcompile.model_file.container import one_sentence, read_model, tensor_array
from qcompile.model_file.describe import VERSION, WITH_BIAS
from qcompile.model_file.digits import Digits, unpack
from qcompile.model_file.keys import (
    ALPHA,
    ARRAYS,
    DIGEST,
    FILL,
    INDEX,
    NETWORK,
    PROVENANCE,
    WEIGHTS,
    digest,
    read_arrays,
)

if TYPE_CHECKING:
    import onnx

MAX_WEIGHTS = 1 << 24
# What reading a file whose author renewed the digest may raise: wrong types, missing keys, bad values.
DAMAGE = (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError)


@one_sentence()
def read_network(path: str | Path) -> Network:
    """The network of a model file that ``backends.onnx_graph`` wrote.

    Args:
        path: of the .onnx file.

    Returns:
        The Network that was lowered, equal in every field.

    Raises:
        ModelError: no such file, not an ONNX model, not one of qcompile's, changed or damaged, or a
            program that is not a two-layer network; one sentence says which.
    """
    model = read_model(path, external=False)
    entries = {entry.key: entry.value for entry in model.metadata_props}
    if DIGEST not in entries:
        raise ModelError(
            f"{path} is an ONNX model, but qcompile did not write it; read models of other tools "
            "with `qcompile import`."
        )
    if digest(model) != entries[DIGEST]:
        raise ModelError(f"{path} was changed after qcompile wrote it; build the model again.")
    if NETWORK not in entries:
        raise ModelError(
            f"{path} holds a compiled program that is not a two-layer network; it runs, but cannot be "
            "read back: keep the model it was made from."
        )
    try:
        tensors = {t.name: t for t in model.graph.initializer} | read_arrays(entries.get(ARRAYS, "{}"))
        return _network(tensors, json.loads(entries[NETWORK]), json.loads(entries.get(PROVENANCE, "{}")))
    except DAMAGE as error:
        reason = str(error).rstrip(".") or type(error).__name__
        raise ModelError(f"{path} is damaged ({reason}); build the model again.") from error


def _network(
    tensors: Mapping[str, onnx.TensorProto], facts: Mapping[str, Any], provenance: Mapping[str, Any]
) -> Network:
    if facts["version"] not in (VERSION, WITH_BIAS):
        raise ModelError(newer_version("the network in the model file", facts["version"], WITH_BIAS))
    arrays = {name: tensor_array(t) for name, t in tensors.items() if name != WEIGHTS}
    encoder = _encoder(arrays, facts["encoder"])
    m, scores = int(facts["neurons"]), int(facts["scores"])
    a, b, c = (int(k) for k in facts["activation"])
    columns = _texts(long_names(facts["columns"]), "columns")
    vectors = [int(k) for k in facts["vectors"]]
    matrices = max(vectors) + 1
    shape = (encoder.width, m * matrices)
    # Without neurons a graph has no weights: it answers a constant.
    twice = _weights(tensors[WEIGHTS], Digits(*facts["digits"]), shape) if m else np.zeros(shape, np.int64)
    if (twice % 2).any():
        raise ValueError("a stored weight is not a multiple of the level step 2")
    weights = (twice // 2).T.reshape(matrices, m, encoder.width)
    alpha = arrays[ALPHA].astype(np.int64) if m else np.zeros((0, scores), np.int64)
    if alpha.shape != (m, scores):
        raise ValueError(f"alpha has shape {alpha.shape}, the network {(m, scores)}")
    return Network(
        encoder=encoder,
        u=weights[vectors[0]],
        v=weights[vectors[-1]],
        alpha=alpha,
        scale=float(facts["scale"]),
        offset=float(facts["offset"]),
        form=facts["form"],
        activation=(a, b, c),
        weights=facts["weights"],
        task=facts["task"],
        classes=_texts(facts["classes"], "classes"),
        columns=columns,
        provenance=_provenance(long_provenance(provenance, columns)),
        bias=np.array([int(b) for b in facts["bias"]], np.int64) if "bias" in facts else None,
    )


def _texts(values: Any, what: str) -> tuple[str, ...]:
    found = tuple(values)
    if not all(isinstance(value, str) for value in found):
        raise ValueError(f"the {what} are not all texts")
    return found


def _provenance(found: dict[str, Any]) -> dict[str, Any]:
    """What is shown and recomputed of it has the form that training writes; its truth is not checked here."""
    if "schema" in found:
        Schema.from_json(found["schema"])
    if "certificate" in found:
        stated = found["certificate"]
        for claim in (stated, *stated["columns"]):
            if not all(type(claim[key]) in (int, float) for key in ("objective", "bound", "gap")):
                raise ValueError("the certificate's objective, bound and gap are not all numbers")
        _texts(stated["kind"], "kinds of proof")
    return found


def _weights(tensor: onnx.TensorProto, digits: Digits, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Doubled weights (d, vectors), however the export option stored them."""
    if shape[0] * shape[1] > MAX_WEIGHTS:
        raise ValueError(f"{shape[0]} x {shape[1]} weights are more than {MAX_WEIGHTS}")
    stored = tensor_array(tensor)
    if stored.dtype == np.uint8:
        return unpack(stored, digits, shape)
    if stored.shape != shape:
        raise ValueError(f"weights have shape {stored.shape}, the network {shape}")
    if stored.dtype == np.int8:
        return stored.astype(np.int64)
    return digits.low + digits.step * (stored.astype(np.int64) + digits.base // 2)  # int4, int2


def _columns(arrays: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    """One number per column, or one for all of them."""
    places = arrays.get(name + INDEX)
    return arrays[name] if places is None else arrays[name][places]


def _encoder(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> Encoder:
    """Put the blocks of each column kind together again."""
    counts = [int(k) for k in facts["kinds"]]
    if len(counts) != len(ColumnKind) or min(counts) < 0 or sum(counts) > 1 << 24:
        raise ValueError(f"no encoder has the column counts {counts}")
    kind = np.repeat(np.arange(len(ColumnKind), dtype=np.uint8), counts)
    d = len(kind)
    fill = _columns(arrays, FILL)
    features = int(facts.get("features", len(fill)))
    if not 0 <= features <= 1 << 24:
        raise ValueError(f"no encoder has {features} raw columns")
    fill = np.broadcast_to(fill, features)
    built: dict[str, NDArray[Any]] = {
        "feature": np.zeros(d, np.int32),
        "shift": np.zeros(d, np.float32),
        "gain": np.ones(d, np.float32),
    }
    for name, encoded in ((n, facts[n]) for n in built if n in facts):
        rest = np.frombuffer(base64.b64decode(encoded, validate=True), dtype=built[name].dtype)
        built[name][d - len(rest) :] = rest
    for column_kind in ColumnKind:
        at = kind == column_kind
        if not at.any() or column_kind == ColumnKind.CONSTANT:
            continue
        label = column_kind.name.lower()
        identity = np.arange(features, dtype=np.int32)  # every raw column in order needs no Gather
        built["feature"][at] = arrays.get(f"{label}.feature", identity)
        if column_kind != ColumnKind.MISSING:
            built["shift"][at] = _columns(arrays, f"{label}.shift")
        if column_kind == ColumnKind.LEVEL:
            built["gain"][at] = _columns(arrays, "level.gain")
    return Encoder(facts["name"], int(facts["bits"]), kind, fill=fill, **built)
