"""From a user's table to exact integers.

    read            a file, a name or a frame -> Raw        (cells as they are written)
    clean           columns -> kinds and numbers            (what was read as what is said)
    load            Raw -> Table, for training
    rows            Raw -> rows for a model whose schema is known
    split           Table -> training and test rows
    encode/NAME     training rows -> Encoder                (assemble.py holds what they share)
    encoder.encode  raw rows -> codes, the same bits in every back-end
    dataset         codes and targets, ready to be posed as problems

Only encoders are fitted, and they are given training rows only.
"""
