"""Price: an upper bound on |<G, S>| over all atoms S, and how much of it is rounding error."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    """No atom of the family has a price above ``upper``.

    Attributes:
        value: the bound as computed.
        margin: what covers the rounding error of computing it.
    """

    value: float
    margin: float

    @property
    def upper(self) -> float:
        """The rigorous bound."""
        return self.value + self.margin
