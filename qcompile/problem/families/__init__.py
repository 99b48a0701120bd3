"""Families of networks, one file each: lift, diagonal rule, atoms, pricing.

Every file defines, with D = d or d + 1 where the family lifts:

    VECTORS                         weight vectors per neuron (1: v must equal u)
    features(problem, u, v)         (n, m) values of integer atoms, in training units
    pattern(problem)                (D, D) factors: G = pattern * moments of [x; 1], entrywise
    gradient(problem, l)            (D, D) that price matrix G
    prices(problem, G, u, v)        (m,) <G, atom_j> = sum_i w_i l_i features_ij
    relaxation(problem)             the SDP, in the form that every training method takes
    integer_form(problem)           how the deployed network computes the atoms, in integers
"""
