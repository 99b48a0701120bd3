"""Program to Program, one file each; the docstring of each shows a program before and after.

``pipeline.optimise`` runs them all, in the order that their AFTER says, and after each checks the
program against the interpreter. ``bundles`` finds channels that can leave a program together.
To add a pass, write one file: it is found, ordered, checked and tested without being listed.
"""
