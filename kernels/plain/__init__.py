"""The plain machine: every program runs on it, operation by operation, as one compiled function.

machine.py     tape of instructions; run/_assemble.py writes it
layout.py      weights as bit planes with neurons in lanes
masks.py, popcount.py, borrowed.py     three intrinsics that Numba lacks
"""
