"""Methods for subset sums: ONE FILE EACH, templates that the kernels are built from.

    S[n, row] = sum of codes[n, i] over the inputs i where bits[row, i] is 1

There are two kinds. Most put weight rows into the lanes of a vector: such a method cuts the inputs
into groups and the rows into vectors of ``LANES`` rows. It defines

    LANES, INPUTS           rows per vector; inputs per group
    UNIT                    groups whose row bits share one 64-byte weight vector
    GROUPS_MULTIPLE         a block has a multiple of so many groups
    STEP                    groups that ``sums`` takes at once; what is left over is slower
    MAX_BITS, ISAS          widest codes; spellings of the vocabulary worth using
    TABLE_BYTES(bits)       bytes of a group's table (all digits of the codes)
    limit(bits)             most groups in a block: narrow accumulators cannot overflow below it
    vectors(bits)           (rows, inputs) bool -> (vectors of rows, units, 64) uint8 weights
    PATTERNS                constant vectors that ``prepare`` needs, (k, 64) uint8
    prepare()               text of  prepare(codes, tables, groups, patterns, bits)
    sums(R, N, bits)        text of  sums_R_N(tables, weights, sums, units, count, strides.., bits)
    shape(rows, isa, bits)  (R, N): vectors of rows by rows of codes in registers at once
    passes(bits)            how often the weights are gone over, for the cost model; left out: once

and ``kernels/_subset.py`` does the rest: blocks, tiles, workspace.

``sums`` is int32 and is added to; it is zero before the first block.

The other kind puts rows of codes into the lanes and answers a whole tile of them: batches only. It
defines LANES, INPUTS, MAX_BITS and ISAS as above, and

    TILES                   rows of codes at once: a whole vector of them, and half of one
    COLUMN                  bytes of a column of codes
    LEAST                   from so many rows on each is worth it: codes up to 4 bits, above
    limit(bits)             most inputs before narrow sums could overflow; they are widened there
    shape(weight_rows, isa, bits)      (inputs per group, groups per block)
    SHARED                  text of  widen(narrow, wide, vectors)
    text(inputs, groups, tile, bits)   text of  build, first, further, gather_narrow, gather_wide

and ``kernels/_tile.py`` does the rest.
"""
