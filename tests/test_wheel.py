"""What pip installs holds every file that the tree holds: code, page, targets, C headers."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_holds_every_tracked_file_of_the_packages_and_runs_without_the_tree(tmp_path: Path) -> None:
    git = ["git", "ls-files", "qcompile", "kernels", "targets"]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = {name for name in listed.stdout.split() if not (ROOT / name).is_symlink()}
    source = tmp_path / "source"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(source)], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(source)]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    expected = {name if name.startswith("qcompile/") else f"qcompile/{name}" for name in tracked}
    assert expected - packed == set()

    place = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(place)
    code = (
        "from qcompile.cli import main; import qcompile.report.page, qcompile.kernels; "
        "assert 'installed' in qcompile.__file__; main(['targets'])"
    )
    command, environment = [sys.executable, "-c", code], {"PYTHONPATH": str(place)}
    found = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0 and "cortex-m4" in found.stdout, found.stderr
