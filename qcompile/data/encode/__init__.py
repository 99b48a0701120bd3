"""Encoder strategies, one file each: fit(matrix, ...) -> Encoder."""
