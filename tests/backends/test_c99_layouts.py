"""Each layout builds by its ecosystem's own rules: CMake, an Arduino sketch, a Zephyr module."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from qcompile.backends.c99.build import build
from qcompile.ir.lower import lower
from qcompile.ir.ops import Argmax, Dot, Input, Threshold
from qcompile.ir.program import Program
from qcompile.ir.types import ValueType
from qcompile.model.encoder import Encoder
from qcompile.model.network import Network
from qcompile.run.emulate.toolchain import write_files

STRICT = "-Wall -Wextra -Wconversion -Wpedantic -Werror"


def classifier() -> Program:
    rng, d, m = np.random.default_rng(0), 9, 4
    encoder = Encoder(
        "uniform", 3, [0] * (d - 1) + [4], [*range(d - 1), 0], *rng.uniform(0.5, 2, (2, d)), np.zeros(d - 1)
    )
    u, v = rng.choice([-1, 1], (2, m, d))
    alpha = rng.integers(-9, 10, (m, 3))
    return lower(Network(encoder, u, v, alpha, 1.0, classes=("a", "b", "c")), "Door sensor")


def deep() -> Program:
    """Integer rows, no encoder, as imported networks are."""
    whole, rng = (lambda n: ValueType("i", 64, n)), np.random.default_rng(0)
    ops = (
        Input("x", ValueType("u", 4, 12)),
        Dot("t", whole(5), "x", rng.choice([-1, 1], (5, 12))),
        Threshold("a", whole(5), "t", np.sort(rng.integers(-9, 9, (5, 3)), axis=1), np.ones(5)),
        Dot("s", whole(3), "a", rng.integers(-5, 6, (3, 5))),
        Argmax("label", whole(1), "s"),
    )
    return Program("deep", ops, {"scores": "s", "label": "label"}, ("a", "b", "c"))


def run(words: list[str], folder: Path) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("program", [classifier, deep])
def test_the_plain_folder_builds_with_cmake_alone_and_as_a_part(tmp_path: Path, program) -> None:
    if not (shutil.which("cmake") and shutil.which("cc")):
        pytest.skip("cmake or cc is not installed")
    artifact = build(program())
    prefix = artifact.provenance["prefix"]
    write_files(artifact.files, tmp_path / "model")
    run(["cmake", "-S", "model", "-B", "b", f"-DCMAKE_C_FLAGS={STRICT}"], tmp_path)
    run(["cmake", "--build", "b"], tmp_path)
    assert subprocess.run([str(tmp_path / "b" / f"{prefix}_example")], check=False).returncode in range(3)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(firmware C)\nadd_subdirectory(model)\n"
        f"add_executable(firmware model/main.c)\ntarget_link_libraries(firmware {prefix})\n"
    )
    run(["cmake", "-S", ".", "-B", "whole"], tmp_path)
    run(["cmake", "--build", "whole"], tmp_path)


@pytest.mark.parametrize("program", [classifier, deep])
def test_the_arduino_sketch_compiles_as_cpp_against_the_library(tmp_path: Path, program) -> None:
    if not (shutil.which("g++") and shutil.which("gcc")):
        pytest.skip("g++ is not installed")
    artifact = build(program(), layout="arduino")
    prefix = artifact.provenance["prefix"]
    write_files(artifact.files, tmp_path)
    properties = dict(
        line.split("=", 1) for line in (tmp_path / "library.properties").read_text().splitlines()
    )
    needed = (
        "name",
        "version",
        "author",
        "maintainer",
        "sentence",
        "paragraph",
        "category",
        "url",
        "architectures",
    )
    assert all(properties[key] for key in needed)
    sketch = f"examples/{prefix}_example/{prefix}_example.ino"
    (tmp_path / "Arduino.h").write_text(
        "#include <stdint.h>\nstruct S { void begin(long) {} void println(int32_t) {} };\n"
        "static S Serial;\nstatic void delay(int) {}\n"
    )
    flags = ["-include", "Arduino.h", "-Isrc", "-std=c++11", *STRICT.split()]
    run(["g++", "-x", "c++", *flags, "-c", sketch, "-o", "sketch.o"], tmp_path)
    run(["gcc", "-std=c99", *STRICT.split(), "-c", f"src/{prefix}.c", "-o", "model.o"], tmp_path)
    (tmp_path / "run.cpp").write_text("void setup(); void loop();\nint main() { setup(); loop(); }\n")
    run(["g++", "run.cpp", "sketch.o", "model.o", "-o", "run"], tmp_path)
    run([str(tmp_path / "run")], tmp_path)


STUBS = """cmake_minimum_required(VERSION 3.16)
project(zephyr C)
set(CONFIG_QCOMPILE_{upper} y)
macro(zephyr_include_directories)
  include_directories(${{CMAKE_CURRENT_SOURCE_DIR}}/${{ARGV0}})
endmacro()
macro(zephyr_library_named name)
  set(ZEPHYR_LIB ${{name}})
  add_library(${{name}} STATIC)
endmacro()
macro(zephyr_library_sources)
  target_sources(${{ZEPHYR_LIB}} PRIVATE ${{CMAKE_CURRENT_SOURCE_DIR}}/${{ARGV0}})
endmacro()
macro(zephyr_library_include_directories)
  target_include_directories(${{ZEPHYR_LIB}} PRIVATE ${{CMAKE_CURRENT_SOURCE_DIR}}/${{ARGV0}})
endmacro()
macro(zephyr_library_compile_options)
  target_compile_options(${{ZEPHYR_LIB}} PRIVATE ${{ARGV}})
endmacro()
add_subdirectory(module)
include_directories(module/include)
add_executable(app module/samples/classify/src/main.c)
target_link_libraries(app {prefix})
"""


def test_the_zephyr_module_builds_with_its_own_cmake_file(tmp_path: Path) -> None:
    """Zephyr's functions replaced by what they do to one library; Kconfig and manifest by their keys."""
    if not (shutil.which("cmake") and shutil.which("cc")):
        pytest.skip("cmake or cc is not installed")
    artifact = build(classifier(), layout="zephyr")
    prefix = artifact.provenance["prefix"]
    write_files(artifact.files, tmp_path / "module")
    module = (tmp_path / "module/zephyr/module.yml").read_text()
    assert module == f"name: {prefix}\nbuild:\n  cmake: .\n  kconfig: Kconfig\n"
    option = f"config QCOMPILE_{prefix.upper()}\n"
    assert (tmp_path / "module/Kconfig").read_text().startswith(option)
    assert (
        tmp_path / "module/samples/classify/prj.conf"
    ).read_text() == f"CONFIG_QCOMPILE_{prefix.upper()}=y\n"
    (tmp_path / "CMakeLists.txt").write_text(STUBS.format(upper=prefix.upper(), prefix=prefix))
    run(["cmake", "-S", ".", "-B", "b"], tmp_path)
    run(["cmake", "--build", "b"], tmp_path)
