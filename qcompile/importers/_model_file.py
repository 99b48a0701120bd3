"""What makes an ONNX file a qcompile model file: three metadata entries and fixed names.

    qcompile.network      JSON: everything of a Network that is not an array in the graph
    qcompile.provenance   JSON: where it comes from (seed, data, versions, certificate summary)
    qcompile.digest       sha256 of the file's own model message without this entry

and initialisers called after what they are: ``weights`` (packed digits, int4, int2 or int8),
``alpha``, ``level.feature``, ``level.shift``, ``level.gain``, ``greater.feature`` and so on, ``fill``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

__all__ = ["ALPHA", "DIGEST", "FILL", "NETWORK", "PROVENANCE", "WEIGHTS", "digest"]

NETWORK = "qcompile.network"
PROVENANCE = "qcompile.provenance"
DIGEST = "qcompile.digest"
WEIGHTS = "weights"
ALPHA = "alpha"
FILL = "fill"


def digest(model: onnx.ModelProto) -> str:
    """Sha256 of the model without its digest entry: any change of the file changes it."""
    import onnx

    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    kept = [entry for entry in bare.metadata_props if entry.key != DIGEST]
    del bare.metadata_props[:]
    bare.metadata_props.extend(kept)
    return hashlib.sha256(bare.SerializeToString(deterministic=True)).hexdigest()
