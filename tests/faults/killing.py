"""Run one write of a store in many processes and stop each at another of its steps.

A step is an opening, renaming, making or removing of a file or folder in the work folder, seen by
an audit hook; SIGKILL leaves no time to tidy up. Processes are forked from one that has loaded
everything, so that hundreds are killed in seconds. With ``EIO`` the step fails in place of a kill:
the disk could not write. Called as ``python -m tests.faults.killing`` with a folder, and words such
as ``KILL:1:7``: a fault, the step to stop at first, and how many steps further each time; prints
one JSON object of all scenarios and faults.
"""

import errno
import gc
import json
import os
import shutil
import signal
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import dask
import numpy as np

from poreflux import from_array, read, store

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


def load(function, folder: Path) -> None:
    """Run a function in a forked process, and import here what it imports.

    What is imported on first use would be imported in every process that is forked, and take longer
    than the rest of it.
    """
    before = set(sys.modules)

    def and_note(place: Path) -> None:
        function(place)
        (place / "modules").write_text("\n".join(sys.modules.keys() - before))

    in_child(and_note, folder, None)
    for name in sorted((folder / "modules").read_text().split()):
        with suppress(Exception):  # of some, one that fails is tried again there
            import_module(name)
    (folder / "modules").unlink()


def main(scenario: str, folder: Path, faults: dict[str, range]) -> dict[str, dict]:
    """Return what came of stopping a scenario at the steps of each fault."""
    before, function = SCENARIOS[scenario]
    start = folder / "start"
    start.mkdir(parents=True)
    rng = np.random.default_rng(3)
    np.save(start / "source.npy", rng.integers(0, 99, (12, 8, 9)).astype(np.uint8))
    for step in before:
        load(step, start)
    old = tree(start / "v.zarr")
    finished = folder / "finished"
    # times of change are part of what makes a source the same
    shutil.copytree(start, finished)
    if not before:
        load(function, shutil.copytree(start, folder / "loading"))
    steps = in_child(function, finished, None)
    new = tree(finished / "v.zarr")
    gc.freeze()  # so that a fork copies few pages
    verdicts = {}
    for fault, at in faults.items():
        verdict = {"steps": steps, "kills": 0, "visible": [], "unlike": [], "left": [], "said": []}
        for step in at:
            if step <= steps:
                stop(scenario, folder, fault, step, (old, new), verdict)
        verdicts[fault] = verdict
    return verdicts


def stop(scenario: str, folder: Path, fault: str, step: int, stores: tuple, verdict: dict) -> None:
    """Stop a scenario at a step, look at what is left, do it again, and note what is wrong."""
    old, new = stores
    function = SCENARIOS[scenario][1]
    work = shutil.copytree(folder / "start", folder / f"stop-{step}")
    end = in_child(function, work, step, fault)
    if isinstance(end, str) and not told(end):
        verdict["said"].append([step, end])
    if fault == "EIO" or end == -1:
        verdict["kills"] += 1
        if not acceptable(scenario, tree(work / "v.zarr"), old, new):
            verdict["visible"].append(step)
        read = shutil.copytree(work, folder / f"read-{step}")
        if not consistent(read / "v.zarr", old, new):
            verdict["unlike"].append([step, "as it is read"])
        shutil.rmtree(read)
        in_child(function, work, None)
        if tree(work / "v.zarr") != new:
            verdict["unlike"].append(step)
        if sorted(p.name for p in work.iterdir()) != ["source.npy", "v.zarr"]:
            verdict["left"].append(step)
    shutil.rmtree(work)


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
    root, wanted = Path(sys.argv[1]), [word.split(":") for word in sys.argv[2:]]
    chosen = {fault: range(int(first), 10**6, int(stride)) for fault, first, stride in wanted}
    print(json.dumps({name: main(name, root / name, chosen) for name in SCENARIOS}))
