"""The graphics processor: seconds a phase, bandwidth of each kernel, bytes a voxel, agreement.

On a machine with a GPU of NVIDIA and a driver of CUDA 12 or newer, in a checkout::

    pip install -e '.[gpu,test]' && python -m tests.bench.gpu

``--sizes 200 500 1000`` are the edges of media that are made on the device, ``--published FILE`` is
the zip of TF-500, ``--cores 500`` the largest edge that the cores solve, too. TauFactor runs on the
same card where it is installed. ``--simulate`` runs everything in small boxes, without a GPU.
"""

import argparse
import gc
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.machine import row
from tests.bench.phases import measured

#: bytes a voxel that a pass in float32 has to move, one phase: vectors of half a number, a byte of
#: geometry, the black values between its two launches
TRAFFIC = {
    "combine": 6.0, "dot": 4.0, "residual": 11.0, "curvature": 9.0, "advance": 17.0,
    "descend": 8.0, "ascend": 12.0, "fluxes": 9.5, "imbalance": 15.5,
}  # fmt: skip

#: what the verbs of an engine are part of
PHASES = {
    "clusters": ("label", "mark", "keep"),
    "geometry": ("encode", "conduct", "sum_faces", "coarsen", "face_conductance", "factorise"),
    "vectors": ("vector", "zeros", "combine", "dot", "wrap", "ramp"),
    "passes": ("residual", "curvature", "advance"),
    "cycle": ("descend", "ascend", "descend_again", "ascend_again", "substitute"),
    "integrals": ("fluxes", "imbalance"),
    "proof": ("label_blocks", "count_edges", "fill_edges", "settle_network", "settle_blocks"),
}

#: relative error of the conductivity; seconds a direction and bytes a voxel to stay below
RTOL, SECONDS, BYTES = 1e-4, {"TF-500": 0.15, "1000³": 1.0}, 16.0


def measure(
    sizes: tuple[int, ...] = (200, 500, 1000), cores: int = 500, published: str | None = None
) -> list[dict]:
    """Return the rows of all media; none where there is no graphics processor."""
    from poreflux.errors import NoDevice
    from poreflux.transport.engines import choosing

    try:
        device = choosing.device()
    except NoDevice as error:
        print(error, file=sys.stderr)
        return []
    print(f"{device.name}, {device.free / 2**30:.1f} GiB free", file=sys.stderr)
    rows = kernels(min(500, max(sizes)))
    for n in sizes:
        rows += solves(f"{n}³", made(n), compare=n <= cores)
    if published is not None and Path(published).exists():
        rows += solves("TF-500", read(published), compare=cores >= 500)
    return rows


def made(n: int) -> np.ndarray:
    """Return a medium of n³ cells with about 15 % pores, made on the device: smooth noise, cut."""
    from poreflux.kernels.cuda import launching, memory
    from tests.bench.noise import cut_noise

    cells = memory.zeros((n, n, n), np.uint8)
    blocks, threads = launching.over(n, n, n)
    cut_noise[blocks, threads](cells, max(2, n // 60), 0.345)
    return memory.download(cells)


def read(archive: str) -> np.ndarray:
    """Return the cells of TF-500 along its first axis."""
    import zipfile

    import tifffile

    with zipfile.ZipFile(archive) as opened:
        name = next(each for each in opened.namelist() if each.endswith((".tif", ".tiff")))
        return (tifffile.imread(opened.open(name)) == 255).astype(np.uint8)


def kernels(n: int, repeats: int = 10) -> list[dict]:
    """Return the bandwidth of a copy on the device and the share of it that each pass reaches, over
    n³ cells of one phase in float32.
    """
    from poreflux.kernels.cuda import launching, memory
    from poreflux.transport.engines.cuda.engine import Cuda
    from poreflux.transport.laplace.operator import build
    from poreflux.transport.laplace.problem import Problem
    from poreflux.transport.solvers.multigrid import coarser

    repeats = 1 if launching.SIMULATED else repeats
    engine = Cuda()
    fine = build(Problem(made(n), (1.0, 1.0, 1.0)), engine, np.float32)
    coarse = coarser(fine)
    x, y, z = (fine.vector() for _ in range(3))
    coarse_b = coarse.vector(2)
    engine.ramp(fine, x, -1 / n, 1.0)
    planes = np.zeros((n + 1, 5))
    passes: dict[str, Callable[[], Any]] = {
        "combine": lambda: engine.combine(fine.shape, 1.0, x, 0.5, y),
        "dot": lambda: engine.dot(fine.shape, x, y),
        "residual": lambda: engine.residual(fine, x, y),
        "curvature": lambda: engine.curvature(fine, x),
        "advance": lambda: engine.advance(fine, 1e-3, x, y, z),
        "descend": lambda: engine.descend(fine, y, coarse_b),
        "ascend": lambda: engine.ascend(fine, y, coarse_b, z),
        "fluxes": lambda: engine.fluxes(fine, x, planes),
        "imbalance": lambda: engine.imbalance(fine, x, z),
    }
    copied = 2 * x.nbytes / seconds(lambda: y.copy_to_device(x), repeats)
    rows = [row("copy on the device", f"{n}³", copied / 1e9, "GB/s")]
    for name, run in passes.items():
        rate = TRAFFIC[name] * n**3 / seconds(run, repeats)
        rows.append(row(f"  {name}, of the copy", f"{n}³", 100 * rate / copied, "%"))
    engine.close()
    memory.synchronize()
    return rows


def seconds(run: Callable[[], Any], repeats: int) -> float:
    """Return the median time of a pass after one that compiles it."""
    from poreflux.kernels.cuda import memory

    run()
    times = []
    for _ in range(repeats):
        memory.synchronize()
        start = time.perf_counter()
        run()
        memory.synchronize()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def solves(size: str, cells: np.ndarray, compare: bool) -> list[dict]:
    """Return the rows of one medium: a solve as it is, one phase by phase, and others' answers."""
    from poreflux.kernels.cuda import memory
    from poreflux.transport.engines.cuda.engine import Cuda
    from poreflux.transport.engines.threads import Threads

    conducting = float(cells.mean())
    solve_once(cells[: min(32, len(cells))], Cuda())  # compiles
    gc.collect()
    engine = Cuda()
    spent, solution = solve_once(cells, engine)
    tau = conducting / solution.conductivity
    rows = [
        row("conducting share", size, 100 * conducting, "%"),
        row("solve on the device", size, spent, "s", SECONDS.get(size), below=True),
        row("  iterations", size, solution.solution.run.iterations, "1"),
    ]
    del solution
    engine.close()
    gc.collect()
    before, engine = memory.device().free, Cuda()
    free: list[int] = []

    def read_free(phase: str) -> None:
        if phase == "passes":
            free.append(memory.device().free)

    with measured(engine, PHASES, memory.synchronize, read_free) as spent_in:  # waiting slows it
        total, _ = solve_once(cells, engine)
    each = {phase: spent_in.seconds[phase] for phase in PHASES}
    taken = (before - min(free)) / cells.size
    rows.append(row("  memory of it", size, taken, "B/voxel", BYTES, below=True))
    rows += [row(f"  {phase}", size, value, "s") for phase, value in each.items()]
    rows.append(row("  transfers and Python between", size, total - sum(each.values()), "s"))
    engine.close()
    gc.collect()
    if compare:
        cores, of_cores = solve_once(cells, Threads())
        rows.append(row("solve on the cores", size, cores, "s"))
        off = abs(tau * of_cores.conductivity / conducting - 1)
        rows.append(row("  difference of τ", size, off, "1", 2 * RTOL, below=True))
    return rows + taufactor(size, cells, tau)


def solve_once(cells: np.ndarray, engine: Any) -> tuple[float, Any]:
    """Return the seconds of a solve, percolation included, and what it found."""
    from poreflux.transport.laplace.problem import Medium
    from poreflux.transport.tortuosity.effective_conductivity import solve

    share = float(cells.mean())
    kept = cells.copy()  # the solve clears what does not percolate
    start = time.perf_counter()
    found = solve(kept, Medium((1.0, 1.0, 1.0), 1.0, share, share), engine, rtol=RTOL)
    return time.perf_counter() - start, found


def taufactor(size: str, cells: np.ndarray, tau: float) -> list[dict]:
    """Return the rows of TauFactor on the same card, where it is installed."""
    from poreflux.kernels.cuda.launching import SIMULATED

    if SIMULATED or importlib.util.find_spec("taufactor") is None:
        return []
    import taufactor as peer

    start = time.perf_counter()
    solver = peer.Solver(cells, device="cuda")
    solver.solve(verbose=False)
    spent = time.perf_counter() - start
    return [
        row("TauFactor on the device", size, spent, "s"),
        row("  its τ over ours", size, float(np.ravel(solver.tau)[0]) / tau, "1"),
    ]


def main() -> None:
    """Print the table, or the rows as JSON."""
    from tests.bench.__main__ import table

    data = Path(__file__).parents[3] / "shared/data/TF-500x500x500-1x2x6-v3.tiff.zip"
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gpu", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 500, 1000])
    parser.add_argument("--published", default=str(data))
    parser.add_argument("--cores", type=int, default=500)
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.simulate:
        if os.environ.get("NUMBA_ENABLE_CUDASIM") != "1":  # numba reads it when it is imported
            again = [sys.executable, "-m", "tests.bench.gpu", *sys.argv[1:]]
            os.execve(sys.executable, again, {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"})
        chosen.sizes, chosen.published = [min(10, *chosen.sizes)], None
    rows = measure(tuple(chosen.sizes), chosen.cores, chosen.published)
    if chosen.json:
        print(json.dumps(rows, indent=1))
        return
    from rich.console import Console

    Console().print(table(rows))


if __name__ == "__main__":
    main()
