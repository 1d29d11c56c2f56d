"""A file takes values from its own folder, and from elsewhere only where that is allowed."""

import h5py
import numpy as np
import pytest

from poreflux import read, store
from poreflux.errors import UnreadableImage

SHAPE = (3, 4, 5)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scan").mkdir()
    (tmp_path / "other").mkdir()
    np.arange(60, dtype=np.uint8).tofile(tmp_path / "other" / "v.raw")
    with h5py.File(tmp_path / "other" / "v.h5", "w") as file:
        file["data"] = np.arange(60, dtype=np.uint8).reshape(SHAPE)
    return tmp_path


def detached(folder):
    text = "NRRD0004\ntype: uint8\ndimension: 3\nsizes: 5 4 3\nencoding: raw\n"
    (folder / "scan/v.nhdr").write_text(f"{text}data file: ../other/v.raw\n\n")
    return folder / "scan/v.nhdr", {}


def virtual(folder):
    layout = h5py.VirtualLayout(SHAPE, np.uint8)
    layout[:] = h5py.VirtualSource(str(folder / "other/v.h5"), "data", shape=SHAPE)
    with h5py.File(folder / "scan/v.h5", "w") as file:
        file.create_virtual_dataset("data", layout)
    return folder / "scan/v.h5", {}


def external(folder):
    with h5py.File(folder / "scan/v.h5", "w") as file:
        parts = [(str(folder / "other/v.raw"), 0, 60)]
        file.create_dataset("data", SHAPE, np.uint8, external=parts)
    return folder / "scan/v.h5", {}


MAKERS = [detached, virtual, external]


@pytest.mark.parametrize("make", MAKERS)
def test_values_from_elsewhere_are_refused_unless_allowed(folder, make):
    path, options = make(folder)
    with pytest.raises(UnreadableImage, match=r"outside of its folder.*allow_external=True"):
        read(path, voxel_size=1, **options)
    volume = read(path, voxel_size=1, allow_external=True, **options)
    np.testing.assert_array_equal(volume.gray.values.ravel(), np.arange(60))


@pytest.mark.parametrize("make", MAKERS)
def test_the_hash_covers_every_file_that_was_read(folder, make):
    path, options = make(folder)
    hashes = []
    for name in ("a", "b"):
        volume = read(path, voxel_size=1, allow_external=True, **options)
        made = store.save(volume, folder / f"{name}.zarr")
        hashes.append(store.open(made).attrs["source_sha256"])
        for other in (folder / "other").iterdir():
            content = bytearray(other.read_bytes())
            content[-1] ^= 1
            other.write_bytes(content)
    assert hashes[0] != hashes[1]


@pytest.mark.parametrize("make", MAKERS)
def test_a_missing_file_is_named_and_not_read_as_zeros(folder, make):
    path, options = make(folder)
    for other in list((folder / "other").iterdir()):
        other.unlink()
    with pytest.raises(UnreadableImage, match="missing"):
        read(path, voxel_size=1, allow_external=True, **options)
