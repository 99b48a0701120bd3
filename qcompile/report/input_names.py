"""Names of the encoded inputs, as a person would say what each one asks of a row."""

from __future__ import annotations

from collections.abc import Sequence

from qcompile.model.encoder import ColumnKind
from qcompile.model.network import Network


def input_names(network: Network) -> list[str]:
    """One name per encoded input.

    >>> from qcompile.model.encoder import Encoder
    >>> e = Encoder("threshold", 1, [1, 3, 4], [0, 0, 0], [2.5, 0, 0], [1, 1, 1], [0])
    >>> n = Network(e, [[1, 1, 1]], [[1, 1, 1]], [[1]], 1.0, task="regression", columns=("age",))
    >>> input_names(n)
    ['age > 2.5', 'age missing', 'always 1']
    """
    encoder, columns = network.encoder, network.columns
    categories = _categories(network)
    names = []
    for kind, feature, shift in zip(encoder.kind, encoder.feature, encoder.shift, strict=True):
        column = columns[feature] if feature < len(columns) else f"column {feature}"
        words = categories[feature] if feature < len(categories) else ()
        if kind == ColumnKind.GREATER:
            names.append(f"{column} > {shift:.4g}")
        elif kind == ColumnKind.EQUAL:
            known = 0 <= shift < len(words) and float(shift).is_integer()
            names.append(f"{column} = {words[int(shift)] if known else f'{shift:.4g}'}")
        elif kind == ColumnKind.MISSING:
            names.append(f"{column} missing")
        elif kind == ColumnKind.CONSTANT:
            names.append("always 1")
        else:
            names.append(column)
    return names


def _categories(network: Network) -> list[Sequence[str]]:
    schema = network.provenance.get("schema")
    if not isinstance(schema, dict):
        return []
    return [column.get("categories", ()) for column in schema.get("columns", ())]
