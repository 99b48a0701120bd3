"""What makes an ONNX file a qcompile model file: metadata entries and fixed names.

    qcompile.network      JSON: everything of a Network that is not an array in the graph
    qcompile.provenance   JSON: where it comes from (seed, data, versions, certificate summary)
    qcompile.version      of this format, an integer; a file without it has version 1
    qcompile.form         the form of the graph, a file name of backends/onnx/forms
    qcompile.arrays       JSON: name -> base64 of a TensorProto, only in forms whose graph holds the
                          arrays otherwise than below (as floats, as bit planes, in a library)
    qcompile.layout       of a program that reads images: the order of the input's elements
    qcompile.convolutions JSON: value -> operator and type of a convolution, and the bound that makes it exact
    qcompile.digest       sha256 of the file's own model message without this entry

and initialisers called after what they are: ``weights`` (packed digits, int4, int2 or int8),
``alpha``, ``level.feature``, ``level.shift``, ``level.gain``, ``greater.feature`` and so on, ``fill``.
Shifts, gains and fills may be one number for all columns, or a table with the place of every column in
``level.shift.index`` and so on.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from qcompile.errors import ModelError, newer_version

if TYPE_CHECKING:
    import onnx

NETWORK = "qcompile.network"
PROVENANCE = "qcompile.provenance"
FORM = "qcompile.form"
ARRAYS = "qcompile.arrays"
LAYOUT = "qcompile.layout"
CONVOLUTIONS = "qcompile.convolutions"
VERSION = "qcompile.version"
DIGEST = "qcompile.digest"
NEWEST = 1  # raised when an older reader would misunderstand the file; older files stay readable
WEIGHTS = "weights"
ALPHA = "alpha"
FILL = "fill"
INDEX = ".index"


def digest(model: onnx.ModelProto) -> str:
    """Sha256 of the model without its digest entry: any change of the file changes it."""
    import onnx

    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    kept = [entry for entry in bare.metadata_props if entry.key != DIGEST]
    del bare.metadata_props[:]
    bare.metadata_props.extend(kept)
    return hashlib.sha256(bare.SerializeToString(deterministic=True)).hexdigest()


def expect_version(model: onnx.ModelProto, path: object) -> None:
    """Refuse a file in a later format, before anything else of it is believed.

    Raises:
        ModelError: its version is above ``NEWEST``, or is no version.
    """
    found = next((entry.value for entry in model.metadata_props if entry.key == VERSION), "1")
    if not found.isascii() or not found.isdigit() or len(found) > 9 or int(found) < 1:
        raise ModelError(f"{path} is damaged ({found[:20]!r} is no format version); build the model again.")
    if int(found) > NEWEST:
        raise ModelError(newer_version(str(path), int(found), NEWEST))


def write_arrays(tensors: Iterable[onnx.TensorProto]) -> str:
    """The ``qcompile.arrays`` entry of some tensors."""
    coded = {t.name: base64.b64encode(t.SerializeToString(deterministic=True)).decode() for t in tensors}
    return json.dumps(coded, sort_keys=True, separators=(",", ":"))


def read_arrays(entry: str) -> dict[str, onnx.TensorProto]:
    """Inverse of ``write_arrays``.

    Raises:
        ValueError: the entry is damaged, or a tensor refers to another file.
    """
    import onnx
    from google.protobuf.message import DecodeError

    found = {}
    for name, coded in json.loads(entry).items():
        tensor = onnx.TensorProto()
        try:
            tensor.ParseFromString(base64.b64decode(coded, validate=True))
        except (DecodeError, RuntimeError) as error:
            raise ValueError(f"the array {name!r} is not a tensor") from error
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise ValueError(f"the array {name!r} lies in another file")
        found[str(name)] = tensor
    return found
