"""A disk that is full or fails ends a write with one sentence, and nothing written is lost."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from poreflux import from_array, store
from poreflux.errors import CannotWrite, StoreExists, TooLarge
from tests.faults.table import record

ROOT = Path(__file__).parents[2]
VOLUME = from_array(np.arange(6 * 7 * 8, dtype=np.uint8).reshape(6, 7, 8) % 200, kind="gray")


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, **options)


@pytest.fixture
def small_disk(tmp_path):
    """Return a function that runs a module in a namespace of its own, where a tmpfs is mounted."""
    if run(["unshare", "-rm", "true"]).returncode:
        pytest.skip("this system lets nobody mount a tmpfs of one's own")

    def on_small_disk(module: str, size: str):
        mount = (
            f"mount -t tmpfs -o size={size} tmpfs {tmp_path} && exec {sys.executable} -m {module}"
        )
        return run(["unshare", "-rm", "sh", "-c", f"{mount} {tmp_path}"], check=True)

    return on_small_disk


def test_a_full_disk_ends_with_a_sentence_and_loses_nothing(small_disk):
    out = small_disk("tests.faults.filling", "2m")
    verdict = json.loads(out.stdout)
    wrong = len(verdict["visible"]) + len(verdict["unlike"])
    ending = "one sentence, what is written is kept, the repeat ends in the same bytes"
    record("the disk is full", "store: save", verdict["full"] + verdict["forecast"], wrong, ending)
    assert verdict["full"] > 5
    assert verdict["forecast"] > 0
    assert verdict["kept"] > 3
    assert verdict["visible"] == verdict["unlike"] == []
    assert verdict["left"] == []
    assert all("the disk is full" in sentence for sentence in verdict["sentences"])
    assert out.stderr == ""


@pytest.mark.parametrize(
    "fault, path, says",
    [
        ("fsync:error=EIO", "v.zarr.partial/data/gray/zarr.json", "Input/output error"),
        ("fsync:error=EIO", "v.zarr.partial", "Input/output error"),
        ("rename:error=EIO", "v.zarr.partial/data", "Input/output error"),
        ("mkdir:error=EACCES", "v.zarr.partial/data/gray/c/1", "Permission denied"),
        ("mkdir:error=ENOSPC", "v.zarr.partial/data/gray/c/1", "the disk is full"),
        ("mkdir:error=EDQUOT", "v.zarr.partial/data/pyramid", "the disk is full"),
    ],
)
def test_a_failing_disk_is_told_in_one_sentence(tmp_path, fault, path, says):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    code = (
        "import sys, numpy as np\n"
        "from poreflux import from_array, save\n"
        "from poreflux.errors import CannotWrite\n"
        "volume = from_array(np.ones((6, 7, 8), np.uint8), kind='gray')\n"
        "try: save(volume, sys.argv[1], chunk=4)\n"
        "except CannotWrite as error: sys.exit(str(error))\n"
    )
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={fault}"]
    command += ["-P", str(tmp_path / path), sys.executable, "-c", code, str(tmp_path / "v.zarr")]
    out = run(command)
    assert out.returncode == 1
    assert says in out.stderr
    assert out.stderr.count("\n") == 1
    assert not (tmp_path / "v.zarr").exists()
    same = from_array(np.ones((6, 7, 8), np.uint8), kind="gray")
    assert store.verify(store.save(same, tmp_path / "v.zarr", chunk=4)) == []
    assert [p.name for p in tmp_path.iterdir()] == ["v.zarr"]
    record(f"{fault} on {path}", "store: save", 1, 0, "one sentence; the repeat is whole")


def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(CannotWrite, match="cannot be written: Not a directory"):
        store.save(VOLUME, tmp_path / "file" / "v.zarr")


def test_what_cannot_fit_on_the_disk_is_refused_before_the_work(tmp_path):
    import dask.array as da

    huge = from_array(da.zeros((10**6,) * 3, dtype=np.uint8, chunks=10**5), kind="gray")
    with pytest.raises(TooLarge, match="GiB of disk"):
        store.save(huge, tmp_path / "v.zarr", chunk=10**4)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_store_is_never_replaced(tmp_path, overwrite):
    (tmp_path / "notes.txt").write_text("keep me")
    for target in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(StoreExists, match="not a store"):
            store.save(VOLUME, target, overwrite=overwrite)
    assert (tmp_path / "notes.txt").read_text() == "keep me"


def test_another_store_is_replaced_only_where_that_is_asked_for(tmp_path):
    path = store.save(VOLUME, tmp_path / "v.zarr")
    other = from_array(np.ones((3, 3, 3), np.uint8))
    with pytest.raises(StoreExists, match="overwrite=True"):
        store.save(other, path)
    assert store.open(path).gray.shape == (6, 7, 8)
    store.save(other, path, overwrite=True)
    assert list(store.open(path).data_vars) == ["phase"]
    assert [p.name for p in tmp_path.iterdir()] == ["v.zarr"]


def test_a_damaged_store_is_mended_by_the_same_save_with_overwrite(tmp_path):
    path = store.save(VOLUME, tmp_path / "v.zarr")
    (path / "gray/c/0/0/0").unlink()
    store.save(VOLUME, path, overwrite=True)
    assert store.verify(path) == []
