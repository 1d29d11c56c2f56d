"""HDF5 is read by a process apart: where that dies, this one says so and goes on."""

import os
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from poreflux import read, store
from poreflux.errors import UnreadableImage
from poreflux.readers import apart


@pytest.fixture
def values(rng):
    return rng.integers(0, 99, (16, 24, 20)).astype("u2")


@pytest.fixture
def scan(tmp_path, values):
    path = tmp_path / "v.h5"
    with h5py.File(path, "w", libver="earliest") as file:
        file.create_dataset("v", data=values, chunks=(5, 8, 7), scaleoffset=0)
    shutil.copy(path, tmp_path / "whole.h5")
    return path


def reader():
    return apart._READERS[os.getpid()]


@pytest.mark.parametrize("place", range(969, 973))
def test_damage_that_ends_the_library_is_said_in_a_sentence(scan, values, place):
    """One of these bytes is a parameter of the filter, which HDF5 1.14 trusts: signal 11."""
    content = bytearray(scan.read_bytes())
    content[place] ^= 71
    scan.write_bytes(content)
    said = ""
    try:
        read(scan, voxel_size=1).gray.values  # noqa: B018
    except UnreadableImage as error:
        said = str(error)
    assert not said or f"{scan} cannot be read as an HDF5 file" in said
    assert read(scan.parent / "whole.h5", voxel_size=1).gray.shape == (16, 24, 20)


def end(process):
    """Kill a process, and wait until it is gone."""
    process.kill()
    process.wait()


def test_after_a_death_the_next_file_is_read(scan, values):
    volume = read(scan, voxel_size=1)
    end(reader().process)
    with pytest.raises(UnreadableImage, match=r"v\.h5 cannot be read .* ended by SIGKILL"):
        volume.gray.values  # noqa: B018
    np.testing.assert_array_equal(volume.gray.values, values)


def test_an_import_whose_reader_dies_leaves_no_store(scan, tmp_path):
    volume = read(scan, voxel_size=1)
    end(reader().process)
    with pytest.raises(UnreadableImage, match="SIGKILL"):
        store.save(volume, tmp_path / "v.zarr")
    assert not (tmp_path / "v.zarr").exists()
    path = store.save(volume, tmp_path / "v.zarr")
    assert store.open(path).gray.shape == volume.gray.shape


def test_a_fork_has_a_reader_of_its_own(scan, values):
    read(scan, voxel_size=1)
    parent = reader().process
    code = (
        "import os, sys, numpy as np\nfrom poreflux import read\n"
        "volume = read(sys.argv[1], voxel_size=1)\nchild = os.fork()\n"
        "total = int(volume.gray.values.sum())\n"
        "if child: sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "os._exit(0 if total == int(sys.argv[2]) else 1)\n"
    )
    total = int(values.sum())
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, scan, str(total)], check=True)
    assert parent.poll() is None


def test_the_other_process_ends_with_this_one(scan):
    code = (
        "import os, sys\nfrom poreflux import read\nfrom poreflux.readers import apart\n"
        "read(sys.argv[1], voxel_size=1)\nprint(apart._READERS[os.getpid()].process.pid)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, scan], capture_output=True, text=True, check=True
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int(ran.stdout), 0)


def test_what_the_other_process_refuses_is_refused_here(tmp_path):
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["a"] = file["b"] = np.zeros((2, 2, 2))
    with pytest.raises(ValueError, match=r"has 2 arrays of three axes .*; name one with dataset="):
        read(tmp_path / "two.h5", voxel_size=1)
