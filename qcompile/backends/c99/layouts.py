"""Where ecosystems expect the files: a plain folder for CMake, an Arduino library, a Zephyr module."""

from __future__ import annotations

from collections.abc import Mapping

from qcompile.backends.c99.interface import Interface
from qcompile.backends.c99.names import comment
from qcompile.backends.c99.plan.plan import Plan
from qcompile.backends.c99.render import render
from qcompile.errors import UnsupportedError, did_you_mean
from qcompile.targets.schema import Target

FLOATS = "-ffp-contract=off"  # one rounding per step, as the reference

# Layout -> place of a file -> its template; qc_*.h go where the model's C file goes.
LAYOUTS: Mapping[str, Mapping[str, str]] = {
    "plain": {
        "{prefix}.c": "model.c",
        "{prefix}.h": "model.h",
        "main.c": "main.c",
        "CMakeLists.txt": "plain_CMakeLists.txt",
        "README.md": "README.md",
    },
    "arduino": {
        "src/{prefix}.c": "model.c",
        "src/{prefix}.h": "model.h",
        "library.properties": "arduino_library.properties",
        "keywords.txt": "arduino_keywords.txt",
        "examples/{prefix}_example/{prefix}_example.ino": "main.c",
        "README.md": "README.md",
    },
    "zephyr": {
        "src/{prefix}.c": "model.c",
        "include/{prefix}.h": "model.h",
        "zephyr/module.yml": "zephyr_module.yml",
        "Kconfig": "zephyr_Kconfig",
        "CMakeLists.txt": "zephyr_CMakeLists.txt",
        "samples/classify/CMakeLists.txt": "zephyr_sample_CMakeLists.txt",
        "samples/classify/prj.conf": "zephyr_prj.conf",
        "samples/classify/sample.yaml": "zephyr_sample.yaml",
        "samples/classify/src/main.c": "main.c",
        "README.md": "README.md",
    },
}


def check_layout(layout: str) -> None:
    """Raises UnsupportedError where there is no such layout."""
    if layout not in LAYOUTS:
        raise UnsupportedError(
            f"layout is {layout!r}, allowed: {', '.join(LAYOUTS)}.{did_you_mean(layout, LAYOUTS)}"
        )


def source_place(layout: str, prefix: str) -> str:
    """Where a layout has the model's C file.

    >>> source_place("arduino", "door")
    'src/door.c'
    """
    place = next(place for place, template in LAYOUTS[layout].items() if template == "model.c")
    return place.format(prefix=prefix)


def arrange(
    interface: Interface,
    plan: Plan,
    target: Target | None,
    kernels: Mapping[str, str],
    layout: str,
    kernel_headers: Mapping[str, str],
) -> dict[str, str]:
    """Every file of a layout by its place.

    Args:
        interface: of the model.
        plan: for the names of the products that each dot holds.
        target: of the code, None for a portable core.
        kernels: dot -> the kernel that computes it.
        layout: a key of LAYOUTS.
        kernel_headers: the qc_*.h by name.
    """
    folder = source_place(layout, interface.prefix).rpartition("/")[0]
    words = {
        "c": interface,
        "floats": FLOATS,
        "layout": layout,
        "target": target,
        "kernels": [([comment(n) for n in plan.together[name]], kernel) for name, kernel in kernels.items()],
        "sketch": layout == "arduino",
    }
    files = {
        place.format(prefix=interface.prefix): render(template, **words)
        for place, template in LAYOUTS[layout].items()
    }
    return files | {f"{folder}/{n}" if folder else n: text for n, text in kernel_headers.items()}
