"""Open an ONNX file that nobody vouches for: sizes first, then content.

No array is made before the bytes that it claims are known to be there, in the file or in one inside its
folder (_external_data.py); so a damaged or hostile file costs no more memory than its own size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from qcompile.errors import ModelError, QCompileError
from qcompile.model_file.external_data import fill_external, tensors
from qcompile.model_file.keys import expect_version

MAX_FILE_BYTES = 64 * 1024 * 1024  # reading takes about ten times that
MAX_ELEMENTS = 1 << 24
MAX_MESSAGE = 900
LISTS = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")


@contextmanager
def one_sentence() -> Iterator[None]:
    """Errors raised inside quote names from the file: keep them on one line, printable and short."""
    try:
        yield
    except QCompileError as error:
        plain = "".join(c if c.isprintable() else " " for c in str(error))
        if len(plain) > MAX_MESSAGE:
            plain = f"{plain[: MAX_MESSAGE // 2]} ... {plain[-MAX_MESSAGE // 2 :]}"
        if plain == str(error):
            raise
        raise type(error)(plain) from error


def read_model(path: str | Path, external: bool = True) -> onnx.ModelProto:
    """Parse an ONNX file.

    Args:
        path: the file.
        external: read tensors that lie in other files inside its folder; otherwise refuse them.

    Returns:
        The model with all of its tensors inside.

    Raises:
        ModelError: no such file, a folder, too large, empty, not an ONNX model, of a later version of our
            format, or with tensors in other files that are not read: outside its folder, missing, cut
            short.
    """
    file = Path(path)
    try:
        size = file.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ModelError(f"{path} has {size} bytes; models up to {MAX_FILE_BYTES} bytes are read.")
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not content:
        raise ModelError(f"{path} is empty; an ONNX model was expected.")
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except (DecodeError, RuntimeError) as error:
        raise ModelError(f"{path} is not an ONNX model, or is cut short.") from error
    expect_version(model, path)
    if not model.graph.node and not model.graph.initializer:
        raise ModelError(f"{path} is not an ONNX model: it has no graph.")
    if external:
        fill_external(model, file, MAX_FILE_BYTES - size, tensor_bytes)
    else:
        for tensor in tensors(model):
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                raise ModelError(
                    f"{path} keeps the tensor {tensor.name!r} in another file, which is not followed; "
                    "save the model with its data inside."
                )
    return model


def tensor_bytes(tensor: onnx.TensorProto) -> int:
    """Bytes that the shape and the type of a tensor need.

    Raises:
        ModelError: an impossible shape, or a type that is not one of numbers and text.
    """
    dims: list[int] = list(tensor.dims)
    if any(k < 0 for k in dims) or math.prod(dims) > MAX_ELEMENTS:
        raise ModelError(f"the tensor {tensor.name!r} has the impossible shape {dims}.")
    bits: int = _packed_bits(tensor) or 8 * int(_dtype(tensor).itemsize)
    return -(-math.prod(dims) * bits // 8)


def _dtype(tensor: onnx.TensorProto) -> np.dtype[Any]:
    try:
        return np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the tensor {tensor.name!r} has the unknown type {tensor.data_type}.") from error


def _packed_bits(tensor: onnx.TensorProto) -> int:
    """Bits of an element of the types that share bytes, else 0."""
    name = onnx.TensorProto.DataType.Name(tensor.data_type)
    return next((bits for bits in (2, 4) if name.endswith(f"INT{bits}")), 0)


def tensor_array(tensor: onnx.TensorProto) -> NDArray[Any]:
    """The array of a tensor, after its bytes have been counted.

    Raises:
        ModelError: its shape and its bytes do not agree, or its type is not one of numbers and text.
    """
    expected = tensor_bytes(tensor)
    dims, count, bits = list(tensor.dims), math.prod(tensor.dims), _packed_bits(tensor)
    given = tensor.raw_data if tensor.HasField("raw_data") else None
    if given is not None and len(given) != expected:
        raise ModelError(
            f"the tensor {tensor.name!r} of shape {dims} needs {expected} bytes, the file has {len(given)}."
        )
    listed = sum(len(getattr(tensor, field)) for field in LISTS)
    if given is None and count > listed * (32 // bits if bits else 1):
        raise ModelError(f"the tensor {tensor.name!r} of shape {dims} has fewer elements in the file.")
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"the tensor {tensor.name!r} cannot be read: {error}.") from error
