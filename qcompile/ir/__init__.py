"""The typed integer IR that the compiler works on.

Read in this order:

types, ops, program     what a program is: vectors per row, frozen operations, one assignment each
interpret               what it means: exact, slow, obvious; everything fast is compared with it
bounds, fit             the range of every element, and the narrowest type that holds it
verify                  whether a program is well formed, from first principles
lower                   Network -> Program
text, constants_text    the text form; dump and parse are exact inverses
two_layer               recognises the two-layer form that fused kernels are written for
probe                   rows worth testing with: thresholds, missing cells, worst cases
"""
