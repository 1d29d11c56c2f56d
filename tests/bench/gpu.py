"""The graphics processor: seconds a phase, bandwidth of each kernel, bytes a voxel, agreement.

On a machine with a GPU of NVIDIA and a driver of CUDA 12 or newer, in a checkout::

    pip install -e '.[gpu,test]' && python -m tests.bench.gpu

``--sizes 200 500 1000`` are the edges of media that are made on the device, ``--published FILE`` is
the zip of TF-500, ``--cores 500`` the largest edge that the cores solve, too. TauFactor runs on the
same card where it is installed. Rows are printed as they come (and kept, ``--json FILE``); what
fails is told, and the rest goes on; nothing new begins after ``--seconds`` 540. ``--simulate`` runs
everything in small boxes, without a GPU; :mod:`tests.bench.device_code` compiles it without one.
"""

import argparse
import gc
import importlib.util
import json
import math
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import partial
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
    sizes: tuple[int, ...] = (200, 500, 1000),
    cores: int = 500,
    published: str | None = None,
    seconds: float = math.inf,
    tell: Callable[[dict], Any] = lambda row: None,
) -> list[dict]:
    """Return the rows of all media; none where there is no graphics processor.

    What fails is a row that says so, and the rest goes on; no part begins after so many `seconds`.
    Each row is told as it comes.
    """
    from poreflux.errors import NoDevice
    from poreflux.transport.engines import choosing

    start = time.perf_counter()
    try:
        device = choosing.device()
    except NoDevice as error:
        print(error, file=sys.stderr)
        return []
    print(f"{device.name}, {device.free / 2**30:.1f} GiB free", file=sys.stderr, flush=True)
    small = min(32, *sizes)
    parts = [("compiling", "", lambda: compiling(small))]
    parts += [("passes", f"{n}³", partial(kernels, n)) for n in [min(500, max(sizes))]]
    parts += [("solves", f"{n}³", partial(medium, n, n <= cores)) for n in sizes]
    if published is not None and Path(published).exists():
        parts.insert(3, ("solves", "TF-500", partial(benchmark, published, cores >= 500)))
    rows = []
    for what, size, part in parts:
        for each in whatever_happens(what, size, part, start + seconds):
            rows.append(each)
            tell(each)
    return rows


def whatever_happens(
    what: str, size: str, part: Callable[[], Iterable[dict]], ends: float
) -> Iterator[dict]:
    """Yield the rows of a part, and one that says why it has no more; none are begun too late."""
    if time.perf_counter() > ends:
        yield row(f"{what}: no time left", size, math.nan, "")
        return
    try:
        yield from part()
    except Exception as error:  # of whatever: the next size may do
        traceback.print_exc()
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        yield row(f"{what} failed, {said[:120]}", size, math.nan, "")
    gc.collect()


def compiling(n: int) -> Iterator[dict]:
    """Yield the seconds of a first solve, of n³ cells, which compiles what a solve needs."""
    from poreflux.transport.engines.cuda.engine import Cuda

    engine, start = Cuda(), time.perf_counter()
    solve_once(made(n), engine)
    engine.close()
    yield row("first solve, compiling", f"{n}³", time.perf_counter() - start, "s")


def medium(n: int, compare: bool) -> Iterator[dict]:
    """Yield the rows of a medium of n³ cells that is made on the device."""
    yield from solves(f"{n}³", made(n), compare)


def benchmark(archive: str, compare: bool) -> Iterator[dict]:
    """Yield the rows of TF-500."""
    yield from solves("TF-500", read(archive), compare)


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


def kernels(n: int, repeats: int = 10) -> Iterator[dict]:
    """Yield the bandwidth of a copy on the device and the share of it that each pass reaches, over
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
    yield row("copy on the device", f"{n}³", copied / 1e9, "GB/s")
    for name, run in passes.items():
        rate = TRAFFIC[name] * n**3 / seconds(run, repeats)
        yield row(f"  {name}, of the copy", f"{n}³", 100 * rate / copied, "%")
    engine.close()
    memory.synchronize()


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


def solves(size: str, cells: np.ndarray, compare: bool) -> Iterator[dict]:
    """Yield the rows of one medium: a solve as it is, one phase by phase, and others' answers."""
    from poreflux.transport.engines.cuda.engine import Cuda
    from poreflux.transport.engines.threads import Threads

    conducting = float(cells.mean())
    yield row("conducting share", size, 100 * conducting, "%")
    engine = Cuda()
    spent, solution = solve_once(cells, engine)
    tau = conducting / solution.conductivity
    yield row("solve on the device", size, spent, "s", SECONDS.get(size), below=True)
    yield row("  iterations", size, solution.solution.run.iterations, "1")
    yield row("  its τ", size, tau, "1")
    del solution
    engine.close()
    gc.collect()
    yield from phase_by_phase(size, cells)
    if compare:
        cores, of_cores = solve_once(cells, Threads())
        yield row("solve on the cores", size, cores, "s")
        off = abs(tau * of_cores.conductivity / conducting - 1)
        yield row("  difference of τ", size, off, "1", 2 * RTOL, below=True)
    yield from taufactor(size, cells, tau)


def phase_by_phase(size: str, cells: np.ndarray) -> Iterator[dict]:
    """Yield the memory that a solve takes and the seconds of its phases."""
    from poreflux.kernels.cuda import memory
    from poreflux.transport.engines.cuda.engine import Cuda

    before, engine = memory.device().free, Cuda()
    free: list[int] = []

    def read_free(phase: str) -> None:
        if phase == "passes":
            free.append(memory.device().free)

    with measured(engine, PHASES, memory.synchronize, read_free) as spent_in:  # waiting slows it
        total, _ = solve_once(cells, engine)
    each = {phase: spent_in.seconds[phase] for phase in PHASES}
    taken = (before - min(free)) / cells.size
    yield row("  memory of it", size, taken, "B/voxel", BYTES, below=True)
    for phase, value in each.items():
        yield row(f"  {phase}, {spent_in.calls[phase]} calls", size, value, "s")
    yield row("  transfers and Python between", size, total - sum(each.values()), "s")
    engine.close()
    gc.collect()


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
    """Print rows as they come, and the table of all at the end."""
    from tests.bench.__main__ import table

    data = Path(__file__).parents[3] / "shared/data/TF-500x500x500-1x2x6-v3.tiff.zip"
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gpu", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 500, 1000])
    parser.add_argument("--published", default=str(data))
    parser.add_argument("--cores", type=int, default=500)
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("--seconds", type=float, default=540, help="begin nothing after so many")
    parser.add_argument("--json", type=Path, help="file of the rows, written anew after each")
    chosen = parser.parse_args()
    if chosen.simulate:
        if os.environ.get("NUMBA_ENABLE_CUDASIM") != "1":  # numba reads it when it is imported
            again = [sys.executable, "-m", "tests.bench.gpu", *sys.argv[1:]]
            os.execve(sys.executable, again, {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"})
        chosen.sizes, chosen.published = [min(10, *chosen.sizes)], None
    rows: list[dict] = []

    def tell(each: dict) -> None:
        rows.append(each)
        print(f"{each['what']:40} {each['size']:>8} {each['value']:.4g} {each['unit']}", flush=True)
        if chosen.json:
            chosen.json.write_text(json.dumps(rows, indent=1))

    measure(tuple(chosen.sizes), chosen.cores, chosen.published, chosen.seconds, tell)
    if rows:
        from rich.console import Console

        Console().print(table(rows))


if __name__ == "__main__":
    main()
