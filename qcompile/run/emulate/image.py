"""The C artifact as a freestanding ELF image for a target: compiled by zig, read by pyelftools."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qcompile.backends.artifact import Artifact
from qcompile.errors import UnsupportedError
from qcompile.run.emulate.toolchain import compile_files, cross, write_files
from qcompile.targets.schema import Target

BASE = 0x10000


@dataclass(frozen=True, eq=False)
class Image:
    """A linked image.

    Attributes:
        segments: (address, bytes, size in memory) to load.
        symbols: function name -> (address, size), the Thumb bit cleared.
        constants: name of an array -> bytes, of everything the linker kept.
        sections: section name -> bytes, of everything that occupies memory.
        build: compiler version and flags.
        elf: the linked file.
    """

    segments: tuple[tuple[int, bytes, int], ...]
    symbols: Mapping[str, tuple[int, int]]
    sections: Mapping[str, int]
    build: str
    constants: Mapping[str, int] = field(default_factory=dict)
    elf: bytes = field(default=b"", repr=False)

    @property
    def flash_bytes(self) -> int:
        """Code, constants and the initial values of data."""
        return sum(n for s, n in self.sections.items() if s.startswith((".text", ".rodata", ".data")))

    @property
    def static_ram_bytes(self) -> int:
        """.data and .bss; the scratch is the caller's and is not in here."""
        return sum(n for s, n in self.sections.items() if s.startswith((".data", ".bss")))


def build_image(artifact: Artifact, target: Target, start: str | None = None, *, base: int = BASE) -> Image:
    """Compile and link for a target.

    Args:
        artifact: of kind "c99".
        target: that names a compiler.
        start: C text with the entry ``_start``; without it the entry is the model's own function.
        base: address of the image.

    Raises:
        UnsupportedError: ziglang or pyelftools is missing, or the target names no compiler.
        CompileError: the compiler refused.
    """
    try:
        from elftools.elf.elffile import ELFFile
    except ImportError:
        raise UnsupportedError("reading the image needs pyelftools: pip install 'qcompile[edge]'.") from None
    command, machine = cross(target)
    prefix = artifact.provenance["prefix"]
    raw = f"void {prefix}_scores(" in _header(artifact)
    entry = f"{prefix}_scores" if raw else f"{prefix}_scores_from_codes"
    entry = "_start" if start is not None else entry
    flags = (
        *machine, "-std=c99", "-ffreestanding", "-ffp-contract=off", "-fno-unwind-tables",
        "-fno-asynchronous-unwind-tables", "-nostdlib", "-rtlib=compiler-rt", "-static",
        "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", f"-Wl,--entry={entry}",
        f"-Wl,-u,{prefix}_label", f"-Wl,--image-base={base:#x}", "-g0",
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="qcompile_image_") as name:
        folder = Path(name)
        write_files(artifact.files, folder)
        source = folder / artifact.entry
        include = ("-I", str(source.parent), "-I", str(folder / "include"))
        sources = [source]
        if start is not None:
            sources.append(folder / "qc_start.c")
            sources[-1].write_text(start, encoding="ascii")
        compile_files(command, sources, folder / "image.elf", (*flags, *include))
        content = (folder / "image.elf").read_bytes()
        elf = ELFFile(io.BytesIO(content))
        segments = tuple(
            (s["p_vaddr"], s.data(), s["p_memsz"]) for s in elf.iter_segments() if s["p_type"] == "PT_LOAD"
        )
        sections = {s.name: s["sh_size"] for s in elf.iter_sections() if s["sh_flags"] & 2 and s["sh_size"]}
        table: Any = elf.get_section_by_name(".symtab")
        listed: Any = tuple(table.iter_symbols()) if table else ()
        symbols = {
            s.name: (s["st_value"] & ~1, s["st_size"]) for s in listed if s["st_info"]["type"] == "STT_FUNC"
        }
        constants = {s.name: s["st_size"] for s in listed if s["st_info"]["type"] == "STT_OBJECT"}
    shown = [f for f in (*machine, "-std=c99", "-ffp-contract=off")]
    return Image(segments, symbols, sections, f"{command.version}: {' '.join(shown)}", constants, content)


def _header(artifact: Artifact) -> str:
    return next(d for n, d in artifact.files.items() if n.endswith(".h") and b"_score_t;" in d).decode()
