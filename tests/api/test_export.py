"""A network becomes a file or a fast callable, bit for bit the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qcompile.api import open_network, write_model
from qcompile.errors import QCompileError, UnsupportedError
from qcompile.model.network import decide, forward
from qcompile.model_file.read import read_network


@pytest.mark.parametrize("target", ["host", "onnxruntime"])
def test_an_opened_network_gives_the_scores_and_decisions_of_the_definition(target: str, built: Path) -> None:
    network = read_network(built / "model.onnx")
    x = np.random.default_rng(0).normal(50, 100, (300, network.encoder.features)).astype(np.float32)
    running = open_network(network, target)
    np.testing.assert_array_equal(running.scores(x), forward(network, x))
    np.testing.assert_array_equal(running.predict(x), decide(network, forward(network, x)))


def test_a_target_that_does_not_run_here_is_refused(built: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"'hots'.*Did you mean 'host'"):
        open_network(read_network(built / "model.onnx"), "hots")


def test_a_written_model_reads_back_and_a_folder_is_refused(built: Path, tmp_path: Path) -> None:
    network = read_network(built / "model.onnx")
    again = read_network(write_model(network, tmp_path / "m.onnx"))
    np.testing.assert_array_equal(again.u, network.u)
    assert dict(again.provenance) == dict(network.provenance)
    with pytest.raises(QCompileError, match="is a folder"):
        write_model(network, tmp_path)
