"""A view of an array that Numba does not count references of.

Every slice of an array costs an atomic increment and decrement of its reference count, some ten
nanoseconds: more than the work on a short vector. A borrowed array has no owner to count for. It
must not outlive the array it came from: use it inside one call, on the call's arguments.
"""

from __future__ import annotations

from typing import Any

from numba.extending import intrinsic


def _borrowed(typing_context: Any, array: Any) -> Any:
    """The same memory, shape and strides, without an owner."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, args[0])
        view.meminfo = view.meminfo.type(None)  # the null pointer
        view.parent = view.parent.type(None)
        return view._getvalue()

    return array(array), emit


borrowed: Any = intrinsic(_borrowed)
