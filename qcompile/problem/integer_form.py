"""IntegerForm: how an integer network computes the atoms of a family."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class IntegerForm:
    """features == h / divisor exactly, with h the integer neuron of ``network.Network``.

    Attributes:
        form: "bilinear" or "polynomial", as in ``Network.form``.
        activation: integers (a, b, c), as in ``Network.activation``.
        divisor: positive integer.
    """

    form: str
    activation: tuple[int, int, int]
    divisor: int
