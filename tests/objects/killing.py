"""Run one write to an object storage in many processes and kill each at another of its writes.

A write is a put, a conditional put, a copy or a removal. Processes are forked from one that has
loaded everything and has not yet spoken to the storage. Called as ``python -m tests.objects.killing
SCENARIO PLACE FOLDER STRIDE``; prints one JSON object.
"""

import json
import os
import signal
import sys
from functools import partial
from pathlib import Path

import dask
import numpy as np
import xarray as xr

from poreflux import from_array, read, results, store
from poreflux.objects import at
from poreflux.objects.bucket import Bucket

WRITES = ("put", "create", "replace", "copy", "delete")


def save(place, source: Path) -> None:
    store.save(read(source, voxel_size=1), place / "v.zarr", chunk=8)


def overwrite(place, source: Path) -> None:
    store.save(read(source, voxel_size=1), place / "v.zarr", chunk=8, overwrite=True)


def add(place, source: Path) -> None:
    gray = store.open(place / "v.zarr").gray
    store.add(from_array(gray.data > 50), place / "v.zarr")


def measure(place, source: Path) -> None:
    results.update(xr.Dataset({"porosity": 0.25}), place / "v.zarr")


def other(place, source: Path) -> None:
    store.save(from_array(np.ones((5, 6, 7), np.uint8)), place / "v.zarr", chunk=5)


def earlier(place, source: Path) -> None:
    results.update(xr.Dataset({"voxels": 64}), place / "v.zarr")


#: scenario -> (what was done before, what is killed)
SCENARIOS = {
    "save": ([], save),
    "overwrite": ([other], overwrite),
    "add": ([save], add),
    "results": ([earlier], measure),
}


def in_child(work, stop_at: int | None = None):
    """Return what a function returns in a forked process, and its writes; None if it was killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        count = [0]

        def counted(method):
            def call(*args):
                count[0] += 1
                if count[0] == stop_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return method(*args)

            return call

        for name in WRITES:
            setattr(Bucket, name, counted(getattr(Bucket, name)))
        try:
            said = json.dumps([work(), count[0]])
        except BaseException as error:
            said = json.dumps([f"{type(error).__name__}: {error}", -1])
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else None


def tree(place) -> dict[str, int]:
    """Return a sum of each object of a store."""
    return {
        str(p.relative_to(place)): hash_of(p.read_bytes()) for p in place.rglob("*") if p.is_file()
    }


def hash_of(payload: bytes) -> int:
    """Return a sum of a file; the time at which results were collected is none of it."""
    import google_crc32c

    return google_crc32c.value(payload)


def state(place):
    """Return what a reader finds: nothing, or the objects of a store that is whole."""
    try:
        if store.verify(place):
            return "damaged"
        if "phase" not in tree(place) and "poreflux_results" not in read_root(place):
            store.open(place)
    except FileNotFoundError:
        return "nothing"
    return tree(place)


def read_root(place) -> str:
    return (place / "zarr.json").read_text()


def main(scenario: str, root, source: Path, stride: int) -> dict:
    before, function = SCENARIOS[scenario]

    def prepared(place):
        for step in before:
            assert in_child(lambda step=step: step(place, source))[1] >= 0
        return place

    finished = prepared(root / "finished")
    old = in_child(lambda: state(finished / "v.zarr"))[0]
    said, writes = in_child(lambda: function(finished, source))
    assert said is None, said
    new = in_child(lambda: state(finished / "v.zarr"))[0]
    verdict = {"writes": writes, "kills": 0, "read": [], "unlike": [], "left": []}
    for kill_at in range(1, writes + 1, stride):
        place = prepared(root / f"kill-{kill_at}")
        _kill(partial(function, place, source), place, kill_at, (old, new), verdict)
    return verdict


def _kill(write, place, kill_at: int, states: tuple, verdict: dict) -> None:
    """Kill one write, read what there is, write again; note what is not as it should be."""
    if in_child(write, kill_at) is not None:
        return
    verdict["kills"] += 1
    found = in_child(lambda: state(place / "v.zarr"))[0]
    if found not in states:
        verdict["read"].append([kill_at, str(found)[:200]])
    again = in_child(write)
    if again[0] is not None or in_child(lambda: state(place / "v.zarr"))[0] != states[1]:
        verdict["unlike"].append([kill_at, str(again)[:200]])
    names = in_child(lambda: sorted(p.name for p in place.iterdir()))[0]
    if names != ["v.zarr"]:
        verdict["left"].append([kill_at, names])


if __name__ == "__main__":
    dask.config.set(scheduler="threads", num_workers=2)
    words = sys.argv[1], at(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    print(json.dumps(main(*words)))
