"""`poreflux verify --repair-from` writes what is damaged anew, and names what it cannot mend."""

import numpy as np

from tests.cli.command import inside


def test_a_damaged_chunk_comes_back_from_the_scan(tmp_path):
    values = np.random.default_rng(4).integers(0, 99, (9, 10, 11)).astype(np.uint8)
    np.save(tmp_path / "g.npy", values)
    words = ("import", "g.npy", "v.zarr", "--voxel-size", "1", "--chunk", "5")
    assert inside(*words, cwd=tmp_path).status == 0
    whole = (tmp_path / "v.zarr/gray/c/1/0/1").read_bytes()
    (tmp_path / "v.zarr/gray/c/1/0/1").unlink()
    ran = inside("verify", "v.zarr", cwd=tmp_path)
    assert ran.status == 1
    assert "1 damaged chunks" in ran.err
    mended = inside("verify", "v.zarr", "--repair-from", "g.npy", cwd=tmp_path)
    assert (mended.status, mended.err) == (0, "")
    assert (tmp_path / "v.zarr/gray/c/1/0/1").read_bytes() == whole
    assert inside("verify", "v.zarr", cwd=tmp_path).status == 0


def test_another_scan_mends_nothing(tmp_path):
    np.save(tmp_path / "g.npy", np.full((9, 10, 11), 3, np.uint8))
    np.save(tmp_path / "other.npy", np.full((9, 10, 11), 4, np.uint8))
    assert inside("import", "g.npy", "v.zarr", "--voxel-size", "1", cwd=tmp_path).status == 0
    chunk = next(path for path in (tmp_path / "v.zarr/gray/c").rglob("*") if path.is_file())
    chunk.write_bytes(b"torn")
    ran = inside("verify", "v.zarr", "--repair-from", "other.npy", cwd=tmp_path)
    assert ran.status in (1, 2)
    assert chunk.read_bytes() == b"torn"
