"""One holder at a time of a store in an object storage; the crashed are told from the living."""

import dataclasses
import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from poreflux.errors import CannotWrite, StoreExists
from poreflux.store.lock import holding
from poreflux.store.object_lock import ObjectLock
from poreflux.store.partial import making
from poreflux.store.process import Process, _state

FAR = Process("far away", 1, "1", "another machine")


def test_one_of_many_that_ask_at_once_gets_the_lock(any_cloud):
    locks = [ObjectLock(any_cloud / "p") for _ in range(8)]
    together = threading.Barrier(len(locks))

    def ask(lock):
        together.wait()
        return lock.take()

    with ThreadPoolExecutor(len(locks)) as pool:
        told = list(pool.map(ask, locks))
    assert told.count(None) == 1
    assert [lock.held() for lock in locks] == [answer is None for answer in told]
    assert {answer for answer in told if answer is not None} == {Process.this()}
    locks[told.index(None)].release()
    assert ObjectLock(any_cloud / "p").take() is None


def test_a_crashed_holder_is_told_from_a_living_one(any_cloud):
    with subprocess.Popen(["sleep", "1000"]) as child:
        process = dataclasses.replace(Process.this(), pid=child.pid, started=_state(child.pid)[1])
        first, second = ObjectLock(any_cloud / "p", process), ObjectLock(any_cloud / "p")
        assert first.take() is None
        assert second.take() == process
        child.kill()
        child.wait()
        assert second.take() is None
        assert not second.taken_over  # it cannot wake


def test_a_holder_elsewhere_is_given_up_when_it_is_silent(any_cloud, monkeypatch):
    far, near = ObjectLock(any_cloud / "p", FAR), ObjectLock(any_cloud / "p")
    assert far.take() is None
    assert near.take() == FAR
    monkeypatch.setattr("poreflux.store.object_lock.SILENCE", -1.0)
    assert near.take() is None
    assert near.taken_over
    assert not far.held()
    far.release()  # it wakes, and harms nobody
    assert near.held()
    with pytest.raises(CannotWrite, match="taken over"):
        far.require_fresh()


def test_a_holder_gives_signs_of_life(any_cloud, monkeypatch):
    monkeypatch.setattr("poreflux.store.object_lock.BEAT", 0.01)
    lock = ObjectLock(any_cloud / "p")
    place = any_cloud / "p" / "holder"
    assert lock.take() is None
    tags = set()
    while len(tags) < 3:
        tags.add(place.bucket.head(place.key).tag)
    lock.release()
    assert not place.exists()


def test_who_is_refused_reads_by_whom(any_cloud):
    second = holding(any_cloud / "p", any_cloud / "v")
    with holding(any_cloud / "p", any_cloud / "v"), pytest.raises(StoreExists) as refused, second:
        pass
    assert f"another process ({os.getpid()} on {os.uname().nodename})" in str(refused.value)


def test_one_that_was_given_up_for_dead_publishes_nothing(any_cloud, monkeypatch):
    store = any_cloud / "v.zarr"
    with making(store) as first:
        first.begin("one")
        (first.data / "zarr.json").write_bytes(b"first")
        first.lock.process = FAR
        (any_cloud / "v.zarr.partial" / "holder").write_bytes(first.lock._content())
        monkeypatch.setattr("poreflux.store.object_lock.SILENCE", -1.0)
        with making(store) as second:
            assert second.begin("one")  # it goes on from there
            assert second.data != first.data
            (first.data / "zarr.json").write_bytes(b"late")  # the first wakes and writes on
            with pytest.raises(CannotWrite, match="taken over"):
                first.finish(["."])
            second.finish(["."])
    assert (store / "zarr.json").read_bytes() == b"first"
