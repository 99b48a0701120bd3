"""Equality of a compiled model with its program, exact: ``equivalence`` on the rows of ``rows``."""
