"""qcompile calibrate: what is shown and what is kept; the measuring itself is replaced here."""

import json

import pytest
from click.testing import CliRunner

from qcompile.cli import main
from qcompile.kernels.fused import calibrate, choose


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    monkeypatch.setenv("QCOMPILE_CACHE", str(tmp_path))
    monkeypatch.setattr(
        calibrate, "measure", lambda method, isa, rows, seconds: (0.25 / rows, len(method) / 100)
    )
    choose.calibrated.cache_clear()
    yield
    choose.calibrated.cache_clear()


def test_the_figures_are_shown_kept_and_used():
    done = CliRunner().invoke(main, ["calibrate", "--isa", "scalar"])
    assert done.exit_code == 0, done.output
    assert "single  popcount    250.000     0.080                     " in done.stdout
    assert "scalar: bytes4, batch" in done.stderr
    assert choose.stored("scalar")["batch"]["bytes4"] == (0.25 / calibrate.BATCH, 0.06)


def test_json_is_one_document_with_the_file():
    done = CliRunner().invoke(main, ["calibrate", "--isa", "scalar", "--json"])
    record = json.loads(done.stdout)
    assert record["isa"] == "scalar"
    assert json.loads(open(record["file"]).read())["costs"]["scalar"]["single"]["popcount"] == [0.25, 0.08]
    assert {row["method"] for row in record["costs"]} == {"popcount", "bytes4", "tile_bytes", "tile_words"}


@pytest.mark.parametrize(
    ("words", "told"), [(["--isa", "avx51"], "Did you mean"), (["--seconds", "0"], "range")]
)
def test_wrong_words_are_usage_errors(words, told):
    done = CliRunner().invoke(main, ["calibrate", *words])
    assert done.exit_code == 2
    assert told in done.output
