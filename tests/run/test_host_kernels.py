"""How the host chooses a kernel: by the folder, by what the CPU has, by rank, by name."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.networks import random_network, random_rows

from qcompile.errors import UnsupportedError
from qcompile.ir.lower import lower
from qcompile.kernels import contract
from qcompile.kernels.contract import NetworkKernel, two_layer_reference
from qcompile.model.network import decide, forward
from qcompile.passes.pipeline import optimise
from qcompile.run import host

ROOT = Path(__file__).parents[2]
NETWORK = random_network(1, columns=3)
PROGRAM, _ = optimise(lower(NETWORK))
ONE = random_network(2, columns=1)
ONE_PROGRAM, _ = optimise(lower(ONE))


def _kernel(rank: int, features: tuple[str, ...] = ()) -> NetworkKernel:
    def run(state, x, out):
        out[:] = two_layer_reference(state, x)

    return NetworkKernel(
        lambda form: rank, lambda form: form, run, lambda form: f"rank {rank}, the highest", features
    )


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch):
    found = {"slow": _kernel(1), "fast": _kernel(7), "alien": _kernel(99, ("no-such-isa",))}
    found |= {"unable": _kernel(0)}
    monkeypatch.setattr(contract, "network_names", lambda: tuple(sorted(found)))
    monkeypatch.setattr(contract, "load_network", found.__getitem__)
    return found


def test_the_highest_rank_that_this_cpu_can_run_serves(kernels) -> None:
    runner = host.open_program(PROGRAM)
    assert (runner.kernel, runner.reason) == ("fast", "rank 7, the highest")
    x = random_rows(0, NETWORK.encoder, 40)
    scores = forward(NETWORK, x)
    np.testing.assert_array_equal(runner.scores(x), scores)
    np.testing.assert_array_equal(runner.predict(x), decide(NETWORK, scores))
    np.testing.assert_array_equal(runner.values(x), scores * NETWORK.scale)


def test_a_kernel_is_taken_by_name_and_refused_where_it_cannot_serve(kernels) -> None:
    assert host.open_program(PROGRAM, "slow").kernel == "slow"
    assert host.open_program(PROGRAM, "plain").kernel == "plain"
    for name in ("alien", "unable", "nothing"):
        with pytest.raises(UnsupportedError, match="those that do: plain, fast, slow"):
            host.open_program(PROGRAM, name)


def test_the_plain_machine_serves_where_no_kernel_does(kernels) -> None:
    kernels.clear()
    runner = host.open_program(PROGRAM)
    assert (runner.kernel, runner.reason) == ("plain", "no fused kernel serves this program on this CPU")
    x = random_rows(0, NETWORK.encoder, 40)
    np.testing.assert_array_equal(runner.predict(x), decide(NETWORK, forward(NETWORK, x)))


def test_one_score_is_decided_by_its_sign_in_every_kernel(kernels) -> None:
    network, program = ONE, ONE_PROGRAM
    x = random_rows(1, network.encoder, 60)
    for kernel in ("fast", "plain"):
        found = host.open_program(program, kernel).predict(x)
        np.testing.assert_array_equal(found, decide(network, forward(network, x)))


def test_an_artifact_that_names_the_fused_kernel_as_earlier_states_did_is_run() -> None:
    runner = host.open_program(PROGRAM, "fused_i8_u8")
    assert runner.kernel == "fused"
    x = random_rows(0, NETWORK.encoder, 3)
    np.testing.assert_array_equal(runner.scores(x), forward(NETWORK, x))


def test_a_folder_without_a_kernel_record_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("qcompile.kernels.fused.network.KERNEL")
    with pytest.raises(TypeError, match=r"fused\.network defines no KERNEL"):
        contract.load_network("fused")


def test_opening_a_fitted_network_reads_no_tool_that_it_does_not_need() -> None:
    """The first answer of a process is short: no ONNX, and no Numba where machine code is kept."""
    program = (
        "import sys; sys.path.insert(0, 'tests'); from support.networks import random_network, random_rows; "
        "from qcompile.api import open_network; network = random_network(1, columns=3); "
        "open_network(network).predict(random_rows(0, network.encoder, 1)); "
        "print(sorted({'numba', 'onnx', 'onnxruntime', 'scipy', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    answers = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
        for _ in range(2)
    ]
    assert answers[1].stdout.strip() == "[]"
