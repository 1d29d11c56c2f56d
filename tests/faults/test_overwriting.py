"""Nothing of a user is ever overwritten, and nothing is made inside what it is made of."""

import os
import shutil
import stat

import numpy as np
import pytest
import tifffile
import xarray as xr

import poreflux
from poreflux import from_array, read, results, store
from poreflux.errors import StoreExists, UnreadableImage
from tests.faults.killing import tree
from tests.faults.table import record


@pytest.fixture
def found(tmp_path):
    volume = poreflux.phantoms.random_sites((16, 16, 16), 0.2)
    return results.save(
        poreflux.collect(poreflux.porosity(volume), volume=volume), tmp_path / "r.zarr"
    )


def node(path):
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes device nodes")


OTHERS = {
    "a file of data": lambda path: path.write_bytes(np.ones(3).tobytes()),
    "a page of somebody else": lambda path: path.write_text("<!doctype html><title>mine</title>"),
    "an empty file": lambda path: path.touch(),
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a device": node,
    "a link to nothing": lambda path: path.symlink_to("nothing"),
}


def looked_at(path) -> list:
    """Return what is known of a file, but for the time when it was last read."""
    return [number for at, number in enumerate(os.lstat(path)) if at != stat.ST_ATIME]


@pytest.mark.parametrize("other", OTHERS)
def test_a_report_replaces_nothing_but_a_report(found, tmp_path, other):
    path = tmp_path / "page.html"
    OTHERS[other](path)
    before = looked_at(path)
    with pytest.raises(StoreExists, match="not an earlier report"):
        poreflux.report(found, path)
    assert looked_at(path) == before
    record(f"{other} where the page goes", "report", 1, 0, "refused, untouched")


def test_a_report_replaces_a_report(found, tmp_path):
    path = poreflux.report(found, tmp_path / "page.html")
    first = path.stat().st_ino
    assert poreflux.report(found, path).stat().st_ino != first


def test_no_page_goes_into_results_or_a_store(found):
    before = tree(found)
    for place in (found / "page.html", found / "zarr.json", found / "porosity" / "page.html"):
        with pytest.raises(ValueError, match="lies inside the store"):
            poreflux.report(found, place)
    with pytest.raises(ValueError, match="lies inside the store"):
        results.save(xr.Dataset({"porosity": 0.5}), found / "more.zarr")
    assert tree(found) == before


def test_a_store_is_not_made_of_itself(tmp_path):
    path = store.save(from_array(np.ones((4, 5, 6), np.uint8), kind="gray"), tmp_path / "v.zarr")
    before = tree(path)
    for target in (path, path / "inside.zarr"):
        with pytest.raises(ValueError, match="lies"):
            store.save(read(path, voxel_size=1, dataset="gray"), target, overwrite=True)
    assert tree(path) == before


def test_a_store_is_not_made_inside_its_source_nor_around_it(tmp_path):
    (tmp_path / "scan").mkdir()
    for page in range(3):
        tifffile.imwrite(tmp_path / "scan" / f"{page}.tif", np.ones((4, 5), np.uint8))
    volume = read(tmp_path / "scan", voxel_size=1)
    with pytest.raises(ValueError, match="lies in the other"):
        store.save(volume, tmp_path / "scan" / "v.zarr")
    path = store.save(volume, tmp_path / "v.zarr")
    shutil.copytree(tmp_path / "scan", path / "scan")
    within = read(path / "scan", voxel_size=1)
    with pytest.raises(ValueError, match="lies in the other"):
        store.save(within, path, overwrite=True)
    assert len(list((path / "scan").iterdir())) == len(list((tmp_path / "scan").iterdir())) == 3


def test_a_pipe_or_a_device_is_no_source(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(UnreadableImage, match="a pipe or a device"):
            read(path, voxel_size=1)
        with pytest.raises(UnreadableImage, match="a pipe or a device"):
            read(path, voxel_size=1, shape=(3, 4, 5), dtype="u1")
