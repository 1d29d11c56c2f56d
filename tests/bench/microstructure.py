"""Microstructure out of core: time and peak memory against the size of the volume.

``python -m tests.bench.microstructure --edge 2000 --folder DIR`` makes a synthetic electrolyte
chunk by chunk in a Zarr store and measures it, each quantity in a process of its own and then all
of them in one pass.
"""

import argparse
import json
import resource
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


def microstructure(volume) -> dict[str, Callable]:
    """Return what is measured, by name: lazy metrics of one volume."""
    return {
        "porosity": lambda: [poreflux.porosity(volume)],
        "structure_factor": lambda: [poreflux.structure_factor(volume)],
        "components": lambda: [poreflux.pore_size(volume)],
        "chords": lambda: [poreflux.chord_length(volume)],
        "representative_volume": lambda: [poreflux.representative_volume(volume)],
    }


def measure(edges: Sequence[int] = (125, 250, 500), folder: str | None = None) -> list[dict]:
    """Return rows of time and peak memory for volumes of several sizes, and how they grow."""
    rows, seconds, peaks = [], {}, {}
    with tempfile.TemporaryDirectory(dir=folder) as own:
        base = in_a_process("nothing", twin(min(edges), own))["bytes"]
        for n in edges:
            store = twin(n, own)
            for name in (*microstructure(None), "all in one pass"):
                run = in_a_process(name, store)
                seconds[name, n], peaks[name, n] = run["seconds"], run["bytes"]
                rate = n**3 / run["seconds"] / 1e6
                rows += [
                    row(name, f"{n}³", run["seconds"], "s"),
                    row("  voxels", f"{n}³", rate, "MB/s"),
                    row("  peak memory", f"{n}³", run["bytes"] / GIB, "GiB", MOST, below=True),
                ]
    if len(edges) > 1:
        size = f"{min(edges)}³ to {max(edges)}³"
        for what, values, least in (("time", seconds, 0.0), ("memory", peaks, base)):
            line = [max(values["all in one pass", n] - least, 1e-6) for n in edges]
            power = np.polyfit(np.log([n**3 for n in edges]), np.log(line), 1)[0]
            rows.append(row(f"all in one pass, exponent of {what}", size, float(power), "1"))
    return rows


def against_whole_arrays(n: int = 500) -> list[dict]:
    """Return rows: the table of pores, chunk by chunk, and by scipy and scikit-image as a whole."""
    with tempfile.TemporaryDirectory() as folder:
        store = twin(n, folder)
        ours, label = in_a_process("table", store), in_a_process("scipy label", store)
        table = in_a_process("scipy table", store)
        if ours["count"] != table["count"]:
            raise RuntimeError(f"{ours['count']} pores against {table['count']}")
        size, own = f"{n}³", ours["seconds"]
        return [
            row("table of pores from the store", size, own, "s"),
            row("  peak memory", size, ours["bytes"] / GIB, "GiB"),
            row("scipy.ndimage.label alone, over ours", size, label["seconds"] / own, "x", 1),
            row("with its statistics, over ours", size, table["seconds"] / own, "x", 1),
            row("  its peak memory", size, table["bytes"] / GIB, "GiB"),
        ]


def twin(n: int, folder: str) -> str:
    """Return a store with n³ voxels of a synthetic electrolyte; make it if it is not there."""
    path = Path(folder) / f"twin-{n}.zarr"
    if not path.exists():
        poreflux.save(poreflux.phantoms.synthetic_twin("regular_300", shape=n), path)
    return str(path)


def in_a_process(what: str, store: str) -> dict:
    """Measure in a process of its own and return its time, peak memory and what came out."""
    command = [sys.executable, "-m", "tests.bench.microstructure", "--only", what, "--store", store]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


def one_run(what: str, store: str) -> dict:
    """Measure in this process, kernels compiled; the time starts with the store closed."""
    count = 0
    for lazy in microstructure(_small()).values():
        blocks.compute(*lazy())
    start = time.perf_counter()
    volume = poreflux.open(store)
    known = microstructure(volume)
    if what in known:
        blocks.compute(*known[what]())
    elif what == "all in one pass":
        found = blocks.compute(*(lazy for each in known.values() for lazy in each()))
        count = int(found[2]["pore_count"])
    elif what == "table":
        count = poreflux.pore_table(volume).sizes["pore"]
    elif what != "nothing":
        count = _whole(store, table=what == "scipy table")
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "bytes": peak, "count": count}


def _small():
    return poreflux.from_array(np.random.default_rng(0).random((20, 20, 20)) > 0.2)


def _whole(store: str, *, table: bool) -> int:
    """Label the whole array, and measure volume, centre, box and faces of each pore."""
    from scipy import ndimage

    pore = poreflux.store.read_box(store, "phase", threads=2) == 0
    labels, count = ndimage.label(pore, np.ones((3, 3, 3)))
    if table:
        index = np.arange(1, count + 1)
        np.bincount(labels.ravel())
        ndimage.find_objects(labels)
        ndimage.center_of_mass(pore, labels, index)
    return count


def _print(rows: list[dict]) -> None:
    for each in rows:
        goal = "" if each["goal"] is None else f"   (to reach: {each['goal']:g})"
        print(f"{each['what']:<45}{each['size']:>16}{each['value']:>12.4g} {each['unit']}{goal}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edge", type=int, nargs="+", default=[125, 250, 500])
    parser.add_argument("--folder", help="where the stores are made; by default the system's")
    parser.add_argument("--only", help="one measurement of one store, as JSON")
    parser.add_argument("--store")
    given = parser.parse_args()
    if given.only:
        print(json.dumps(one_run(given.only, given.store)))
    else:
        _print(measure(given.edge, given.folder))
        if max(given.edge) <= 500:
            _print(against_whole_arrays(max(given.edge)))
