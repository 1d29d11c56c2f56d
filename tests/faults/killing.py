"""Run one write of a store in many processes and stop each at another of its steps.

A step is an opening, renaming, making or removing of a file or folder in the work folder, seen by
an audit hook; SIGKILL leaves no time to tidy up. Processes are forked from one that has loaded
everything, so that hundreds are killed in seconds. With ``EIO`` the step fails in place of a kill:
the disk could not write. Called as ``python -m tests.faults.killing`` with the name of a scenario,
a folder, every how many steps to stop, and KILL or EIO; prints one JSON object.
"""

import errno
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import dask
import numpy as np

from poreflux import from_array, read, store

# loaded here once, not in every process that is forked and killed
from poreflux.readers import numpy as _numpy_reader
from poreflux.readers import volumes as _volumes
from poreflux.store import field as _field
from poreflux.store import opening as _opening
from poreflux.store import saving as _saving

LOADED = (_numpy_reader, _volumes, _field, _opening, _saving)
_EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir"}


def gray(folder: Path):
    return read(folder / "source.npy", voxel_size=1)


def phase(folder: Path, threshold: int):
    opened = store.open(folder / "v.zarr")
    labels = from_array(opened.gray.data > threshold)
    labels.attrs["history"] = [*opened.attrs["history"], {"operation": f"segment {threshold}"}]
    return labels


def save(folder: Path) -> None:
    store.save(gray(folder), folder / "v.zarr", chunk=8)


def overwrite(folder: Path) -> None:
    store.save(gray(folder), folder / "v.zarr", chunk=8, overwrite=True)


def add(folder: Path) -> None:
    store.add(phase(folder, 50), folder / "v.zarr")


def replace(folder: Path) -> None:
    store.add(phase(folder, 20), folder / "v.zarr", overwrite=True)


def fields(folder: Path) -> None:
    described = {name: {"units": "V", "of": "a solve"} for name in ("potential", "current")}
    with store.new_fields(folder / "v.zarr", described, chunk=8) as made:
        for name in described:
            store.write_box(made, name, (0, 0, 0), np.full((12, 8, 9), len(name), np.float32))


#: scenario -> (what was done before, what is killed)
SCENARIOS = {
    "save": ([], save),
    "overwrite": ([lambda folder: store.save(other(), folder / "v.zarr", chunk=5)], overwrite),
    "add": ([save], add),
    "replace": ([save, add], replace),
    "fields": ([save], fields),
    "fields again": ([save, fields], fields),
}


def other():
    return from_array(np.ones((5, 6, 7), np.uint8))


def tree(folder: Path) -> dict[str, bytes] | None:
    """Return all files of a store, None where there is none."""
    if not folder.exists():
        return None
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def in_child(function, folder: Path, stop_at: int | None, fault: str = "KILL") -> int | str:
    """Run a function in a forked process; return the steps it took, -1 if it was killed.

    Of a step that failed it returns the sentence that was raised.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        steps = [0]

        def hook(event, args):
            if event in _EVENTS and str(folder) in str(args[0]):
                if event == "open" and args[1] in ("r", "rb"):
                    return
                steps[0] += 1
                if steps[0] == stop_at and fault == "KILL":
                    os.kill(os.getpid(), signal.SIGKILL)
                if steps[0] == stop_at:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))

        sys.addaudithook(hook)
        try:
            function(folder)
            os.write(writer, str(steps[0]).encode())
        except BaseException as error:
            os.write(writer, f"{type(error).__name__}: {error}".encode()[:500])
        os._exit(0)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    said = os.read(reader, 1000).decode()
    os.close(reader)
    if os.WIFSIGNALED(status):
        return -1
    if not said.isdigit():
        if stop_at is None or fault == "KILL":
            raise RuntimeError(said)
        return said
    return int(said)


def main(scenario: str, folder: Path, stride: int, fault: str) -> dict:
    before, function = SCENARIOS[scenario]
    start = folder / "start"
    start.mkdir(parents=True)
    rng = np.random.default_rng(3)
    np.save(start / "source.npy", rng.integers(0, 99, (12, 8, 9)).astype(np.uint8))
    for step in before:
        in_child(step, start, None)
    old = tree(start / "v.zarr")
    finished = folder / "finished"
    # times of change are part of what makes a source the same
    shutil.copytree(start, finished)
    steps = in_child(function, finished, None)
    new = tree(finished / "v.zarr")
    verdict = {"steps": steps, "kills": 0, "visible": [], "unlike": [], "left": [], "said": []}
    for kill_at in range(1, steps + 1, stride):
        work = folder / f"kill-{kill_at}"
        shutil.copytree(start, work)
        end = in_child(function, work, kill_at, fault)
        if isinstance(end, str) and not told(end):
            verdict["said"].append([kill_at, end])
        if fault == "KILL" and end != -1:
            continue
        verdict["kills"] += 1
        if not acceptable(scenario, tree(work / "v.zarr"), old, new):
            verdict["visible"].append(kill_at)
        read = folder / f"read-{kill_at}"
        shutil.copytree(work, read)
        if not consistent(read / "v.zarr", old, new):
            verdict["unlike"].append([kill_at, "as it is read"])
        shutil.rmtree(read)
        in_child(function, work, None)
        if tree(work / "v.zarr") != new:
            verdict["unlike"].append(kill_at)
        if sorted(p.name for p in work.iterdir()) != ["source.npy", "v.zarr"]:
            verdict["left"].append(kill_at)
        shutil.rmtree(work)
    return verdict


def told(sentence: str) -> bool:
    """Return whether a failing disk ended in one sentence of ours that names what happened."""
    return sentence.startswith("CannotWrite: ") and os.strerror(errno.EIO) in sentence


def consistent(path: Path, old, new) -> bool:
    """Return whether a reader finds the old store or the new one, whole, or none at all."""
    try:
        store.open(path)
    except FileNotFoundError:
        return tree(path) is None and old is None
    return tree(path) in (old, new) and not store.verify(path)


def acceptable(scenario: str, now, old, new) -> bool:
    """Return whether what is visible after a kill is the old store, the new one, or none at all.

    Between the two renames of a replacement nothing is visible. An addition moves whole arrays in
    place, one after the other: each file is the old or the new one.
    """
    if now in (None, old, new):
        return scenario in ("save", "overwrite") or now is not None
    if scenario in ("save", "overwrite"):
        return False
    return all(content in (old.get(name), new.get(name)) for name, content in now.items())


if __name__ == "__main__":
    dask.config.set(scheduler="threads", num_workers=2)
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])))
