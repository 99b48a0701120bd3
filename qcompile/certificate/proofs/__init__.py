"""Proofs, one file each: a rigorous upper bound on the price of every atom.

    price(problem, dual, arrays) -> Price
    scale(arrays, factor) -> arrays         the same proof for factor * dual, 0 < factor

Whatever the proof, weak duality does the rest: if |<G(l), S>| <= beta d for every atom S of
the family, then -sum_i w_i loss*(l_i, y_i) is a lower bound on the training objective of
every network of the family, of any width. A proof reads the problem, the dual vector and its
own ``arrays`` (the certificate's), trusts none of them, and shares no code with any solver.
"""
