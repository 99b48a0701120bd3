"""The text form round-trips, and damaged text is refused in one sentence."""

import numpy as np
import pytest
from support.networks import FORMS, random_network, random_rows

from qcompile.errors import ModelError
from qcompile.ir.interpret import interpret
from qcompile.ir.lower import lower
from qcompile.ir.text import dump, parse


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weights", ("binary", "ternary", "3bit"))
@pytest.mark.parametrize("d", (1, 2, 8, 63, 64, 65))
def test_a_program_comes_back_from_its_text(form: str, weights: str, d: int) -> None:
    network = random_network(d, form=form, weights=weights, d=d, columns=1 + d % 3)
    program = lower(network, 'a "name"\nof ü two lines')
    text = dump(program)
    again = parse(text)
    assert dump(again) == text
    assert text.isascii()
    assert (again.name, again.classes, again.columns) == (program.name, program.classes, program.columns)
    assert dict(again.metadata) == dict(program.metadata)
    x = random_rows(d, network.encoder, 50)
    for role, value in interpret(program, x).items():
        np.testing.assert_array_equal(interpret(again, x)[role], value)


def test_a_network_without_neurons_round_trips() -> None:
    text = dump(lower(random_network(0, m=0)))
    assert dump(parse(text)) == text


GOOD = """qcompile-ir 1
%x : u4[2] = input
%s : i16[1] = dot %x
  weight = int(1, 2)
    9 -9
output scores = %s
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    (
        ("qcompile-ir 1", "hello", "starts with 'qcompile-ir 1'"),
        ("dot %x", "dott %x", "line 3 .* is not an operation; known: add, affine"),
        ("int(1, 2)", "int(1, 3)", r"line 3 .* needs 3 entries, found 2"),
        ("int(1, 2)", "sign(1, 2)", r"line 3 .* one word per row, found 2"),
        ("int(1, 2)", "wrong", "line 3 .* is not a constant"),
        ("dot %x", "dot %x %x", r"line 3 .* dot has \['a', 'b', 'weight'\], needs \['a', 'weight'\]"),
        ("dot %x", "dot %y", "%s reads %y, which no earlier operation makes"),
        ("u4[2]", "q4[2]", "line 2 .* is not a type"),
        ("%s\n", "s\n", "line 6 .* is not a value name"),
        ("output scores = %s\n", "", "must name 'scores'"),
        ("9 -9", "9 banana", "line 3"),
        ("9 -9", "9 -9*1000000000000", "needs 2 entries"),
        ("int(1, 2)", "int(100000, 100000)", "has 10000000000 entries, allowed"),
        ("u4[2]", "u4[1000000000000]", "line 2 .* more than"),
        ("9 -9", "9 99999999999999999999", "line 3"),
        ("dot %x", "dot %x {", "line 3"),
        ("%x : u4[2] = input", "encoder", "line 2"),
    ),
)
def test_damaged_text_is_refused_by_line(old: str, new: str, message: str) -> None:
    parse(GOOD)
    with pytest.raises(ModelError, match=message):
        parse(GOOD.replace(old, new, 1))


def test_text_mutated_at_random_is_a_program_or_a_model_error() -> None:
    rng = np.random.default_rng(0)
    text = dump(lower(random_network(1, d=9, columns=2)))
    words = ["%x", "-1", "*", "{", "}", '"', "\n", "  ", "dot", "int(3)", "9" * 30, "(", "nan", "u8[1]", ":"]
    refused = 0
    for _ in range(1500):
        at = int(rng.integers(len(text)))
        word = words[rng.integers(len(words))] if rng.random() < 0.7 else ""
        damaged = text[:at] + word + text[at + int(rng.integers(0, 4)) :]
        try:
            dump(parse(damaged))
        except ModelError as problem:
            refused += 1
            assert str(problem)
    assert refused > 100
