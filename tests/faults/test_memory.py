"""The peak of memory of an import is set by a slab of the volume, not by the volume."""

import json
import subprocess
import sys

import dask.array as da
import numpy as np
import pytest
import tifffile

from poreflux import from_array, store
from poreflux.errors import TooLarge
from poreflux.store import forecast
from tests.faults.table import record, tries

CODE = """
import sys
import numpy as np
from poreflux import from_array, read, save

def peak():
    # ru_maxrss would begin with that of the process that started this one
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status["VmHWM"].split()[0]) * 1024

folder = sys.argv[1]
save(from_array(np.zeros((40, 40, 40), np.uint8)), folder + "/small.zarr", chunk=16)
before = peak()
options = eval(sys.argv[3])
save(read(sys.argv[2], voxel_size=1, **options), folder + "/large.zarr")
print(peak() - before)
"""

MANY = """
import gc, json, sys
from pathlib import Path
import h5py
import psutil
import poreflux as pf
from poreflux import results

folder, count, process, seen = Path(sys.argv[1]), int(sys.argv[2]), psutil.Process(), []
volume = pf.phantoms.random_sites((20, 24, 22), 0.7, seed=2)
with h5py.File(folder / "gray.h5", "w") as file:
    file["v"] = volume.phase.values * 100
for number in range(count + 1):
    pf.save(pf.read(folder / "gray.h5", voxel_size=1), folder / "v.zarr", chunk=16, overwrite=True)
    pf.save(pf.segment(pf.open(folder / "v.zarr")), folder / "s.zarr", chunk=16, overwrite=True)
    opened = pf.open(folder / "s.zarr")
    found = [pf.porosity(opened), pf.structure_factor(opened), pf.connectivity(opened)]
    found += [pf.tortuosity_factor(opened), pf.interfacial_current(opened)]
    results.save(pf.collect(*found, volume=opened), folder / "r.zarr", overwrite=True)
    assert not pf.verify(folder / "r.zarr")
    if number % (count // 4) == 0:
        gc.collect()
        seen.append([process.memory_info().rss, process.num_fds(), process.num_threads()])
print(json.dumps(seen))
"""

SHAPE = (768, 900, 1000)
VOLUME = SHAPE[0] * SHAPE[1] * SHAPE[2]
SLAB = 128 * SHAPE[1] * SHAPE[2]


def sparse(path, header: bytes = b""):
    """Make a file of zeros that takes no room on the disk."""
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + VOLUME)


def raw(folder):
    sparse(folder / "v.raw")
    return folder / "v.raw", {"shape": SHAPE, "dtype": "u1"}


def fortran(folder):
    np.save(folder / "head.npy", np.asfortranarray(np.zeros((2, 2, 2), np.uint8)))
    header = (folder / "head.npy").read_bytes()[:128]
    wide = header.replace(b"(2, 2, 2), }" + b" " * 9, f"{SHAPE}, }}".encode().ljust(21))
    sparse(folder / "v.npy", wide)
    return folder / "v.npy", {}


def packed_pages(folder):
    plane = np.zeros(SHAPE[1:], np.uint8)
    with tifffile.TiffWriter(folder / "v.tif") as file:
        for _ in range(SHAPE[0]):
            file.write(plane, compression="zlib", contiguous=False, metadata=None)
    return folder / "v.tif", {}


@pytest.mark.slow
@pytest.mark.parametrize("make", [raw, fortran, packed_pages])
def test_memory_is_bounded_by_a_slab(tmp_path, make):
    path, options = make(tmp_path)
    command = [sys.executable, "-c", CODE, str(tmp_path), str(path), repr(options)]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    grown = int(out.stdout)
    # the slab, pieces of it in hand on each core, and what the allocator keeps
    assert SLAB / 2 < grown < 3 * SLAB < VOLUME / 1.9


@pytest.mark.slow
@pytest.mark.timeout(tries(300, 3000))
def test_memory_is_flat_over_many_analyses(quick_folder):
    """From a file to a current and its results, in one process."""
    count = tries(40, 200)
    command = [sys.executable, "-W", "ignore", "-c", MANY, str(quick_folder), str(count)]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    seen = np.array(json.loads(out.stdout))
    grown = seen[-1] - seen[1]  # the first ones fill the caches of the libraries
    record("one analysis after the other", "import to current, in one process", count,
           int(grown[0] > 8e6), "memory, files and threads stay as many")  # fmt: skip
    assert grown[0] < 8e6, seen
    assert grown[1] <= 2
    assert grown[2] <= 2


@pytest.mark.parametrize("along, across", [(0, 1), (2, 0)])
def test_a_slab_is_cut_in_strips_where_memory_is_short(tmp_path, monkeypatch, rng, along, across):
    array = rng.integers(0, 255, (30, 40, 50)).astype(np.uint8)
    assert forecast.strips(_layout(array), 1, 1, along, across) == 1
    monkeypatch.setattr(forecast, "free_memory", lambda: 20000)
    monkeypatch.setattr(forecast, "available_cores", lambda: 1)
    assert forecast.strips(_layout(array), 1, 1, along, across) > 1
    chunks = [99, 99, 99]
    chunks[along] = 4
    volume = from_array(da.from_array(array, chunks=chunks), kind="gray")
    path = store.save(volume, tmp_path / "v.zarr", chunk=8)
    np.testing.assert_array_equal(store.open(path).gray.values, array)


def test_too_little_memory_is_refused_with_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(forecast, "free_memory", lambda: 3000)
    with pytest.raises(TooLarge, match=r"30x40x50 voxels need \d+\.\d KiB .* 2\.9 KiB are free"):
        store.save(from_array(np.zeros((30, 40, 50), np.uint8)), tmp_path / "v.zarr", chunk=8)
    assert list(tmp_path.iterdir()) == []


def _layout(array):
    from poreflux.store.layout import plan

    return plan("gray", array.shape, array.dtype, chunk=8)
