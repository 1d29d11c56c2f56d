"""Seeded damages to a volume: each is named by `verify`, and none gives another number."""

import random
import shutil

import numpy as np
import pytest

from poreflux import from_array, store
from poreflux.errors import PorefluxError
from tests.faults.table import record, tries

SHAPE = (13, 17, 19)
NAMES = ("gray", "phase", "potential")


@pytest.fixture(scope="module", params=[10**6, 1], ids=["plain", "sharded"])
def whole(request, tmp_path_factory):
    rng = np.random.default_rng(5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("poreflux.store.layout.MANY_CHUNKS", request.param)
        gray = from_array(rng.integers(0, 99, SHAPE).astype(np.uint8), kind="gray")
        path = store.save(gray, tmp_path_factory.mktemp("whole") / "v.zarr", chunk=6)
        store.add(from_array(gray.gray.values > 50), path)
    with store.new_fields(path, {"potential": {}}, chunk=(13, 8, 19)) as folder:
        store.write_box(folder, "potential", (0, 0, 0), rng.random(SHAPE).astype(np.float32))
    return path


def flip(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    altered = bytearray(content)
    altered[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(altered)


def truncate(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def delete(content: bytes, others: list[bytes], rng: random.Random) -> None:
    return None


def overwrite_with_zeros(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    start = rng.randrange(len(content))
    stop = rng.randrange(start, len(content)) + 1
    return content[:start] + bytes(stop - start) + content[stop:]


def put_another_in_place(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    return rng.choice(others)


def values(path) -> list[bytes]:
    volume = store.open(path)
    return [str(volume.attrs["voxel_size"]).encode(), str(volume.phase.attrs).encode()] + [
        volume[name].values.tobytes() for name in NAMES
    ]


DAMAGES = [flip, truncate, delete, overwrite_with_zeros, put_another_in_place]


@pytest.mark.parametrize("count", [tries(30, 110), pytest.param(80, marks=pytest.mark.slow)])
@pytest.mark.parametrize("damage", DAMAGES)
def test_no_damage_gives_another_number(whole, damage, count, request):
    rng = random.Random(f"{damage.__name__} {count}")
    files = sorted(path for path in whole.rglob("*") if path.is_file())
    content = {path: path.read_bytes() for path in files}
    expected, tried, wrong = values(whole), 0, []
    for _ in range(count):
        path = rng.choice(files)
        others = [content[other] for other in files if other.name == path.name]
        altered = damage(content[path], others, rng)
        if altered == content[path]:
            continue
        path.unlink()
        if altered is not None:
            path.write_bytes(altered)
        tried += 1
        if not store.verify(whole) or not store.verify(whole, quick=True):
            wrong.append(f"{path} is not named")
        try:
            if values(whole) != expected:
                wrong.append(f"{path} changes values")
        except (PorefluxError, FileNotFoundError):
            pass
        path.write_bytes(content[path])
    layout = "plain" if request.node.callspec.params["whole"] > 1 else "sharded"
    fault = f"a file: {damage.__name__.replace('_', ' ')}"
    ending = "named by verify; refused, or the same values"
    record(fault, f"volume, {layout}: open, read, verify", tried, len(wrong), ending)
    assert wrong == []
    assert tried > 20


def test_no_whole_store_is_called_damaged(whole, tmp_path):
    count = tries(5, 50)
    for number in range(count):
        copy = tmp_path / f"{number}.zarr"
        shutil.copytree(whole, copy)
        assert store.verify(copy) == []
    record("none", "volume: verify", count, 0, "no damage is named")
