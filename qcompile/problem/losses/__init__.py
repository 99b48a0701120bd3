"""Losses, one file each: value, gradient, conjugate, curvature, cvxpy atom.

Every file defines, elementwise over samples, with phi the loss and y the targets:

    TASKS                     the tasks it serves, of "classification", "regression"
    CURVATURE                 upper bound of phi''
    STEEP                     True where the slope of phi* is infinite at the ends of its domain
    value, gradient, curvature(f, y)
    conjugate(l, y)           phi*(l) = sup_f l f - phi(f); +inf outside the domain
    conjugate_error(l, y)     bound on the rounding error of conjugate
    conjugate_slope, conjugate_curvature(l, y)      its derivatives inside the domain
    limits(y), domain(l, y)   the ends of that domain; l clipped into it
    cvxpy_atom(f, y)          the same loss as a cvxpy expression
    probability(f)            P(y = +1), or None where the loss gives none

Margin losses take y in {-1, +1}. Fenchel: phi(f) + phi*(l) >= l f, equal at l = gradient(f).
"""
