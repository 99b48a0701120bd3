"""The fused network kernel: float32 rows in, exact 64-bit scores out, one call per batch.

network.py         what run/host.py calls: serves, pack, run, explain
loop.py            the generated loop: encode, subset sums, second layer, a few rows at a time
encode.py          raw row -> codes
second_layer.py    subset sums -> scores
choose.py          which method of kernels/subset, by its costs or this machine's calibration
calibrate.py       measures the costs on this machine
dot.py             one product alone: what is measured and tested
threads.py         large batches on several threads
"""
