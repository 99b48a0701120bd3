"""Machine code is kept: later processes answer without Numba, and a damaged file is made anew."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.two_layer import form

from qcompile.kernels.contract import two_layer_reference
from qcompile.kernels.fused import network
from qcompile.kernels.generate import cache, native

ROOT = Path(__file__).parents[2]
PROCESS = """
import sys
import numpy as np
sys.path.insert(0, "tests")
from support.two_layer import form
from qcompile.kernels.contract import two_layer_reference
from qcompile.kernels.fused import network
net = form(12, 3, 1)
x = np.linspace(-2, 2, 24, dtype=np.float32).reshape(2, 12)
out = np.full((2, 1), -1, np.int64)
network.run(network.pack(net, method="popcount"), x, out)
assert (out == two_layer_reference(net, x)).all()
print("numba" in sys.modules)
"""


def process(**variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run(
        [sys.executable, "-c", PROCESS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_a_later_process_answers_without_numba_and_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    assert process(QCOMPILE_CACHE=str(tmp_path)).stdout == "True\n"
    assert process(QCOMPILE_CACHE=str(tmp_path)).stdout == "False\n"
    (kept,) = (tmp_path / "kernels").glob("*.o")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-100])
    assert process(QCOMPILE_CACHE=str(tmp_path)).stdout == "True\n"
    assert native._read(kept) is not None


@pytest.mark.parametrize("damage", [lambda code: code[:-1], lambda code: b"\0" + code[1:], lambda code: b""])
def test_what_is_not_whole_is_not_run(tmp_path: Path, damage) -> None:
    path = tmp_path / "one.o"
    code = b"\x7fELF code"
    content = code + native.hashlib.sha256(code).digest()
    path.write_bytes(content)
    assert native._read(path) == code
    path.write_bytes(damage(content))
    assert native._read(path) is None
    assert native._read(tmp_path / "absent.o") is None


def test_a_call_without_the_lock_gives_the_same_scores() -> None:
    net = form(12, 3, 1)
    x = np.random.default_rng(0).normal(0, 2, (5, 12)).astype(np.float32)
    bound = network.pack(net, method="popcount").function(True).native
    outs = [np.full((5, 1), -1, np.int64) for _ in range(2)]
    assert bound.call(x, outs[0]) is outs[0]
    bound.free(x, outs[1])
    for out in outs:
        np.testing.assert_array_equal(out, two_layer_reference(net, x))


def test_a_call_counts_no_reference_too_many() -> None:
    net = form(12, 3, 1)
    x, out = np.zeros((1, 12), np.float32), np.zeros((1, 1), np.int64)
    call = network.pack(net, method="popcount").function(False).native.call
    call(x, out)
    before = sys.getrefcount(x), sys.getrefcount(out)
    for _ in range(100):
        call(x, out)
    assert (sys.getrefcount(x), sys.getrefcount(out)) == before


def test_where_nothing_can_be_written_a_temporary_folder_serves_and_is_removed() -> None:
    """/dev/null holds no folder, for root neither."""
    done = process(QCOMPILE_CACHE="/dev/null")
    assert done.stdout == "True\n"
    (line,) = [line for line in done.stderr.splitlines() if "cannot be written" in line]
    assert line.startswith("qcompile: /dev/null/kernels cannot be written")
    assert "QCOMPILE_CACHE" in line
    assert not Path(line.split("in ")[-1]).exists()


def test_a_file_appears_whole(tmp_path: Path) -> None:
    cache.replace(tmp_path / "one", b"first")
    cache.replace(tmp_path / "one", b"second")
    assert (tmp_path / "one").read_bytes() == b"second"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
