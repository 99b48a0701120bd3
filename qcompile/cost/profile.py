"""Profile any ONNX file in ONNX Runtime: not only ours, one file alone or several side by side.

session     time to load and optimise, memory it took, time of the first run
latency     p50, p90, p99 per call and batch, the files taking turns in one process
operators   ONNX Runtime's own trace folded into a table: where the time of a run goes

The file is long because session, latency and trace are measured on the same open session.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qcompile.cost.latency import measure
from qcompile.cost.rows import CostRow
from qcompile.errors import ModelError, UnsupportedError
from qcompile.model_file.external_data import data_files
from qcompile.run.onnxruntime import open_session

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "bool")
TYPES: Mapping[str, Any] = {
    **{f"tensor({name})": np.dtype(name) for name in INTEGERS},
    **{"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16},
    "tensor(string)": np.dtype(object),
}
TRACED_RUNS = 50
MAX_ELEMENTS = 1 << 28


@dataclass(frozen=True)
class OperatorTime:
    """Time in all nodes of one operator: per run, and as a share of the run's kernel time."""

    operator: str
    nodes: int
    us_per_run: float
    share: float


@dataclass(frozen=True, eq=False)
class OnnxProfile:
    """What was measured of one file.

    Attributes:
        path: the file.
        size_bytes: on disk, tensors in other files included.
        session_ms: from the file to a session.
        first_run_ms: the first call, batch ``batches[0]``.
        memory_bytes: growth of resident memory through session and first run; None where unknown.
        threads: within an operator.
        providers: that the session uses.
        latency: rows "latency_p50" .. in us, backend = the file's name.
        operators: by batch, slowest first.
    """

    path: Path
    size_bytes: int
    session_ms: float
    first_run_ms: float
    memory_bytes: int | None
    threads: int
    providers: tuple[str, ...]
    latency: tuple[CostRow, ...]
    operators: Mapping[int, tuple[OperatorTime, ...]]

    def p50(self, batch: int) -> float:
        """Median latency in us at a batch size."""
        return next(r.expected for r in self.latency if r.quantity == "latency_p50" and r.batch == batch)


def profile_files(
    paths: Sequence[str | Path],
    batches: Sequence[int] = (1, 16, 256),
    threads: int = 1,
    providers: Sequence[str] | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    seconds_per: float = 0.25,
    libraries: Sequence[str | Path] = (),
) -> tuple[OnnxProfile, ...]:
    """Profile files, taking turns.

    Args:
        paths: ONNX files; rows are random from one seed, the same for files with the same inputs.
        batches: rows per call; a file whose batch is fixed runs at that size alone.
        threads: within an operator.
        providers: execution providers in order of preference; the CPU by default.
        shapes: shape of one row by input name, for inputs whose free dimensions are not the batch; such
            a dimension is 1 otherwise.
        seconds_per: measuring time of one file at one batch.
        libraries: of custom operators. Loading one runs its code.

    Raises:
        ModelError: a file is missing or is not loaded by ONNX Runtime.
        UnsupportedError: an input that random numbers cannot fill, or a provider that is not here.
    """
    opened = [_open(Path(path), batches, threads, providers, shapes or {}, libraries) for path in paths]
    rows = [[] for _ in opened]  # type: list[list[CostRow]]
    for batch in sorted({b for o in opened for b in o.batches}):
        able = [(k, o) for k, o in enumerate(opened) if batch in o.batches]
        # Names are numbered, so that the same file can be compared with itself.
        timed = [_Timed(o, batch, str(k)) for k, o in able]
        for row in measure(timed, np.zeros((batch, 1), np.float32), (batch,), seconds_per):
            fields = {**vars(row), "backend": opened[int(row.backend)].path.name}
            rows[int(row.backend)].append(CostRow(**fields))
    return tuple(
        OnnxProfile(
            o.path,
            o.size_bytes,
            o.session_ms,
            o.first_run_ms,
            o.memory_bytes,
            threads,
            tuple(o.session.get_providers()),
            tuple(latency),
            {batch: _operators(o, batch, threads, providers, libraries) for batch in o.batches},
        )
        for o, latency in zip(opened, rows, strict=True)
    )


def ratios(profiles: Sequence[OnnxProfile]) -> dict[int, tuple[float, ...]]:
    """Median latency of each file divided by the first file's, at every batch that all share."""
    shared = set.intersection(*({r.batch for r in p.latency} for p in profiles))
    return {b: tuple(p.p50(b) / profiles[0].p50(b) for p in profiles) for b in sorted(shared)}


@dataclass(frozen=True, eq=False)
class _Opened:
    path: Path
    size_bytes: int
    session: InferenceSession
    feeds: Mapping[int, dict[str, NDArray[Any]]]
    session_ms: float
    first_run_ms: float
    memory_bytes: int | None

    @property
    def batches(self) -> tuple[int, ...]:
        return tuple(self.feeds)


@dataclass(frozen=True, eq=False)
class _Timed:
    """One file at one batch, as ``cost.latency`` wants it; the rows it is given are not used."""

    opened: _Opened
    batch: int
    name: str

    def scores(self, x: NDArray[Any]) -> NDArray[Any]:
        found: NDArray[Any] = self.opened.session.run(None, self.opened.feeds[self.batch])[0]
        return found


def _open(
    path: Path,
    batches: Sequence[int],
    threads: int,
    providers: Sequence[str] | None,
    shapes: Mapping[str, Sequence[int]],
    libraries: Sequence[str | Path],
) -> _Opened:
    if not path.is_file():
        raise ModelError(f"{path} is not a file; give an ONNX model.")
    size = path.stat().st_size + _beside(path)
    import onnxruntime  # noqa: F401  (loading the library is not the file's cost)

    before, began = _resident_bytes(), time.perf_counter()
    session = open_session(path, threads, providers, libraries=libraries)
    ready = time.perf_counter()
    feeds = _feeds(session, batches, shapes)
    started = time.perf_counter()
    try:
        session.run(None, next(iter(feeds.values())))
    except Exception as error:  # ONNX Runtime raises a dozen unrelated types
        reason = " ".join(str(error).split())[:300]
        raise ModelError(
            f"{path} does not run on random rows of {_shown(feeds)}: {reason}; give the shape of a row "
            "with --shape NAME=D1,D2 (shapes= in Python)."
        ) from error
    ended, after = time.perf_counter(), _resident_bytes()
    grown = None if before is None or after is None else max(0, after - before)
    return _Opened(path, size, session, feeds, 1e3 * (ready - began), 1e3 * (ended - started), grown)


def _feeds(
    session: InferenceSession, batches: Sequence[int], shapes: Mapping[str, Sequence[int]]
) -> dict[int, dict[str, NDArray[Any]]]:
    """Random inputs for every batch size that the file allows."""
    inputs = session.get_inputs()
    for value in inputs:
        if value.type not in TYPES:
            raise UnsupportedError(
                f"the input {_plain(value.name)} is a {value.type}; only tensors of numbers, booleans and "
                "text are filled."
            )
    unknown = sorted(set(shapes) - {value.name for value in inputs})
    if unknown:
        known = ", ".join(_plain(value.name) for value in inputs) or "none"
        raise UnsupportedError(f"there is no input {unknown[0]!r} to give a shape; the inputs are {known}.")
    free = any(value.shape and not isinstance(value.shape[0], int) for value in inputs)
    firsts = [v.shape[0] for v in inputs if v.shape and isinstance(v.shape[0], int) and v.shape[0] > 0]
    sizes = list(dict.fromkeys(batches)) if free else [max(firsts, default=1)]
    return {batch: {v.name: _filled(v, batch, shapes.get(v.name)) for v in inputs} for batch in sizes}


def _filled(value: Any, batch: int, row: Sequence[int] | None) -> NDArray[Any]:
    """Random content of one input; a size that the file fixes stays."""
    shape = [d if isinstance(d, int) and d > 0 else 1 for d in value.shape or []]
    if row is not None:
        shape = [*(shape[:1] or [1]), *row]
    if value.shape and not isinstance(value.shape[0], int):
        shape[0] = batch
    if math.prod(shape) > MAX_ELEMENTS:
        raise UnsupportedError(
            f"the input {_plain(value.name)} would have the shape {shape}, more than {MAX_ELEMENTS:,} "
            "elements; give fewer rows with --batch, or a smaller --shape."
        )
    rng = np.random.default_rng(0)
    kind = np.dtype(TYPES[value.type])
    if kind.kind == "O":
        return rng.choice(np.array(["a", "b", "c"], dtype=object), shape)
    # Integers stay 0 or 1, so that those which index something stay inside it.
    random = rng.normal(size=shape) if kind.kind == "f" else rng.integers(0, 2, shape)
    return np.asarray(random).astype(kind)


def _shown(feeds: Mapping[int, Mapping[str, NDArray[Any]]]) -> str:
    first = next(iter(feeds.values()))
    return ", ".join(f"{_plain(name)} {list(array.shape)}" for name, array in first.items()) or "no inputs"


def _plain(name: str) -> str:
    """A name from the file, printable and short."""
    return repr(name if len(name) <= 60 else f"{name[:57]}...")


def _beside(path: Path) -> int:
    """Bytes of tensors that lie in other files.

    Raises:
        ModelError: such a file would lie outside of the model's folder, or is not there.
    """
    import onnx

    try:
        model = onnx.load(path, load_external_data=False)
    except Exception:  # the session says what is wrong with it
        return 0
    return sum(file.stat().st_size for file in data_files(model, path))


def _operators(
    opened: _Opened,
    batch: int,
    threads: int,
    providers: Sequence[str] | None,
    libraries: Sequence[str | Path],
) -> tuple[OperatorTime, ...]:
    """ONNX Runtime's trace of some runs, folded by operator.

    The trace counts whole microseconds, so a node is the mean of the faster four fifths of its runs.
    """
    with tempfile.TemporaryDirectory() as folder:
        session = open_session(
            opened.path, threads, providers, profile=str(Path(folder) / "trace"), libraries=libraries
        )
        for _ in range(TRACED_RUNS):
            session.run(None, opened.feeds[batch])
        events = json.loads(Path(session.end_profiling()).read_text())
    times: dict[tuple[str, str], list[float]] = {}
    for event in events:
        name = event.get("name", "")
        if event.get("cat") == "Node" and name.endswith("_kernel_time"):
            times.setdefault((event["args"]["op_name"], name), []).append(float(event["dur"]))
    nodes = Counter(operator for operator, _ in times)
    per_run = dict.fromkeys(nodes, 0.0)
    for (operator, _), durations in times.items():  # a node in a loop runs more than once
        usual = np.sort(durations)[: max(1, len(durations) * 4 // 5)]
        per_run[operator] += float(usual.mean()) * max(1, len(durations) // TRACED_RUNS)
    total = sum(per_run.values()) or 1.0
    table = [OperatorTime(op, nodes[op], us, us / total) for op, us in per_run.items()]
    return tuple(sorted(table, key=lambda row: (-row.us_per_run, row.operator)))


def _resident_bytes() -> int | None:
    """Resident memory of this process, where the system says it."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    import resource

    return pages * resource.getpagesize()
