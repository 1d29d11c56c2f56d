"""One process at a time holds a lock; one that crashed stops nobody, one that lives is let be."""

import dataclasses
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from poreflux.errors import CannotWrite, StoreExists
from poreflux.store.lock import SILENCE, Lock, Process, holding
from poreflux.store.partial import making

NUMBERS = itertools.count()


def process(pid: int) -> Process:
    """Return what another process of this machine says of itself."""
    from poreflux.store.process import _state

    return dataclasses.replace(Process.this(), pid=pid, started=_state(pid)[1])


def elsewhere() -> Process:
    return Process("far away", os.getpid(), "1", f"another machine {next(NUMBERS)}")


@pytest.fixture
def sleeper():
    with subprocess.Popen(["sleep", "1000"]) as child:
        yield child
        child.kill()


def silence(lock: Lock) -> None:
    """Let a holder give no sign of life for long enough."""
    past = time.time() - SILENCE - 1
    os.utime(lock.place / lock.token, (past, past))


def test_a_second_one_is_refused_and_touches_nothing(tmp_path):
    first, second = Lock(tmp_path / "p"), Lock(tmp_path / "p")
    assert first.take() is None
    (tmp_path / "p" / "data").write_text("kept")
    before = sorted(tmp_path.rglob("*"))
    assert second.take() == Process.this()
    assert sorted(tmp_path.rglob("*")) == before
    (tmp_path / "p" / "data").unlink()
    first.release()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_holder_stops_nobody(tmp_path, sleeper):
    assert Lock(tmp_path / "p", process(sleeper.pid)).take() is None
    assert Lock(tmp_path / "p").take() == process(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    assert Lock(tmp_path / "p").take() is None


def test_a_killed_holder_that_nobody_has_buried_stops_nobody(tmp_path, sleeper):
    assert Lock(tmp_path / "p", process(sleeper.pid)).take() is None
    sleeper.kill()
    while process(sleeper.pid).runs():
        time.sleep(0.01)
    assert Lock(tmp_path / "p").take() is None


def test_a_number_that_another_process_has_now_is_no_sign_of_life(tmp_path, sleeper):
    earlier = dataclasses.replace(process(sleeper.pid), started="1")
    assert Lock(tmp_path / "p", earlier).take() is None
    assert Lock(tmp_path / "p").take() is None


def test_a_holder_elsewhere_is_told_by_its_signs_of_life(tmp_path):
    far = Lock(tmp_path / "p", elsewhere())
    assert far.take() is None
    assert Lock(tmp_path / "p").take() == far.process
    silence(far)
    near = Lock(tmp_path / "p")
    assert near.take() is None
    assert near.taken_over
    assert not far.held()
    far.release()  # it wakes, and harms nobody
    assert near.held()


def test_a_holder_gives_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr("poreflux.store.lock.BEAT", 0.01)
    lock = Lock(tmp_path / "p")
    assert lock.take() is None
    silence(lock)
    limit = time.monotonic() + 10
    while time.time() - (lock.place / lock.token).stat().st_mtime > SILENCE:
        assert time.monotonic() < limit
        time.sleep(0.01)
    lock.release()


def test_a_record_that_cannot_be_read_is_told_by_its_silence(tmp_path):
    place = tmp_path / "p" / "holder"
    place.mkdir(parents=True)
    (place / "torn").write_bytes(b"")
    assert Lock(tmp_path / "p").take().host == "a machine unknown"
    os.utime(place / "torn", (0, 0))
    assert Lock(tmp_path / "p").take() is None


def test_who_is_refused_reads_by_whom_and_what_to_do(tmp_path):
    second = holding(tmp_path / "p", tmp_path / "v")
    with holding(tmp_path / "p", tmp_path / "v"), pytest.raises(StoreExists) as refused, second:
        pass
    assert f"another process ({os.getpid()} on {os.uname().nodename})" in str(refused.value)
    assert "wait=True" in str(refused.value)


def test_who_waits_goes_on_when_the_holder_ends(tmp_path):
    order = []

    def second():
        with holding(tmp_path / "p", tmp_path / "v", wait=True):
            order.append("second")

    with holding(tmp_path / "p", tmp_path / "v"):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.3)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def test_one_that_was_given_up_for_dead_publishes_nothing(tmp_path):
    store = tmp_path / "v.zarr"
    with making(store) as first:
        first.begin("one")
        (first.data / "zarr.json").write_text("first")
        # another machine's, as the second sees it
        path = first.lock.place / first.lock.token
        path.write_text(path.read_text().replace(Process.this().machine, "another machine"))
        silence(first.lock)
        with making(store) as second:
            assert second.begin("one")  # it goes on from there
            assert second.data != first.data
            first.data.mkdir()
            (first.data / "zarr.json").write_text("late")  # the first wakes and writes on
            with pytest.raises(CannotWrite, match="taken over"):
                first.finish(["."])
            second.finish(["."])
    assert (store / "zarr.json").read_text() == "first"


class Processes(RuleBasedStateMachine):
    """Processes here and elsewhere ask for a lock, crash, fall silent, wake, give it back."""

    def __init__(self):
        super().__init__()
        self.root = tempfile.TemporaryDirectory()
        self.folder = Path(self.root.name) / "p"
        self.children: list[subprocess.Popen] = []
        self.holder: Lock | None = None
        self.child: subprocess.Popen | None = None
        self.alive = self.silent = False
        self.lost: list[Lock] = []

    def _ask(self, lock: Lock, child) -> None:
        told = lock.take()
        seen_dead = not self.alive and child is not None and self.child is not None
        if self.holder is not None and not seen_dead and not self.silent:
            assert told == self.holder.process
            return
        assert told is None
        if self.holder is not None:
            self.lost.append(self.holder)
        self.holder, self.child, self.alive, self.silent = lock, child, True, False

    @rule()
    def ask_here(self):
        child = subprocess.Popen(["sleep", "1000"])
        self.children.append(child)
        self._ask(Lock(self.folder, process(child.pid)), child)

    @rule()
    def ask_elsewhere(self):
        self._ask(Lock(self.folder, elsewhere()), None)

    @precondition(lambda self: self.alive)
    @rule()
    def crash(self):
        if self.child is not None:
            self.child.kill()
            self.child.wait()
        self.holder._done.set()
        self.alive = False

    @precondition(lambda self: self.holder is not None and not self.alive)
    @rule()
    def minutes_pass(self):
        silence(self.holder)
        self.silent = True

    @precondition(lambda self: self.alive)
    @rule()
    def give_back(self):
        self.holder.release()
        self.holder, self.alive = None, False

    @precondition(lambda self: self.lost)
    @rule(which=st.integers(0, 10))
    def wake(self, which):
        lock = self.lost[which % len(self.lost)]
        assert not lock.held()
        lock.release()

    @invariant()
    def one_holds_it_at_most(self):
        tokens = {path.name for path in self.folder.glob("holder/*")}
        assert tokens == ({self.holder.token} if self.holder is not None else set())

    @invariant()
    def nothing_is_left_behind(self):
        assert not list(self.folder.glob("claim-*"))
        assert self.holder is not None or not self.folder.exists()

    def teardown(self):
        for lock in [self.holder, *self.lost]:
            if lock is not None:
                lock._done.set()
        for child in self.children:
            child.kill()
            child.wait()
        self.root.cleanup()


TestProcesses = Processes.TestCase
TestProcesses.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


RACE = """
import sys, time
import numpy as np
from poreflux import from_array, results, store
from poreflux.errors import StoreExists
import xarray as xr
number, folder, start = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
volume = from_array(np.full((9, 9, 9), number, np.uint8))
data = xr.Dataset({"porosity": float(number)})
while time.time() < start:
    pass
done = []
for round in range(12):
    for write in (lambda p: results.save(data, p + ".results"), lambda p: store.save(volume, p)):
        try:
            write(f"{folder}/{round}")
            done.append(1)
        except StoreExists:
            done.append(0)
print(done)
"""


def test_of_processes_at_once_one_writes_and_the_others_are_refused(tmp_path):
    from poreflux import open, results, verify

    command = [sys.executable, "-c", RACE]
    start = str(time.time() + 6)
    writers = [
        subprocess.Popen([*command, str(k), str(tmp_path), start], stdout=subprocess.PIPE)
        for k in range(3)
    ]
    outcomes = [writer.communicate()[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    done = [json.loads(text) for text in outcomes]
    names = [f"{n}{kind}" for n in range(12) for kind in (".results", "")]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    for place, name in enumerate(names):
        (winner,) = [k for k in range(3) if done[k][place]]
        if name.endswith(".results"):
            assert float(results.open(tmp_path / name).porosity) == winner
        else:
            assert verify(tmp_path / name) == []
            assert float(open(tmp_path / name).phase.mean()) == winner


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "results").write_text("a file where the folder would be")
    with (
        pytest.raises(CannotWrite, match="results cannot be written"),
        holding(tmp_path / "results" / ".running", tmp_path / "results"),
    ):
        pass
