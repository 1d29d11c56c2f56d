"""A place in a bucket answers as a path of this machine does."""

import os
import pickle
import uuid
from pathlib import Path

import pytest

from poreflux.objects import at
from poreflux.objects.credentials import s3_settings
from poreflux.store import disk

CONTENT = {"zarr.json": b"root", "gray/zarr.json": b"array", "gray/c/0/0/1": b"abcdefgh"}
PLACES = ("here", "s3", "gs", "memory")


@pytest.fixture(params=PLACES)
def place(request, tmp_path):
    if request.param == "here":
        root = tmp_path
    elif request.param == "memory":
        root = at(f"memory://{uuid.uuid4().hex}/day")
    elif request.param == "gs":
        request.getfixturevalue("google")
        root = at(f"gs://{uuid.uuid4().hex}/day")
    else:
        root = request.getfixturevalue("cloud")
    for name, payload in CONTENT.items():
        disk.write_file(root / name, payload)
    return root


def test_what_is_written_is_read(place):
    found = {str(p.relative_to(place)): p.read_bytes() for p in place.rglob("*") if p.is_file()}
    assert found == CONTENT


def test_a_missing_object_is_a_missing_file(place):
    missing = place / "gray" / "none"
    assert not missing.exists()
    assert not missing.is_file()
    assert not missing.is_dir()
    for ask in (missing.read_bytes, missing.stat, lambda: missing.open("rb")):
        with pytest.raises(FileNotFoundError):
            ask()
    missing.unlink(missing_ok=True)


def test_folders_are_told_from_files(place):
    assert place.is_dir()
    assert (place / "gray").is_dir()
    assert not (place / "gray").is_file()
    assert (place / "gray" / "zarr.json").is_file()
    assert sorted(p.name for p in place.iterdir()) == ["gray", "zarr.json"]


@pytest.mark.parametrize(
    "pattern, names",
    [
        ("*/zarr.json", ["gray/zarr.json"]),
        ("gray/*/*", ["gray/c/0"]),
        ("gray/c", ["gray/c"]),
        ("g*", ["gray"]),
        ("*.none", []),
    ],
)
def test_patterns_name_the_same(place, pattern, names):
    assert sorted(str(p.relative_to(place)) for p in place.glob(pattern)) == names


@pytest.mark.parametrize("buffering", [0, -1])
def test_parts_of_a_file_are_read(place, buffering):
    options = {"buffering": 0} if buffering == 0 else {}
    with (place / "gray/c/0/0/1").open("rb", **options) as file:
        file.seek(2)
        assert file.read(3) == b"cde"
        file.seek(-4, os.SEEK_END)
        assert file.read() == b"efgh"
        assert file.read(1) == b""
        with pytest.raises(OSError, match="nvalid"):
            file.seek(-9, os.SEEK_END)


def test_a_stamp_changes_with_the_content(place):
    path = place / "gray" / "zarr.json"
    before = path.stat()
    disk.write_file(path, b"other")
    assert path.stat().st_size == before.st_size
    assert (path.stat().st_ino, path.stat().st_mtime_ns) != (before.st_ino, before.st_mtime_ns)


def test_what_is_removed_is_gone_and_no_more_than_that(place):
    disk.write_file(place / "gray-2" / "zarr.json", b"")
    disk.remove(place / "gray")
    assert sorted(p.name for p in place.iterdir()) == ["gray-2", "zarr.json"]


def test_a_folder_takes_another_name(place):
    disk.move(place / "gray", place / "grey")
    assert (place / "grey/c/0/0/1").read_bytes() == b"abcdefgh"
    assert not (place / "gray").exists()


def test_text_becomes_a_place():
    assert at("vol.zarr") == Path("vol.zarr")
    assert at("file:///data/vol.zarr") == Path("/data/vol.zarr")
    path = at("s3://tomo//day/./vol.zarr/")
    assert str(path) == "s3://tomo/day/vol.zarr"
    assert str(path.with_name("r.zarr")) == "s3://tomo/day/r.zarr"
    assert path.resolve() == at(path) == pickle.loads(pickle.dumps(path))


@pytest.mark.parametrize("text", ["ftp://tomo/v", "s3://", "s3:///v", "s3://tomo/../v"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(ValueError, match=r"storage|bucket"):
        at(text)


def test_the_memory_of_a_process_is_not_given_to_another():
    with pytest.raises(ValueError, match="memory of one process"):
        pickle.dumps(at("memory://tomo/v"))


def test_keys_come_from_the_files_of_a_user_where_the_environment_has_none(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    (tmp_path / "keys").write_text(
        "[default]\naws_access_key_id = a\naws_secret_access_key = b\n[lab]\n"
        "aws_access_key_id = c\naws_secret_access_key = d\n"
    )
    (tmp_path / "config").write_text(
        "[profile lab]\nregion = eu-west-1\nendpoint_url = http://store.lab\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region": "us-east-1"}
    assert s3_settings() == (keys, False)
    monkeypatch.setenv("AWS_PROFILE", "lab")
    lab = {"aws_access_key_id": "c", "aws_secret_access_key": "d", "region": "eu-west-1"}
    assert s3_settings() == ({**lab, "endpoint": "http://store.lab"}, True)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "e")
    assert "aws_access_key_id" not in s3_settings()[0]
