"""What `qcompile import` wrote is a model for every command, by hand as a user would go on with it."""

from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from support.dialects import Recipe, execute, qonnx_model, rows

from qcompile.api import import_model, predict, verify
from qcompile.cli import main
from qcompile.errors import DataError, ModelError

RECIPE = Recipe(2, 2, (16, 8, 4), bias=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("work")
    (home / "source.onnx").write_bytes(qonnx_model(RECIPE, "N").SerializeToString())
    return import_model(home / "source.onnx", home / "imported").folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.mark.filterwarnings("ignore")  # of qonnx itself
def test_predictions_are_those_of_the_source(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("qonnx", reason="the qonnx package, which executes the dialect, is not installed")
    x = rows(100, 16)
    expected = execute(qonnx_model(RECIPE, 100), x).argmax(axis=1)
    pd.DataFrame(x).to_csv(tmp_path / "rows.csv", index=False)
    for model in (folder, folder / "program.qir", folder.parent / "source.onnx"):
        result = run("predict", model, tmp_path / "rows.csv")
        assert result.exit_code == 0, result.output
        assert [int(k) for k in result.stdout.split()] == expected.tolist()
    labelled = pd.DataFrame(x).assign(label=expected)
    assert predict(folder, labelled).record.quality == 1.0
    named = predict(folder, labelled.assign(label="cat")).record
    assert named.quality is None and "Not compared" in named.sentence


def test_tables_that_do_not_fit_are_refused(folder: Path) -> None:
    table = pd.DataFrame(rows(5, 16))
    with pytest.raises(DataError, match="has 15 columns, the model reads 16"):
        predict(folder, table.drop(columns=3))
    with pytest.raises(DataError, match="holds 'red'; an imported model reads numbers"):
        predict(folder, table.astype(object).replace({3: {table.loc[4, 3]: "red"}}))


def test_the_folder_is_verified_and_a_changed_file_is_an_answer(folder: Path) -> None:
    assert verify(folder, rows=50, targets=()).passed
    names = [c.name for c in verify(folder, rows=50).checks]
    assert names[:2] == ["model.onnx", "numba kernels"]
    with pytest.raises(Exception, match="there is no certificate to check on data"):
        verify(folder, pd.DataFrame(rows(5, 16)))
    path = folder / "model.onnx"
    content = path.read_bytes()
    model = onnx.load_from_string(content)
    model.graph.doc_string = "changed"
    path.write_bytes(model.SerializeToString())
    try:
        result = run("verify", folder)
        assert result.exit_code == 1 and "was changed after qcompile wrote it" in result.output
    finally:
        path.write_bytes(content)


def test_the_compiled_file_alone_names_the_program_beside_it(folder: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read back; give its folder"):
        predict(folder / "model.onnx", pd.DataFrame(np.zeros((1, 16))))


COMMANDS = (
    ("info",),
    ("profile", "--batch", "1"),
    ("compare",),
    ("check", "--target", "cortex-m4", "--max-flash-kb", "64"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_other_commands_take_the_folder(command: tuple[str, ...], folder: Path) -> None:
    result = run(command[0], folder, *command[1:])
    assert result.exit_code == 0, result.output


def test_a_deep_network_has_no_shared_library_and_the_way_out_is_named(folder: Path, tmp_path: Path) -> None:
    result = run("compile", folder, "--target", "host", "--layout", "library", "-o", tmp_path / "library")
    assert result.exit_code == 2 and "leave out --layout library" in " ".join(result.output.split())
    assert not (tmp_path / "library").exists()
