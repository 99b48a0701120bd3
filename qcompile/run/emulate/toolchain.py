"""C compilers that are installed: the host's own, and zig (clang for every target, from pip)."""

from __future__ import annotations

import functools
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qcompile.errors import CompileError, UnsupportedError
from qcompile.targets.schema import Target

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror")


@dataclass(frozen=True)
class Command:
    """A compiler: its name, the words that start it, and its version line."""

    name: str
    words: tuple[str, ...]
    version: str


@functools.cache
def zig() -> Command | None:
    """``zig cc`` of the pip package ziglang, or None."""
    if importlib.util.find_spec("ziglang") is None:
        return None
    words = (sys.executable, "-m", "ziglang", "cc")
    return Command("zig", words, _version(words))


@functools.cache
def host_compilers() -> tuple[Command, ...]:
    """Compilers for this machine, the preferred one first."""
    named = [n for n in ("gcc", "clang") if shutil.which(n)] or ["cc"]  # cc is one of them where they are
    found = [Command(n, (p,), _version((p,))) for n in named if (p := shutil.which(n))]
    pip = zig()
    return tuple(found + ([pip] if pip else []))


def _version(words: Sequence[str]) -> str:
    done = subprocess.run([*words, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0] if done.stdout else "unknown version"


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Files of an artifact into a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def compile_files(command: Command, sources: Sequence[Path], output: Path, flags: Sequence[str]) -> None:
    """Run a compiler.

    Raises:
        CompileError: it refused; the message carries its first lines.
    """
    words = [*command.words, *flags, *map(str, sources), "-o", str(output)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode or not output.exists():
        lines = done.stderr.splitlines()
        errors = [line for line in lines if "error:" in line]  # what is wrong, before what it is about
        said = "\n".join((errors or lines)[:6])
        raise CompileError(f"{command.name} refused {sources[0].name}:\n{said}\nFlags: {' '.join(flags)}.")


def cross(target: Target) -> tuple[Command, tuple[str, ...]]:
    """Zig and its flags for a target.

    Raises:
        UnsupportedError: zig is not installed, or the target names no compiler.
    """
    command = zig()
    if command is None:
        raise UnsupportedError(
            "compiling for a target needs the pip package ziglang: pip install 'qcompile[edge]'."
        )
    if target.compiler is None:
        raise UnsupportedError(f"target {target.name!r} has no [compiler] table; add triple and cpu.")
    machine = ["-target", target.compiler.triple]
    if target.compiler.cpu:
        machine.append(f"-mcpu={target.compiler.cpu}")
    return command, (*machine, *target.compiler.flags, "-fno-sanitize=all")
