"""From a user's table to exact integers.

    load            a file, a name or a frame -> Table      (read_*.py, named_sources.py open it;
                                                             columns, identifiers, labels interpret it)
    split           Table -> training and test rows
    encode/NAME     training rows -> Encoder                (assemble.py holds what they share)
    encoder.encode  raw rows -> codes, the same bits in every back-end
    dataset         codes and targets, ready to be posed as problems

Only encoders are fitted, and they are given training rows only.
"""
