"""Compiled code is kept where it can be written: also with a read-only install and home."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import poreflux
from poreflux.kernels import cache_folders, can_write

CODE = """
import numpy as np, warnings
warnings.simplefilter("always")
from numba import config
from poreflux.kernels.median import HELD, median_of_27
out = np.zeros((1, 1, 1), np.float32)
median_of_27(np.ones((3, 3, 3), np.float32), out, np.zeros((HELD, 1), np.float32))
print(out.item(), config.CACHE_DIR)
"""

#: binds folders onto themselves, read-only, as a container with a site's modules has them
READ_ONLY = """
for folder in $FROZEN; do mount --bind $folder $folder && mount -o remount,ro,bind $folder || exit 9
done
exec "$@"
"""


def frozen(folders, environment, code=CODE):
    """Run code with read-only folders in a mount namespace of its own."""
    line = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", sys.executable, "-c", code]
    given = {**os.environ, **environment, "FROZEN": " ".join(map(str, folders))}
    for name in ("NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT"):  # the run without compilation sets it
        given.pop(name, None)
    return subprocess.run(line, capture_output=True, text=True, env=given, cwd="/")


@pytest.fixture
def install(tmp_path):
    """Return a copy of the package without compiled code; skip where namespaces are not granted."""
    if shutil.which("unshare") is None or frozen([tmp_path], {}, "pass").returncode:
        pytest.skip("this machine grants no mount namespace")
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(poreflux.__file__).parent, tmp_path / "site/poreflux", ignore=without)
    (tmp_path / "home").mkdir()
    (tmp_path / "scratch").mkdir()
    return tmp_path


def test_a_read_only_install_and_home_keep_kernels_in_the_scratch_folder(install):
    places = {"PYTHONPATH": install / "site", "HOME": install / "home", "XDG_CACHE_HOME": "",
              "TMPDIR": install / "scratch"}  # fmt: skip
    environment = {key: str(value) for key, value in places.items()}
    ran = frozen([install / "site", install / "home"], environment)
    assert ran.stdout.split() == ["1.0", str(install / "scratch" / f"poreflux-{os.getuid()}")], ran
    assert list((install / "scratch").rglob("*.nbi"))


def test_where_nothing_can_be_written_kernels_live_in_memory_with_one_warning(install):
    places = {"PYTHONPATH": install / "site", "HOME": install / "home", "XDG_CACHE_HOME": "",
              "TMPDIR": install / "scratch"}  # fmt: skip
    environment = {key: str(value) for key, value in places.items()}
    ran = frozen([install / name for name in ("site", "home", "scratch")], environment)
    assert ran.stdout.split() == ["1.0"], ran
    assert ran.stderr.count("compiled code can be kept nowhere") == 1


def test_folders_are_tried_in_order(tmp_path):
    given = {"XDG_CACHE_HOME": str(tmp_path / "x"), "TMPDIR": str(tmp_path / "t")}
    first, second, third = cache_folders(given, tmp_path / "h")
    assert (first, second) == (tmp_path / "x/poreflux", tmp_path / "h/.cache/poreflux")
    assert third.parent == tmp_path / "t"
    assert can_write(first)
    (tmp_path / "file").touch()
    assert not can_write(tmp_path / "file" / "below")
