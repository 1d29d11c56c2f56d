"""The tortuosity factor: time in triads, memory per voxel, and growth."""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

import poreflux
from tests.bench.machine import row, seconds_of_a_triad

TF = Path(__file__).parents[3] / "shared/data/TF-500x500x500-1x2x6-v3.tiff.zip"
PUBLISHED = {"z": 4.2431, "y": 1.1513, "x": 1.3905}


def measure(n: int = 500) -> list[dict]:
    """Return rows for a synthetic electrolyte of n³ voxels with 15 % pores: whole, in blocks, and
    growth.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = twin(n, folder)
        triad = seconds_of_a_triad(n**3)
        whole = in_a_process("tau", store, "z", 1e-4)
        better = in_a_process("tau", store, "z", 1e-6)
        error, triads = abs(whole["tau"] / better["tau"] - 1), whole["seconds"] / triad
        rows = [
            row("τ to 1e-4, 15 % pores", f"{n}³", triads, "triads", 40, below=True),
            row("  its time", f"{n}³", whole["seconds"], "s"),
            row("  its peak memory", f"{n}³", whole["bytes"] / n**3, "B/voxel", 15, below=True),
            row("  its error against 1e-6", f"{n}³", error, "1", 1e-4, below=True),
            row("τ to 1e-6 (float64)", f"{n}³", better["seconds"] / triad, "triads"),
            row("  its peak memory", f"{n}³", better["bytes"] / n**3, "B/voxel"),
        ]  # fmt: skip
        blocks = in_a_process("blocks", store, "zyx", 1e-4)
        rows.append(
            row(f"64 × {n // 4}³ × 3 directions", f"{n}³", blocks["seconds"], "s", 40, below=True)
        )
        return rows + growth(n, folder)


def growth(n: int, folder: str) -> list[dict]:
    """Return rows for how time and memory grow with the number of voxels."""
    edges = sorted({max(16, n * part // 5) for part in (1, 2, 3, 4, 5)})
    runs = [in_a_process("tau", twin(m, folder), "z", 1e-4) for m in edges]
    voxels = np.log([m**3 for m in edges])
    base = in_a_process("tau", twin(16, folder), "z", 1e-4)["bytes"]
    time_power = np.polyfit(voxels, np.log([run["seconds"] for run in runs]), 1)[0]
    extra = [max(run["bytes"] - base, 1) for run in runs]
    memory_power = np.polyfit(voxels, np.log(extra), 1)[0]
    size = f"{edges[0]}³ to {edges[-1]}³"
    return [
        row("exponent of time against voxels", size, float(time_power), "1"),
        row("exponent of memory against voxels", size, float(memory_power), "1"),
    ]


def published() -> list[dict]:
    """Return rows for the field's 500³ benchmark volume, where it lies beside the checkout."""
    if not TF.exists():
        return []
    import tifffile

    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(TF) as archive:
            name = next(each for each in archive.namelist() if each.endswith((".tif", ".tiff")))
            pages = tifffile.imread(archive.open(name))
        volume = poreflux.from_array((pages == 255).astype(np.uint8))
        store = str(poreflux.save(volume, Path(folder) / "tf.zarr"))
        triad = seconds_of_a_triad(500**3)
        rows = []
        for direction, tau in PUBLISHED.items():
            run = in_a_process("tau", store, direction, 5e-5)
            what = f"published volume TF-500 along {direction}"
            rows += [
                row(what, "500³", run["seconds"] / triad, "triads", 60, below=True),
                row("  its error", "500³", abs(run["tau"] / tau - 1), "1", 1e-4, below=True),
            ]
        return rows


def largest(n: int = 1000) -> list[dict]:
    """Return rows for a volume of a thousand million voxels, made chunk by chunk."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        run = in_a_process("tau", twin(n, folder), "z", 1e-4)
        return [
            row("τ to 1e-4, 15 % pores", f"{n}³", run["seconds"], "s"),
            row("  its peak memory", f"{n}³", run["bytes"] / 2**30, "GiB", 13, below=True),
        ]


def twin(n: int, folder: str) -> str:
    """Return a store with n³ voxels of a synthetic electrolyte at about 15 % pores; make it if it
    is not there.
    """
    path = Path(folder) / f"twin-{n}.zarr"
    if not path.exists():
        poreflux.save(poreflux.phantoms.synthetic_twin("regular_300", shape=n), path)
    return str(path)


def in_a_process(what: str, store: str, direction: str, rtol: float) -> dict:
    """Run one solve in a process of its own, kernels compiled, and return its time, peak memory and
    τ.
    """
    command = [sys.executable, "-m", "tests.bench.transport", what, store, direction, str(rtol)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


def one_run(what: str, store: str, direction: str, rtol: float) -> dict:
    """Solve in this process; the time starts with the store closed and ends with the number."""

    compiled = poreflux.from_array(np.ones((40, 64, 64), np.uint8))
    if what == "tau":
        poreflux.tortuosity_factor(compiled, rtol=rtol, direction=direction)
        start = time.perf_counter()
        result = poreflux.tortuosity_factor(poreflux.open(store), rtol=rtol, direction=direction)
        tau = float(result.tortuosity_factor[0])
    else:
        poreflux.block_tortuosity(compiled, blocks=(2, 2, 2))
        start = time.perf_counter()
        tau = float(poreflux.block_tortuosity(poreflux.open(store)).block_tortuosity_factor.mean())
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "bytes": peak, "tau": tau}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="one solve, as JSON")
    parser.add_argument("what", choices=["tau", "blocks"])
    parser.add_argument("store")
    parser.add_argument("direction")
    parser.add_argument("rtol", type=float)
    print(json.dumps(one_run(**vars(parser.parse_args()))))
