"""What a storage refuses ends in one sentence that says what to do."""

import importlib.util
import urllib.request

import numpy as np
import pytest

import poreflux
from poreflux import results, store
from poreflux.errors import Unreachable
from poreflux.objects import at, bucket
from poreflux.store import disk
from tests.objects.conftest import KEYS


@pytest.fixture
def volume():
    return poreflux.from_array(np.ones((4, 5, 6), np.uint8))


def attempts(place, volume):
    return [
        lambda: store.save(volume, place / "v.zarr"),
        lambda: store.open(place / "v.zarr"),
        lambda: store.verify(place / "v.zarr"),
        lambda: results.open(place / "r.zarr"),
        lambda: disk.require_writable(place / "r.zarr"),
        lambda: poreflux.read(place / "gray.npy"),
    ]


def refused(place, volume, sentence):
    for attempt in attempts(place, volume):
        with pytest.raises(Unreachable, match=sentence) as failure:
            attempt()
        assert "\n" not in str(failure.value)


def test_a_bucket_that_is_not_there(cloud, volume):
    refused(at("s3://no-such-bucket/day"), volume, "there is no bucket s3://no-such-bucket; make")


def test_a_server_that_does_not_answer(volume, monkeypatch):
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(bucket, "RETRIES", 1)
    bucket._bucket.cache_clear()
    refused(at("s3://nobody-listens/v"), volume, "does not answer at http://127.0.0.1:1; check AWS")


def test_keys_that_are_not_accepted(server, cloud, volume):
    def ask(count):
        address = f"{server}/moto-api/reset-auth"
        plain = {"Content-Type": "text/plain"}
        request = urllib.request.Request(address, count, plain, method="POST")
        urllib.request.urlopen(request).close()

    ask(b"0")  # from now on the server looks at keys
    try:
        refused(cloud, volume, "credentials; check AWS_ACCESS_KEY_ID")
    finally:
        ask(b"inf")


def test_without_the_package_it_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unreachable, match=r"pip install 'poreflux\[cloud\]'"):
        at("s3://never-opened/v").exists()


def test_an_outage_in_the_middle_of_a_save_keeps_what_is_written(
    server, cloud, volume, monkeypatch
):
    puts = []
    put = bucket.Bucket.put

    def failing(self, key, payload):
        puts.append(key)
        if len(puts) > 4:
            raise Unreachable("the storage does not answer; run the same command again")
        put(self, key, payload)

    monkeypatch.setattr(bucket.Bucket, "put", failing)
    with pytest.raises(Unreachable):
        store.save(volume, cloud / "v.zarr")
    monkeypatch.setattr(bucket.Bucket, "put", put)
    with pytest.raises(FileNotFoundError, match="interrupted"):
        store.open(cloud / "v.zarr")
    assert list((cloud / "v.zarr.partial").rglob("*"))
    assert store.verify(store.save(volume, cloud / "v.zarr")) == []
