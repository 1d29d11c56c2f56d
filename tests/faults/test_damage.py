"""Whatever byte of a store is lost or altered, `verify` names it, and reading refuses it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poreflux import from_array, store
from poreflux.errors import DamagedStore
from poreflux.store import box, metadata
from poreflux.store.layout import dump

SHAPE = (13, 17, 19)


@pytest.fixture(scope="module", params=[10**6, 1], ids=["plain", "sharded"])
def whole(request, tmp_path_factory):
    """Return a store with grey values, labels, pyramids and a field."""
    rng = np.random.default_rng(5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("poreflux.store.layout.MANY_CHUNKS", request.param)
        gray = from_array(rng.integers(0, 99, SHAPE).astype(np.uint8), kind="gray")
        path = store.save(gray, tmp_path_factory.mktemp("whole") / "v.zarr", chunk=6)
        store.add(from_array(gray.gray.values > 50), path)
    with store.new_fields(path, {"potential": {}}, chunk=(13, 8, 19)) as folder:
        for y in (0, 8, 16):
            part = np.full((13, min(8, 17 - y), 19), y, np.float32)
            store.write_box(folder, "potential", (0, y, 0), part)
    return path


def files(path: Path) -> list[Path]:
    return sorted(p.relative_to(path) for p in path.rglob("*") if p.is_file())


def names(damages) -> set[str]:
    return {damage.array for damage in damages}


def array_of(file: Path) -> str:
    """Return the array that a file of the store belongs to."""
    parts = file.parts[: file.parts.index("c")] if "c" in file.parts else file.parts[:-1]
    return "/".join(parts)


def seal(path: Path) -> None:
    """Seal a store anew, whatever is in it."""
    root = metadata.seal(box.read_document(path / "zarr.json"), metadata.documents(path))
    (path / "zarr.json").write_bytes(dump(root))


def test_a_whole_store_has_no_damage(whole):
    assert store.verify(whole) == []


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_flipped_bit_is_named(whole, data):
    file = whole / data.draw(st.sampled_from(files(whole)))
    content = file.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    altered = bytearray(content)
    altered[place] ^= 1 << data.draw(st.integers(0, 7))
    file.write_bytes(altered)
    try:
        damages = store.verify(whole)
    finally:
        file.write_bytes(content)
    assert array_of(file.relative_to(whole)) in names(damages)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_truncated_file_is_named(whole, data):
    file = whole / data.draw(st.sampled_from(files(whole)))
    content = file.read_bytes()
    file.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    try:
        damages = store.verify(whole)
    finally:
        file.write_bytes(content)
    assert array_of(file.relative_to(whole)) in names(damages)


def test_any_deleted_file_is_named(whole):
    for file in files(whole):
        content = (whole / file).read_bytes()
        (whole / file).unlink()
        damages = store.verify(whole)
        (whole / file).write_bytes(content)
        assert array_of(file) in names(damages), file
    assert store.verify(whole) == []


def test_a_deleted_array_is_named(whole, tmp_path):
    for name in ("gray", "pyramid/phase/1", "z"):
        shutil.move(whole / name, tmp_path / "away")
        damages = store.verify(whole)
        shutil.move(tmp_path / "away", whole / name)
        assert names(damages) == {name}


@pytest.mark.parametrize("chunk", [(0, 0, 0), (1, 2, 3), (2, 2, 3)])
def test_damage_is_named_by_chunk_and_voxels(whole, chunk):
    """Alter one byte of the middle of one chunk; nothing else is named."""
    from poreflux.store import box, codec

    array, layout = box.find(whole, "phase")
    index = tuple(c // n for c, n in zip(chunk, layout.inner_grid))
    file = layout.file(array, index)
    content = file.read_bytes()
    piece = dict(codec.pieces(content, layout, index))[chunk]
    altered = bytearray(content)
    altered[content.index(bytes(piece)) + len(piece) // 2] ^= 1
    file.write_bytes(altered)
    try:
        (damage,) = store.verify(whole)
        voxels = tuple((6 * c, min(6 * c + 6, n)) for c, n in zip(chunk, SHAPE))
        assert (damage.array, damage.chunk, damage.voxels) == ("phase", chunk, voxels)
        start, stop = zip(*voxels)
        with pytest.raises(DamagedStore, match="/".join(map(str, chunk))):
            store.read_box(whole, "phase", start, stop)
        assert np.all(store.read_box(whole, "gray") == store.open(whole).gray.values)
        with pytest.raises(DamagedStore):
            store.open(whole).phase.values  # noqa: B018
    finally:
        file.write_bytes(content)


def test_a_chunk_of_255_is_named_even_with_a_right_checksum(tmp_path):
    path = store.save(from_array(np.zeros(SHAPE, np.uint8)), tmp_path / "v.zarr", chunk=8)
    (path / "phase/checksums").unlink()  # as it was before there were tables
    seal(path)
    part = np.zeros((8, 8, 8), np.uint8)
    part[2, 3, 4] = 255
    store.write_box(path, "phase", (0, 8, 0), part)
    (damage,) = store.verify(path)
    assert damage.chunk == (0, 1, 0)
    assert "1 of its voxels hold 255" in damage.what


def test_what_is_no_store_cannot_be_verified(tmp_path):
    with pytest.raises(FileNotFoundError):
        store.verify(tmp_path / "nothing.zarr")
    (damage,) = store.verify(tmp_path)
    assert damage.what == "zarr.json is missing"


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_store_with_altered_metadata_is_opened_or_called_damaged(whole, data):
    file = whole / data.draw(st.sampled_from([f for f in files(whole) if f.name == "zarr.json"]))
    content = file.read_bytes()
    altered = bytearray(content)
    for place, value in data.draw(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)))):
        altered[int(place * (len(content) - 1))] = value
    file.write_bytes(altered)
    try:
        volume = store.open(whole)
        if volume.sizes == dict(zip("zyx", SHAPE)):
            volume[next(iter(volume.data_vars))].values  # noqa: B018
    except DamagedStore:
        pass
    finally:
        file.write_bytes(content)


def exchange(one: Path, other: Path) -> None:
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("other", ["gray/c/1/0/0", "potential/c/0/0/0"])
def test_chunks_that_changed_places_are_named_and_not_read(whole, quick, other):
    """Exchange two files of an array, and put one in the place of another array's."""
    one, other = whole / "gray/c/0/0/0", whole / other
    kept = one.read_bytes(), other.read_bytes()
    exchange(one, other)
    try:
        damages = store.verify(whole, quick=quick)
        assert "gray" in names(damages)
        with pytest.raises(DamagedStore):
            store.open(whole).gray.values  # noqa: B018
        with pytest.raises(DamagedStore):
            store.read_box(whole, "gray")
    finally:
        one.write_bytes(kept[0])
        other.write_bytes(kept[1])


def test_one_chunk_copied_over_another_is_named(whole):
    one, other = whole / "gray/c/0/0/0", whole / "gray/c/1/0/0"
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    try:
        damages = store.verify(whole)
        assert {damage.what for damage in damages} == {
            "it is whole, but it is not the chunk that was written here"
        }
    finally:
        one.write_bytes(kept)


@pytest.mark.parametrize(
    "file, old, new",
    [
        ("phase/zarr.json", '"pore electrolyte"', '"electrolyte pore"'),
        ("phase/zarr.json", "[\n      0,\n      1\n    ]", "[\n      1,\n      0\n    ]"),
        ("zarr.json", '"voxel_size": [\n      1.0', '"voxel_size": [\n      2.0'),
    ],
)
def test_metadata_with_another_meaning_is_refused(whole, file, old, new):
    path = whole / file
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))
    try:
        with pytest.raises(DamagedStore, match=r"zarr\.json"):
            store.open(whole)
        with pytest.raises(DamagedStore, match=r"zarr\.json"):
            store.read_box(whole, "phase")
    finally:
        path.write_text(content)


@pytest.mark.parametrize("file", ["phase/zarr.json", "phase/checksums", "zarr.json"])
def test_lost_metadata_is_damage(whole, file, tmp_path):
    shutil.move(whole / file, tmp_path / "away")
    try:
        with pytest.raises((DamagedStore, FileNotFoundError)):
            store.open(whole)
    finally:
        shutil.move(tmp_path / "away", whole / file)


def test_a_store_without_a_seal_is_refused(whole):
    path = whole / "zarr.json"
    content = path.read_text()
    path.write_text(content.replace('"poreflux": {', '"porefluy": {'))
    try:
        with pytest.raises(DamagedStore, match="format"):
            store.open(whole)
    finally:
        path.write_text(content)


def test_grey_chunks_are_unpacked_unless_it_is_to_be_quick(tmp_path):
    """Give a chunk that does not unpack a right checksum everywhere."""
    from poreflux.store import box, checksums, codec

    gray = from_array(np.zeros(SHAPE, np.uint8), kind="gray")
    path = store.save(gray, tmp_path / "v.zarr", chunk=8)
    array, layout = box.find(path, "gray")
    (array / "c/0/0/0").write_bytes(codec._with_crc(b"this is not zstd"))
    checksums.write(array, layout)
    seal(path)
    assert store.verify(path, quick=True) == []
    (damage,) = store.verify(path)
    assert damage.array == "gray"
    assert "unpack" in damage.what
