"""The C that is written today, file by file: a change of the main product is seen in review.

Kernel headers are copied from kernels/c, so they are compared with their source and not stored again.
"""

from importlib import resources

import pytest
from support.golden import ROOT, Golden
from support.golden_programs import CASES, Case

from qcompile.backends.artifact import Artifact
from qcompile.backends.c99.build import build
from qcompile.backends.c99.layouts import LAYOUTS
from qcompile.passes.pipeline import optimise
from qcompile.targets.kernel_choice import KERNELS
from qcompile.targets.schema import load_target

HEADERS = resources.files("qcompile.kernels") / "c"


def compiled(case: Case) -> Artifact:
    target = load_target(case.target) if case.target else None
    program, _ = optimise(case.program(), target)
    return build(program, target, layout=case.layout, kernel=case.kernel)


@pytest.mark.parametrize("name", CASES)
def test_the_c_files_of_a_program_are_those_in_the_golden_folder(name: str, golden: Golden) -> None:
    text = {file: data.decode("utf-8") for file, data in compiled(CASES[name]).files.items()}
    headers = {file: text.pop(file) for file in list(text) if file.split("/")[-1].startswith("qc_")}
    golden.folder(f"c99/{name}", text)
    assert headers
    for file, content in headers.items():
        assert content == (HEADERS / file.split("/")[-1]).read_text(encoding="utf-8"), file


def test_the_cases_cover_every_layout_and_every_kernel_of_the_first_layer() -> None:
    artifacts = [compiled(case) for case in CASES.values()]
    assert {artifact.provenance["layout"] for artifact in artifacts} == set(LAYOUTS)
    assert {kernel for a in artifacts for kernel in a.provenance["kernels"].values()} >= set(KERNELS)
    assert {path.name for path in (ROOT / "c99").iterdir()} == set(CASES)
