"""The current at an electrode: its time against that of the tortuosity factor, its memory.

Where other programs run at the same time, the ratios of processor time tell more than those of
the clock.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import poreflux
from poreflux.transport.electrode.interfacial_current import memory
from tests.bench.machine import row
from tests.bench.transport import twin

#: µm
SWEEP = (0.0, 1.0, 8.0, 40.0, 260.0)

#: of the current densities, and its square of the tortuosity factor: both are then as near to the
#: potential, in the norm of the dissipation
RTOL = 1e-6


def measure(n: int = 500) -> list[dict]:
    """Return rows for n³ voxels at about 15 % pores, 93.06 % contact, Butler-Volmer."""
    with tempfile.TemporaryDirectory() as folder:
        store = twin(n, folder)
        base = in_a_process("current", twin(16, folder))
        tau, one, equal, swept = (
            in_a_process(what, store) for what in ("tau", "current", "equipotential", "sweep")
        )
    per_tau = {
        (what, name): run[what] / tau[what]
        for what in ("seconds", "processor")
        for name, run in (("1", one), ("5", swept))
    }
    forecast = (one["bytes"] - base["bytes"]) / memory((n, n, n))
    return [
        row("current to 1e-6, Butler-Volmer", f"{n}³", one["seconds"], "s"),
        row("  its time over that of τ to 1e-12", f"{n}³", per_tau["seconds", "1"], "x", 3,
            below=True),
        row("  its processor time over τ's", f"{n}³", per_tau["processor", "1"], "x"),
        row("  its iterations", f"{n}³", one["iterations"], "1"),
        row("  what leaves over what enters, less one", f"{n}³", one["mismatch"], "1", 1e-8,
            below=True),
        row("  its peak memory", f"{n}³", one["bytes"] / n**3, "B/voxel"),
        row("  over the forecast", f"{n}³", forecast, "1", 1, below=True),
        row("5 Wagner lengths, time over τ's", f"{n}³", per_tau["seconds", "5"], "x", 6,
            below=True),
        row("  processor time over τ's", f"{n}³", per_tau["processor", "5"], "x"),
        row("current from one potential", f"{n}³", equal["seconds"], "s"),
        row("  its time over that from one flux", f"{n}³", equal["seconds"] / one["seconds"], "x",
            1.5, below=True),
        row("  its iterations", f"{n}³", equal["iterations"], "1"),
    ]  # fmt: skip


def in_a_process(what: str, store: str) -> dict:
    """Run one solve in a process of its own; return its time and peak memory."""
    command = [sys.executable, "-m", "tests.bench.interface", what, store]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])


def one_run(what: str, store: str) -> dict:
    """Solve in this process; the time starts with the store closed and ends with the numbers."""
    options = {
        "current": {},
        "equipotential": {"drive": "equipotential"},
        "sweep": {"wagner_lengths": SWEEP},
    }
    small = poreflux.from_array(np.ones((40, 64, 64), np.uint8))
    if what == "tau":
        poreflux.tortuosity_factor(small, rtol=RTOL**2)
    else:
        poreflux.interfacial_current(small, rtol=RTOL, **options[what])
    start, before = time.perf_counter(), time.process_time()
    volume = poreflux.open(store)
    found = {}
    if what == "tau":
        poreflux.tortuosity_factor(volume, rtol=RTOL**2)
    else:
        result = poreflux.interfacial_current(volume, rtol=RTOL, **options[what])
        found["iterations"] = int(result.current_iterations[0])
        found["mismatch"] = float(result.current_mismatch[0])
    return {
        "seconds": time.perf_counter() - start,
        "processor": time.process_time() - before,
        "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        **found,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="one solve, as JSON")
    parser.add_argument("what", choices=["tau", "current", "equipotential", "sweep"])
    parser.add_argument("store")
    print(json.dumps(one_run(**vars(parser.parse_args()))))
