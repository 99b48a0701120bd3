"""What a model is called in the artifacts made from it, so that two of them fit into one image."""

from __future__ import annotations

from pathlib import Path

from qcompile.errors import UnsupportedError
from qcompile.files import readable
from qcompile.importers.open import Model
from qcompile.model_file.names import DESCRIPTION, MODEL, PROGRAM

# Names that every folder of ours has, and so tell no model from another.
SAME_EVERYWHERE = {Path(MODEL).stem, Path(PROGRAM).stem}
NAMELESS = {"the frame", "array"}  # sources of tables that were given in memory


def model_name(model: Model, name: str | None = None) -> str:
    """The name that was asked for; else that of the file, the table, the imported file or the folder.

    A folder's name comes last because C made from the same model has the same bytes wherever the model lies.

    Args:
        model: opened.
        name: free text; the back-end makes a valid identifier of it.

    Raises:
        UnsupportedError: the name is blank.
    """
    if name is not None:
        if not name.strip():
            raise UnsupportedError(
                "name is blank; give the model a name such as 'door_sensor', or leave it out."
            )
        return name
    stem = readable(model.path.stem)
    if stem not in SAME_EVERYWHERE:
        return stem
    provenance = model.program.metadata.get("provenance", {})
    firmware = (model.path.parent / DESCRIPTION).is_file()  # its program has the name it was compiled with
    named = (
        model.program.name if firmware else "",
        _of_source(provenance.get("source")),
        _of_source(provenance.get("imported_from")),
        readable(model.path.resolve().parent.name),
    )
    return next((n for n in named if n and n not in SAME_EVERYWHERE), stem)


def _of_source(source: object) -> str:
    """Name of a table or file; one given in memory has none.

    >>> _of_source("iris.csv"), _of_source("sklearn:wine"), _of_source("openml:credit-g@1")
    ('iris', 'wine', 'credit-g')
    """
    if not isinstance(source, str) or source in NAMELESS:
        return ""
    return Path(source.rpartition(":")[2].partition("@")[0]).stem
