"""The integer output layer: one common scale, chosen against the true objectives."""
