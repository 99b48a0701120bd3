"""The typed integer IR that the compiler works on.

Read in this order:

types, operation, program   what a program is: frozen operations on vectors and images, each value made once
ops/                        every operation in its own file: meaning, shape rule, bound, gradient, work, text
interpret                   what a program means: exact, slow, obvious; everything fast is compared with it
ranges, bounds, fit         the range of every channel, and the narrowest type that holds it
verify                      whether a program is well formed, from first principles
lower, ternary_form         Network -> Program
text, constants_text        the text form; dump and parse are exact inverses
window                      which positions a convolution or a pool meets
staircase                   many thresholds as one multiplication, proved over the static bound
two_layer                   recognises the two-layer form that fused kernels are written for
probe                       rows worth testing with: thresholds, missing cells, worst cases
work                        counts of what an operation costs
support                     how a back-end refuses what it does not run
"""
