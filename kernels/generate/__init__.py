"""Code that is written at run time and compiled by Numba, and the memory that it reads by address.

source.py    templates, files of generated functions, their cache
arena.py     arrays with addresses; as one block of bytes for a library
"""
