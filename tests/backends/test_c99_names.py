"""Names come from people: whatever they hold, the C compiles and the ONNX file is valid."""

import re
import subprocess

import numpy as np
import onnx
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qcompile.backends.c99.build import build as build_c
from qcompile.backends.c99.names import KEYWORDS, comment, identifier, literal
from qcompile.backends.onnx.build import build as build_onnx
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from qcompile.run import onnxruntime
from qcompile.run.emulate.toolchain import STRICT, host_compilers, write_files

HOSTILE = [
    'say "hi" */ int', "new\nline\\", "??/ %s %n", "ünï💥", "x" * 10_000, "int", "*/", "\0nul", "7", "a\\",
    "/*", "??=define", "\u202eright", "\ud7ff", "'", "qc_base", "__cplusplus", "#include <stdio.h>",
]  # fmt: skip
NAMES = st.one_of(
    st.sampled_from([*HOSTILE, *sorted(KEYWORDS)]),
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40),
    st.text("\"\\*/?\n\r\t%#=<>'", min_size=1, max_size=20),
)


def network(names: list[str], features: list[str]) -> Network:
    rng = np.random.default_rng(len(names))
    d, m = 7, 3
    encoder = Encoder(
        "uniform", 2, [0] * (d - 1) + [4], [*range(d - 1), 0], *rng.uniform(0.5, 2, (2, d)), np.zeros(d - 1)
    )
    u, v = rng.choice([-1, 1], (2, m, d))
    alpha = rng.integers(-9, 10, (m, len(names)))
    return Network(encoder, u, v, alpha, 1.0, classes=tuple(names), columns=tuple(features))


@given(
    NAMES,
    st.lists(NAMES, min_size=3, max_size=3, unique=True),
    st.lists(NAMES, min_size=6, max_size=6, unique=True),
)
@example("*/", HOSTILE[:3], HOSTILE[:6])
@example("x" * 10_000, HOSTILE[4:7], HOSTILE[6:12])
@example("int", HOSTILE[7:10], HOSTILE[12:18])
@settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
def test_hostile_names_give_valid_c_and_valid_onnx(tmp_path_factory, model, classes, features) -> None:
    net = network(classes, features)
    program = lower(net, model)
    x = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    file = build_onnx(program, None)
    onnx.checker.check_model(onnx.load_from_string(file.files[file.entry]), full_check=True)
    expected = interpret(program, x)
    np.testing.assert_array_equal(onnxruntime.open_artifact(file).scores(x), expected["scores"])
    for layout in ("plain", "arduino", "zephyr"):
        artifact = build_c(program, layout=layout)
        for name, data in artifact.files.items():
            assert (
                re.fullmatch(r"[A-Za-z0-9_./-]+", name)
                and max(map(len, data.decode("ascii").splitlines())) < 500
            )
    for command in host_compilers()[:1]:
        folder = tmp_path_factory.mktemp("names")
        artifact = build_c(program)
        write_files(artifact.files, folder)
        words = [*command.words, *STRICT, "-Wtrigraphs", "-fsyntax-only", artifact.entry, "main.c"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@given(st.text(max_size=60))
def test_a_comment_cannot_end_and_a_literal_is_the_text_in_utf8(text: str) -> None:
    line = comment(text)
    assert not re.search(r"\*/|/\*|\\|\?\?|[^ -~]", line) and len(line) <= 60
    quoted = literal(text)
    body = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), quoted[1:-1]).encode("latin-1")
    assert text.encode("utf-8", "replace").startswith(body.removesuffix(b"...")) and '"' not in quoted[1:-1]
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,18}", identifier(text)) and identifier(text) not in KEYWORDS
