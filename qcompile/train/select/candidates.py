"""Which encoders are worth trying on a table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from qcompile.data.table import Table
from qcompile.model.encoder import Encoder
from qcompile.model.schema import Column
from qcompile.registry import load
from qcompile.train.choices import Choices
from qcompile.train.select.relevance import most_relevant
from qcompile.train.select.screen import screened, widened

# Encoded widths above this cost more to train than they were ever seen to gain.
WIDEST = 640
# Share of outliers left out at either end of a feature: it helps some tables and costs others.
CLIP = 0.02
# Bits of the splits encoder: twice as many rarely gained, and cost twice the bytes.
SPLITS = (25, 50, 100)
# Copies of the constant, beside the usual one: a nearly linear table gains a point by it.
CONSTANTS = 8


@dataclass(frozen=True)
class Candidate:
    """An encoder strategy with its options, not yet fitted.

    Attributes:
        encoder: a file name of data/encode.
        options: what it is fitted with.
        share: of its columns that are kept, the most relevant ones.
    """

    encoder: str
    options: dict[str, float] = field(default_factory=dict)
    share: float = 1.0

    def __str__(self) -> str:
        options = self.options
        words = [self.encoder]
        if "bits" in options:
            words[0] += f" {options['bits']} bit"
        words[0] += "".join(f" {options[name]}" for name in ("k", "count") if name in options)
        if "clip" in options:
            words.append(f"{options['clip']:.0%} clipped")
        if "constants" in options:
            words.append(f"{options['constants']} constants")
        if self.share < 1:
            words.append(f"{100 * self.share:g} % of the inputs")
        return ", ".join(words)

    def fit(self, table: Table) -> Encoder:
        """Fit on training rows; the targets only say which inputs are relevant."""
        narrow, places = screened(table)
        encoder: Encoder = load("qcompile.data.encode", self.encoder).fit(narrow, **self.options)
        encoder = most_relevant(encoder, narrow, self.share) if self.share < 1 else encoder
        return widened(encoder, places, len(table.schema.columns))


def candidates(columns: tuple[Column, ...], choices: Choices) -> tuple[Candidate, ...]:
    """Every candidate that the user's choices leave open.

    With everything given (encoder and bits or k) there is still the number of constants to choose,
    and with it the beta; only the user's beta leaves nothing but the plain encoder.

    >>> [str(c) for c in candidates((), Choices(encoder="uniform", bits=2))]
    ['uniform 2 bit', 'uniform 2 bit, 8 constants']
    """
    bits = (choices.bits,) if choices.bits else (1, 2, 4, 8) if choices.encoder == "uniform" else (4, 8)
    steps = (choices.k,) if choices.k else (2, 4, 8, 16)
    uniform = [Candidate("uniform", {"bits": b}) for b in bits]
    uniform += [Candidate("uniform", {"bits": b, "clip": CLIP}) for b in bits if b > 2]
    thermometer = [Candidate("thermometer", {"k": k}) for k in steps]
    numeric = sum(c.kind == "numeric" for c in columns)
    if choices.encoder == "uniform" or (choices.encoder == "auto" and choices.bits):
        found = uniform
    elif choices.encoder == "thermometer" or (choices.encoder == "auto" and choices.k):
        found = thermometer
    elif choices.encoder == "splits" or choices.splits:
        counts = (choices.splits,) if choices.splits else SPLITS
        return tuple(Candidate("splits", {"count": count}) for count in counts)
    elif choices.encoder != "auto":
        found = [Candidate(choices.encoder)]
    elif not numeric:  # one bit says all there is to say about categories
        found = [Candidate("uniform", {"bits": 1})]
    else:
        found = uniform + [c for c in thermometer if c.options["k"] * numeric <= WIDEST]
    if choices.beta is not None and (choices.bits or choices.k or choices.encoder == "threshold"):
        return tuple(found[:1])
    several = [replace(c, options={**c.options, "constants": CONSTANTS}) for c in found]
    chosen = [Candidate("splits", {"count": c}) for c in SPLITS] if choices.encoder == "auto" else []
    return tuple(found + several + (chosen if not (choices.bits or choices.k) else []))
