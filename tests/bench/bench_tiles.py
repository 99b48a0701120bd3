"""Tables shared by a tile of rows, against the lookup of each row on its own, with AVX2 instructions.

    python tests/bench/bench_tiles.py [--isa avx2] [--quick]

Whole networks, verified first, then every method and ONNX Runtime's best int8 form in turn, in
bursts, on one pinned thread; the minimum counts. ONNX Runtime uses what the CPU has, whatever is
asked of the kernels: on a CPU with VNNI its ratio says less than on one without.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

if "avx512" not in sys.argv:  # before Numba is imported: nothing but what AVX2 machines have
    os.environ |= {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}
sys.path.insert(0, str(Path(__file__).parent))

import bench_kernels
import numpy as np
import ort_forms
from bench_kernels import SHAPES, geomean, network, ours, race

from qcompile.kernels.fused import choose
from qcompile.kernels.simd.isa import current

BATCHES, WIDTHS = (16, 32, 256), (8, 4, 1)
OTHERS = {8: ("bytes4",), 4: ("bytes4",), 1: ("bytes4", "popcount")}


def row(d: int, m: int, batch: int, isa: str) -> dict[str, float]:
    """Microseconds of each method and width, and of ONNX Runtime's best int8 form."""
    x = np.random.default_rng(1).standard_normal((batch, d - 1)).astype(np.float32)
    calls, chosen = {}, {}
    for bits in WIDTHS:
        form = network(np.random.default_rng(d + m), d, m, bits)
        chosen[bits] = choose.choose(form, current(isa), batch).method
        for method in {"tile_bytes" if bits <= 4 else "tile_words", *OTHERS[bits], chosen[bits]}:
            calls[f"{bits} {method}"] = ours(form, x, isa, method)[0]
    wide = np.concatenate([x, np.ones((batch, 1), np.float32)], axis=1)
    rivals = ort_forms.bilinear(form.u, form.v, form.alpha[0] / 127, wide, 6 / 256, 128)
    times = race(calls | rivals)
    times |= {f"{bits} chosen": times[f"{bits} {method}"] for bits, method in chosen.items()}
    return times | {"int8": min(times[name] for name in rivals if name != "fp32")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--isa", default="avx2")
    parser.add_argument("--quick", action="store_true", help="three shapes instead of nine")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    bench_kernels.ROUNDS = 5
    shapes = SHAPES[:: 4 if options.quick else 1]
    print(
        f"Geometric means over {len(shapes)} networks (d 784, 1024, 3072; m 128, 512, 2048), least and most "
        f"in brackets; {options.isa} instructions, one thread.\n"
    )
    print("| batch | codes | tile | bytes4 / tile | popcount / tile | ORT int8 / tile | best / chosen |")
    print("|---" * 7 + "|")
    for batch in BATCHES:
        found = [row(d, m, batch, options.isa) for d, m in shapes]
        for bits in WIDTHS:
            tile = f"{bits} {'tile_bytes' if bits <= 4 else 'tile_words'}"
            cells = []
            for other in (f"{bits} bytes4", f"{bits} popcount", "int8"):
                each = [times[other] / times[tile] for times in found if other in times]
                cells.append(f"{geomean(each):.2f} ({min(each):.2f}-{max(each):.2f})" if each else "")
            names = [tile, *(f"{bits} {method}" for method in OTHERS[bits])]
            best = [min(times[n] for n in names) / times[f"{bits} chosen"] for times in found]
            cells.append(f"{geomean(best):.2f} ({min(best):.2f})")
            print(f"| {batch} | {bits}-bit | {tile[2:]} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
