"""Run several writers of one store and switch between them before any of their steps, as told.

Each writer is a thread that stops before every step it takes on the disk (seen by an audit hook)
until it is its turn; a schedule says whose turn it is. A writer may crash: it is never let on again
and its process, of which the lock knows the number, is ended. Called as ``python -m
tests.faults.interleaving FOLDER``; prints one JSON object.
"""

import itertools
import json
import random
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

from poreflux.errors import StoreExists
from poreflux.store import disk
from poreflux.store.partial import making
from poreflux.store.process import Process
from poreflux.store.process import _state as state

_EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.listdir", "os.scandir"}
#: steps after which one that goes on for ever is given up
MANY = 5000


class Crash(BaseException):
    """Ends the thread of a writer whose process is dead."""


class Writer(threading.Thread):
    """One process that makes the store, step by step."""

    def __init__(self, number: int, store: Path, crash_at: int | None):
        super().__init__(daemon=True)
        self.number, self.store, self.crash_at = number, store, crash_at
        self.may, self.stopped = threading.Semaphore(0), threading.Semaphore(0)
        self.steps, self.outcome = 0, ""
        self.dead = subprocess.Popen(["sleep", "1000"]) if crash_at else None

    def step(self) -> None:
        """Wait for the next turn; called before each step on the disk."""
        if self.outcome == "crashed":
            raise Crash
        self.steps += 1
        self.stopped.release()
        self.may.acquire()
        if self.steps == self.crash_at:
            assert self.dead is not None
            self.dead.kill()
            self.dead.wait()
            self.outcome = "crashed"
            raise Crash

    def run(self) -> None:
        self.step()
        try:
            with making(self.store) as partial:
                INSIDE.append(self.number)
                if len(INSIDE) > 1:
                    FAULTS.append(f"writers {INSIDE} at once")
                partial.begin(f"identity {self.number}")
                for name in ("a", "zarr.json"):
                    disk.write_file(partial.data / name, f"{self.number}".encode())
                partial.finish(["."])
                INSIDE.remove(self.number)
            self.outcome = "made"
        except StoreExists:
            self.outcome = "refused"
        except Crash:
            if self.number in INSIDE:
                INSIDE.remove(self.number)
        except BaseException as error:
            FAULTS.append(f"writer {self.number}: {type(error).__name__}: {error}")
        self.stopped.release()

    def turn(self) -> None:
        """Let it take one step, and wait until it stops before the next or ends."""
        self.may.release()
        self.stopped.acquire()


INSIDE: list[int] = []
FAULTS: list[str] = []


def _hook(event, args):
    thread = threading.current_thread()
    if event in _EVENTS and isinstance(thread, Writer) and str(thread.store) in str(args[0]):
        if event == "open" and "b" in str(args[1] or "") and "r" in str(args[1]):
            return
        thread.step()


def started(pid: int) -> str:
    return state(pid)[1]


def _process_of_the_writer(cls) -> Process:
    thread = threading.current_thread()
    dead = getattr(thread, "dead", None)
    return THIS if dead is None else replace(THIS, pid=dead.pid, started=started(dead.pid))


THIS = Process.this()


def play(store: Path, schedule, crashes) -> dict:
    """Run writers by a schedule, an endless one of their numbers; return what came of it."""
    INSIDE.clear()
    FAULTS.clear()
    writers = [Writer(number, store, crash_at) for number, crash_at in enumerate(crashes)]
    for writer in writers:
        writer.start()
        writer.stopped.acquire()
    for turns, number in enumerate(schedule):
        alive = [w for w in writers if w.is_alive() and not w.outcome]
        if not alive or turns > MANY:
            break
        writer = alive[number % len(alive)]
        writer.turn()
        if writer.outcome:
            writer.join()
    for writer in writers:
        if writer.dead is not None:
            writer.dead.kill()
            writer.dead.wait()
    outcomes = [writer.outcome for writer in writers]
    return {"outcomes": outcomes, "faults": list(FAULTS), "steps": [w.steps for w in writers]}


def judge(store: Path, played: dict) -> list[str]:
    """Return what is wrong after the writers have ended."""
    wrong = list(played["faults"])
    outcomes = played["outcomes"]
    if "" in outcomes:
        wrong.append("a writer does not end")
    if "crashed" not in outcomes:
        if "made" not in outcomes:
            wrong.append("none of the writers made the store")
        if [path.name for path in store.parent.iterdir()] != [store.name]:
            wrong.append(f"left: {sorted(map(str, store.parent.rglob('*')))}")
    with making(store) as partial:  # whatever was left, the next one goes on
        if not store.exists():
            partial.begin("identity next")
            for name in ("a", "zarr.json"):
                disk.write_file(partial.data / name, b"next")
            partial.finish(["."])
        else:
            partial.discard()
    contents = {path.read_text() for path in store.rglob("*") if path.is_file()}
    if len(contents) != 1:
        wrong.append(f"the store holds what {contents} wrote")
    if [path.name for path in store.parent.iterdir()] != [store.name]:
        wrong.append(f"left in the end: {sorted(p.name for p in store.parent.rglob('*'))}")
    return wrong


def schedules(length: int, seeds: int):
    """Yield all schedules of two writers with at most two switches, then random ones of three."""
    for first, second in itertools.product(range(1, length), range(1, length)):
        yield 2, itertools.chain([0] * first, [1] * second, itertools.repeat(0))
    for seed in range(seeds):
        rng = random.Random(seed)
        yield 3, iter(lambda rng=rng: rng.randrange(3), None)


def main(folder: Path, length: int, seeds: int) -> dict:
    sys.addaudithook(_hook)
    Process.this = classmethod(_process_of_the_writer)  # type: ignore[method-assign]
    verdict: dict = {"schedules": 0, "crashes": 0, "refused": 0, "made": 0, "wrong": []}
    for place, (count, schedule) in enumerate(schedules(length, seeds)):
        crash = random.Random(place).randrange(2, 60) if place % 4 == 3 else None
        store = folder / str(place) / "v.zarr"
        store.parent.mkdir()
        played = play(store, schedule, [crash, *[None] * (count - 1)])
        verdict["schedules"] += 1
        verdict["crashes"] += "crashed" in played["outcomes"]
        for outcome in ("refused", "made"):
            verdict[outcome] += played["outcomes"].count(outcome)
        wrong = judge(store, played)
        if wrong:
            verdict["wrong"].append([place, played, wrong])
        verdict["steps"] = max(max(played["steps"]), verdict.get("steps", 0))
        shutil.rmtree(store.parent)
    return verdict


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
