"""The driver of many processes against the serial one, and what it would take for large volumes.

``python -m tests.bench.mpi`` prints the tables of deploy/README.md.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

import poreflux
from tests.bench.machine import row, seconds_of_a_triad
from tests.bench.transport import twin

ROOT = Path(__file__).parents[2]
RTOL = 1e-8

#: what is assumed of a cluster: nodes of two sockets that move 300 GB/s, a link of 10 GB/s and 5 us
NODE = {"bandwidth": 300e9, "memory": 256 * 2**30, "cores": 64}
LINK = {"latency": 5e-6, "bandwidth": 10e9}


def measure(n: int = 250) -> list[dict]:
    """Return rows for 2 processes of one thread against the serial driver with 2 threads."""
    with tempfile.TemporaryDirectory() as folder:
        store = twin(n, folder)
        alone = run(1, "serial", store, 2)
        together = run(2, "petsc", store, 1)
    what = "2 processes × 1 thread under PETSc"
    return [
        row(f"{what}, time over serial", f"{n}³", together["seconds"] / alone["seconds"], "x", 1.1,
            below=True),
        row("  memory of both", f"{n}³", together["bytes"] / n**3, "B/voxel", 72, below=True),
        row("  difference of τ", f"{n}³", abs(together["tau"] / alone["tau"] - 1), "1", 1e-8,
            below=True),
        row("  iterations more", f"{n}³", together["iterations"] - alone["iterations"], "1", 2,
            below=True),
        row("  time of an iteration", f"{n}³", together["iteration"], "s"),
        *weak_scaling(n // 2),
    ]  # fmt: skip


def weak_scaling(n: int, counts: Sequence[int] = (1, 2, 4)) -> list[dict]:
    """Return rows for as many boxes of n³ voxels, one above the other, as processes of one thread.

    The time of an iteration over that of one process, and over the number of processes that share a
    core where there are more of them than cores; 1 is perfect.
    """
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        cube = poreflux.open(twin(n, folder))["phase"].values
        steps = {}
        for count in counts:
            store = str(Path(folder) / f"{count}.zarr")
            poreflux.save(poreflux.from_array(np.concatenate([cube] * count)), store)
            shared = max(1, count / cores)
            steps[count] = run(count, "petsc", store, 1)["iteration"] / shared
    what = "weak scaling, time of an iteration over one process's"
    return [
        row(f"{what}, {count} processes", f"{count} × {n}³", steps[count] / steps[1], "x")
        for count in counts[1:]
    ]


def run(processes: int, driver: str, store: str, threads: int) -> dict:
    """Solve twice in fresh processes; return the quicker solve, and the memory of all of them."""
    words = [sys.executable, "-m", "tests.bench.mpi", driver, store, str(threads)]
    if driver == "petsc":
        mpiexec = Path(sys.executable).with_name("mpiexec")
        words = [str(mpiexec), "-n", str(processes), *words]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def solve(driver: str, store: str, threads: int) -> dict | None:
    """Do it in this process; return the numbers on the first of several."""
    times: list[float] = []
    options = {"rtol": RTOL, "threads": threads, "progress": lambda *_: times.append(now())}
    now = time.perf_counter
    found, best, steps, used = None, np.inf, [0.0], 0
    for attempt in range(3):
        times.clear()
        start = now()
        found = _serial(store, options) if driver == "serial" else _petsc(store, options)
        if attempt == 0:  # later solves reuse what the first one gave back
            used = _bytes(driver)
        best = min(best, now() - start)
        steps = [b - a for a, b in pairwise(times)] or steps
    if found is None:
        return None
    return {
        "seconds": best,
        "bytes": used,
        "tau": float(found.tortuosity_factor[0]),
        "iterations": int(found.iterations[0]),
        "iteration": float(np.min(steps)),
    }


def _serial(store: str, options: dict):
    return poreflux.tortuosity_factor(poreflux.open(store), precision="float64", **options)


def _petsc(store: str, options: dict):
    from poreflux.transport.parallel.tortuosity_factor import solve_tortuosity

    return solve_tortuosity(store, **options)


def _bytes(driver: str) -> int:
    own = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if driver == "serial":
        return own
    from poreflux.transport.parallel.session import connect

    return int(connect().gather(own).sum())


def speeds(edges=(125, 250)) -> list[dict]:
    """Measure set-up and iterations at several sizes on one and two processes."""
    found = []
    for n in edges:
        with tempfile.TemporaryDirectory() as folder:
            store = twin(n, folder)
            triad = seconds_of_a_triad(n**3)
            for processes in (1, 2):
                each = run(processes, "petsc", store, 1)
                rest = each["seconds"] - each["iterations"] * each["iteration"]
                found.append({"n": n, "processes": processes, **each, "rest": rest, "triad": triad})
    return found


def plan(triads: float, rest: float, iterations: int = 12) -> list[dict]:
    """Return what large volumes take on nodes of the kind assumed.

    Parameters
    ----------
    triads
        time of an iteration in memory triads of as many float32 numbers as voxels.
    rest
        set-up in the same unit.
    """
    from poreflux.transport.parallel.memory import forecast
    from poreflux.transport.parallel.partition import partition
    from tests.mpi.performance_model import Machine, iteration_seconds

    found = []
    for n, nodes in ((2048, (2, 4, 8)), (4096, (12, 16, 32))):
        for count in nodes:
            processes, threads = 8 * count, NODE["cores"] // 8
            shape = (n, n, n)
            layout = partition(shape, processes, 128)
            widest = max(b - a for a, b in map(layout.span, range(layout.boxes)))
            memory = forecast((widest, n, n), layout, True, sides="insulated", check=False) * 8
            voxels = NODE["bandwidth"] / 8 / (12 * triads)
            machine = Machine(voxels, LINK["latency"], LINK["bandwidth"] / 8)
            step = iteration_seconds(shape, layout, machine)
            start = rest * 12 * widest * n * n / (NODE["bandwidth"] / 8)
            found.append(
                {
                    "voxels": f"{n}³",
                    "nodes": count,
                    "processes × threads": f"{processes} × {threads}",
                    "planes of a box": widest,
                    "GiB a node": round(memory / 2**30),
                    "s an iteration": round(step, 2),
                    "minutes, 12 iterations": round((start + iterations * step) / 60, 1),
                }
            )
    return found


def markdown(rows: list[dict]) -> str:
    """Return rows as a table of Markdown."""
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    return "\n".join([*lines, *("| " + " | ".join(map(str, r.values())) + " |" for r in rows)])


def main() -> None:
    """Measure here, fit, and print the plan."""
    measured = speeds()
    shown = [
        {
            "voxels": f"{each['n']}³",
            "processes": each["processes"],
            "s an iteration": round(each["iteration"], 3),
            "in triads": round(each["iteration"] / each["triad"], 1),
            "iterations": each["iterations"],
            "the rest, s": round(each["rest"], 2),
            "B a voxel": round(each["bytes"] / each["n"] ** 3),
        }
        for each in measured
    ]
    print(markdown(shown), end="\n\n")
    last = measured[-1]
    print(markdown(plan(last["iteration"] / last["triad"], last["rest"] / last["triad"])))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        numbers = solve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
        if numbers is not None:
            print(json.dumps(numbers))
    else:
        main()
