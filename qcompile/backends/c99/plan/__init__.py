"""From a program to what is stored, folded and emitted."""
