"""Microstructure out of core: time and peak memory against the size of the volume, and others'.

``python -m tests.bench.microstructure --edge 2000 --folder DIR`` makes a synthetic electrolyte
chunk by chunk in a Zarr store and measures it in one pass, in a process of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

import poreflux
from poreflux import blocks
from tests.bench.machine import row

GIB = 2**30

#: most memory of a process that measures a volume of any size
MOST = 6.0

#: most that time may grow, as a power of the number of voxels: close to linear
LINEAR = 1.1

ONE_PASS = "all in one pass"

#: what is measured of the whole array at once, for comparison
WHOLE = ("scipy.ndimage", "scikit-image")

#: what is measured alone
ALONE = (
    "porosity", "structure factor", "components", "chords", "representative volume", "watershed",
)  # fmt: skip


def microstructure(volume) -> dict[str, Callable]:
    """Return what is measured, by name: lazy metrics of one volume."""
    return {
        "porosity": lambda: poreflux.porosity(volume),
        "structure factor": lambda: poreflux.structure_factor(volume),
        "components": lambda: poreflux.pore_size(volume),
        "chords": lambda: poreflux.chord_length(volume),
        "representative volume": lambda: poreflux.representative_volume(volume),
    }


def measure(
    edges: Sequence[int] = (250, 500, 1000), n: int = 500, names: Sequence[str] = ALONE
) -> list[dict]:
    """Return all rows: how cost grows with the edges in voxels; alone, and against others, at n."""
    with tempfile.TemporaryDirectory() as own:
        return growth(edges, own) + alone(n, own, names) + against_whole_arrays(n, own)


def growth(edges: Sequence[int], folder: str) -> list[dict]:
    """Return rows of one pass for volumes of several sizes, and how its time grows."""
    rows, seconds = [], []
    for n in edges:
        found, size = in_a_process(ONE_PASS, twin(n, folder)), f"{n}³"
        seconds.append(found["processor"])
        rows += [
            row("porosity, map, components, chords, REV", size, found["seconds"], "s"),
            row("  time of processors", size, found["processor"], "s"),
            row("  voxels", size, n**3 / found["seconds"] / 1e6, "MB/s"),
            row("  peak memory", size, found["bytes"] / GIB, "GiB", MOST, below=True),
            row("  of which for the program", size, found["before"] / GIB, "GiB"),
            row("  pores", size, found["count"], "1"),
        ]
    if len(edges) > 1:
        power = np.polyfit(np.log([n**3 for n in edges]), np.log(seconds), 1)[0]
        size = f"{min(edges)}³ to {max(edges)}³"
        rows.append(
            row("  exponent of time of processors", size, float(power), "1", LINEAR, below=True)
        )
    return rows


def alone(n: int, folder: str, names: Sequence[str]) -> list[dict]:
    """Return rows of each metric by itself."""
    rows = []
    for name in names:
        found = in_a_process(name, twin(n, folder))
        rows.append(row(f"{name} alone", f"{n}³", found["seconds"], "s"))
        rows.append(row("  peak memory", f"{n}³", found["bytes"] / GIB, "GiB"))
    return rows


def against_whole_arrays(n: int, folder: str) -> list[dict]:
    """Return rows: the table of pores, chunk by chunk, and by scipy and scikit-image as a whole."""
    runs = {name: in_a_process(name, twin(n, folder)) for name in ("table", *WHOLE)}
    counts = {name: run["count"] for name, run in runs.items()}
    if len(set(counts.values())) > 1:
        raise RuntimeError(f"not the same number of pores: {counts}")
    size, own = f"{n}³", runs["table"]
    rows = [
        row("components and their table, from the store", size, own["seconds"], "s"),
        row("  peak memory", size, own["bytes"] / GIB, "GiB"),
    ]
    for name in WHOLE:
        rows.append(row(f"  {name} over it", size, runs[name]["seconds"] / own["seconds"], "x", 1))
        rows.append(row("    peak memory", size, runs[name]["bytes"] / GIB, "GiB"))
    return rows


def twin(n: int, folder: str) -> str:
    """Return a store with n³ voxels of a synthetic electrolyte; make it if it is not there."""
    path = Path(folder) / f"twin-{n}.zarr"
    if not path.exists():
        poreflux.save(poreflux.phantoms.synthetic_twin("regular_300", n), path)
    return str(path)


def in_a_process(what: str, store: str) -> dict:
    """Measure in a process of its own and return its time, peak memory and what came out."""
    command = [sys.executable, "-m", "tests.bench.microstructure", "--only", what, "--store", store]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


def one_run(what: str, store: str, progress=None) -> dict:
    """Measure in this process, kernels compiled; the time starts with the store closed."""
    _measured(what, poreflux.from_array(np.random.default_rng(0).random((20, 20, 20)) > 0.2))
    before, start, used = peak_memory(), time.perf_counter(), time.process_time()
    count = _measured(what, poreflux.open(store), progress)
    spent = {"seconds": time.perf_counter() - start, "processor": time.process_time() - used}
    return {**spent, "before": before, "bytes": peak_memory(), "count": count}


def peak_memory() -> int:
    """Return the most bytes that this process has held, without those of the one it came from."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def _measured(what: str, volume, progress=None) -> int:
    """Measure a volume; return the number of its pores, where they are found."""
    if what in WHOLE:
        return _whole(what, volume)
    if what in ("table", "watershed"):
        method = "components" if what == "table" else what
        return poreflux.pore_table(volume, method=method, progress=progress).sizes["pore"]
    known = microstructure(volume)
    wanted = list(known) if what == ONE_PASS else [what]
    found = blocks.compute(*(known[name]() for name in wanted), progress=progress)
    by_name = dict(zip(wanted, found))
    return int(by_name["components"]["pore_count"]) if "components" in by_name else 0


def _whole(what: str, volume) -> int:
    """Label the whole array, and find volume, centre and box of each pore."""
    pore = volume["phase"].values == 0
    if what == "scikit-image":
        from skimage.measure import label, regionprops_table

        labels = label(pore, connectivity=3)
        return len(regionprops_table(labels, properties=("area", "centroid", "bbox"))["area"])
    from scipy import ndimage

    labels, count = ndimage.label(pore, np.ones((3, 3, 3)))
    np.bincount(labels.ravel(), minlength=count + 1)
    ndimage.center_of_mass(pore, labels, np.arange(1, count + 1))
    return len(ndimage.find_objects(labels))


def _print(rows: list[dict]) -> None:
    for each in rows:
        goal = "" if each["goal"] is None else f"   (to reach: {each['goal']:g})"
        print(f"{each['what']:<45}{each['size']:>16}{each['value']:>12.4g} {each['unit']}{goal}")


class Log:
    """Say on standard error, every half minute, how far a long run is and what it holds."""

    def __init__(self):
        self.start = self.last = time.perf_counter()

    def __call__(self, done: int, total: int, note: str) -> None:
        now = time.perf_counter()
        if now - self.last > 30:
            self.last = now
            held = f"{peak_memory() / GIB:.2f} GiB at most"
            print(f"{now - self.start:.0f} s: {done} of {total} {note}, {held}", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", type=int, nargs="+", default=[125, 250, 500])
    parser.add_argument("--folder", help="where the stores are made; by default the system's")
    parser.add_argument("--only", help="one measurement of one store, as JSON")
    parser.add_argument("--store")
    given = parser.parse_args()
    if given.only:
        print(json.dumps(one_run(given.only, given.store, Log())))
    else:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            _print(growth(given.edge, folder))
