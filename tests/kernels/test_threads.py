"""Large batches run on several threads with the same bits; small ones stay on one."""

import threading

import numpy as np
import pytest
from support.two_layer import form

from qcompile.errors import UnsupportedError
from qcompile.kernels.contract import two_layer_reference
from qcompile.kernels.fused import network
from qcompile.kernels.fused import threads as pool


def test_parts_cover_every_row_once_and_run_on_other_threads():
    out, seen = np.zeros(11, int), set()
    barrier = threading.Barrier(3)

    def kernel(x, part):
        seen.add(threading.get_ident())
        barrier.wait(10)
        part += x

    pool.run_parts([kernel] * 3, np.arange(11), out)
    assert out.tolist() == list(range(11))
    assert len(seen) == 3


def test_an_error_in_a_part_reaches_the_caller():
    def kernel(x, part):
        if x[0] > 0:
            raise ValueError("part")

    with pytest.raises(ValueError, match="part"):
        pool.run_parts([kernel] * 2, np.arange(4), np.zeros(4))


@pytest.mark.parametrize("threads", ["1", "3"])
def test_a_large_batch_has_the_same_scores_on_any_number_of_threads(monkeypatch, threads):
    monkeypatch.setenv(pool.VARIABLE, threads)
    net = form(40, 12, 4)
    state = network.pack(net)
    state.large = 20
    x = np.random.default_rng(0).normal(0, 2, (64, 40)).astype(np.float32)
    for n in (19, 20, 64):
        out = np.full((n, 1), -1, np.int64)
        network.run(state, x[:n], out)
        np.testing.assert_array_equal(out, two_layer_reference(net, x[:n]))
    assert len(state.helpers) == (3 if threads == "3" else 0)


def test_a_runner_may_be_shared_by_threads_that_give_large_batches(monkeypatch):
    monkeypatch.setenv(pool.VARIABLE, "2")
    net = form(40, 12, 4)
    state = network.pack(net)
    state.large = 8
    x = np.random.default_rng(1).normal(0, 2, (300, 40)).astype(np.float32)
    outs = [np.zeros((300, 1), np.int64) for _ in range(4)]
    workers = [threading.Thread(target=network.run, args=(state, x, out)) for out in outs]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    for out in outs:
        np.testing.assert_array_equal(out, two_layer_reference(net, x))


@pytest.mark.parametrize("value", ["0", "two", "-1"])
def test_a_wrong_number_of_threads_is_refused(monkeypatch, value):
    monkeypatch.setenv(pool.VARIABLE, value)
    with pytest.raises(UnsupportedError, match=r"QCOMPILE_THREADS is .*1 or more"):
        pool.cores()
