"""Tensors that an ONNX file keeps in other files: found inside its folder, measured, then read.

ONNX names such a file by ``location``, relative to the model's folder, with ``offset`` and ``length``
in bytes (onnx/docs/ExternalData.md). A location is not to be trusted: an absolute path,
one that climbs out of the folder, or a link that leads out of it, is refused, and so is anything that
is not a plain file. Lengths are compared with shapes and with the file before a byte is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PureWindowsPath

from onnx import GraphProto, ModelProto, NodeProto, TensorProto

from qcompile.errors import ModelError

MAX_NAME = 60


def fill_external(model: ModelProto, path: Path, room: int, size_of: Callable[[TensorProto], int]) -> None:
    """Move the bytes of tensors in other files into the model.

    Args:
        model: changed in place; afterwards no tensor refers to another file.
        path: of the model file.
        room: bytes that all of them together may have.
        size_of: bytes that a tensor's shape and type need; may raise ModelError.

    Raises:
        ModelError: a file is outside the folder or missing, an offset or length does not fit it or the
            tensor's shape, or there are more bytes than ``room``; nothing is read then.
    """
    parts = []
    for tensor in tensors(model):
        if tensor.data_location == TensorProto.EXTERNAL:
            file, offset, length = _part(tensor, path, size_of(tensor))
            room -= length
            if room < 0:
                raise ModelError(f"{path} and the tensors that it keeps in other files are too large.")
            parts.append((tensor, file, offset, length))
    for tensor, file, offset, length in parts:
        if tensor.data_type == TensorProto.STRING:
            raise ModelError(f"the tensor {tensor.name!r} is text, which cannot lie in another file.")
        try:
            with file.open("rb") as stream:
                stream.seek(offset)
                content = stream.read(length)
        except OSError as error:
            raise ModelError(f"{file} cannot be read: {error.strerror or error}.") from error
        tensor.raw_data = content
        tensor.ClearField("data_location")
        del tensor.external_data[:]


def _part(tensor: TensorProto, path: Path, needed: int) -> tuple[Path, int, int]:
    """File, offset and length of one tensor, each checked."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    file = data_file(path, entries.get("location", ""))
    given = {}
    for key, usual in (("offset", 0), ("length", needed)):
        text = entries.get(key, str(usual))
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise ModelError(
                f"{path} gives the tensor {tensor.name!r} the {key} {_short(text)}, not a number."
            )
        given[key] = int(text)
    offset, length = given["offset"], given["length"]
    if length != needed:
        raise ModelError(
            f"the tensor {tensor.name!r} of shape {list(tensor.dims)} needs {needed} bytes, {path} gives "
            f"it {length} of {_short(entries['location'])}."
        )
    size = file.stat().st_size
    if offset + length > size:
        raise ModelError(
            f"the tensor {tensor.name!r} would end at byte {offset + length} of "
            f"{_short(entries['location'])}, which has {size}; it is cut short or belongs to another model."
        )
    return file, offset, length


def data_files(model: ModelProto, path: Path) -> set[Path]:
    """Every file that tensors of a model lie in, as ``data_file`` finds them.

    Raises:
        ModelError: see ``data_file``.
    """
    kept = [t for t in tensors(model) if t.data_location == TensorProto.EXTERNAL]
    places = {entry.value for t in kept for entry in t.external_data if entry.key == "location"}
    return {data_file(path, place) for place in sorted(places)}


def data_file(path: Path, location: str) -> Path:
    """The file that a model at ``path`` calls ``location``, all links followed.

    Raises:
        ModelError: it is not inside the model's folder, or is not a plain file.
    """
    home = path.absolute().parent.resolve()
    try:
        if not isinstance(location, str):  # protobuf gives bytes where they are no UTF-8
            raise ValueError("not text")
        windows = PureWindowsPath(location)
        inside = not (location.startswith("/") or windows.drive or windows.root)
        file = (home / location).resolve()
        inside = inside and file.is_relative_to(home)
        there = inside and file.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # zero bytes, names too long, links in a circle
        raise ModelError(f"{path} keeps a tensor in {_short(location)}, which is no file name.") from error
    if not inside:
        raise ModelError(
            f"{path} keeps a tensor in {_short(location)}, outside of its folder; that is not read: "
            "put the file next to the model and name it by its relative path."
        )
    if not there:
        raise ModelError(
            f"{path} keeps a tensor in {_short(location)}, which is not beside it; copy that file too."
        )
    return file


def _short(name: str) -> str:
    """A name from the file, printable and not too long."""
    return repr(name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 3]}...")


def tensors(model: ModelProto) -> Iterator[TensorProto]:
    """Every tensor of a model: initialisers and attributes, also of inner graphs and functions."""
    yield from _in_graph(model.graph)
    for function in model.functions:
        for node in function.node:
            yield from _in_node(node)


def _in_graph(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        yield from _in_node(node)


def _in_node(node: NodeProto) -> Iterator[TensorProto]:
    """Tensors in the attributes of a node, those of the graphs inside it included."""
    for attribute in node.attribute:
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        if attribute.HasField("g"):
            yield from _in_graph(attribute.g)
        for inner in attribute.graphs:
            yield from _in_graph(inner)
