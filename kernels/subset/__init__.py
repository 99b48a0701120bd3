"""Methods for subset sums: ONE FILE EACH, templates that the fused kernel is built from.

    S[n, row] = sum of codes[n, i] over the inputs i where bits[row, i] is 1

Each file defines ``METHOD``, a record of ``kernels/method.py`` that says what its parts are:

    LanesMethod    weight rows in the lanes of a vector: any number of rows of codes
    TileMethod     rows of codes in the lanes: batches only

``drivers/`` has what the methods of a kind share: blocks, tiles, workspace. Nothing else lists the
files; a method is chosen by the costs that it states (kernels/fused/choose.py).
"""
