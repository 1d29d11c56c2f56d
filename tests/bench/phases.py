"""Where the time of a solve goes: seconds of each phase, by the verbs of its engine."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.bench.machine import row, seconds_of_a_triad

#: what the verbs of an engine are part of, in the order of a solve
PHASES = {
    "clusters that percolate": ("label", "mark", "keep"),
    "operator": ("encode", "conduct", "face_conductance"),
    "set-up of coarser grids": ("coarsen", "sum_faces", "factorise"),
    "vectors, touched first": ("vector", "zeros"),
    "start, directions": ("ramp", "combine", "dot", "wrap"),
    "residual": ("residual",),
    "curvature": ("curvature",),
    "advance": ("advance",),
    "cycle": ("descend", "ascend", "descend_again", "ascend_again", "substitute"),
    "energy and fluxes": ("fluxes",),
    "proof": (
        "imbalance", "label_blocks", "count_edges", "fill_edges", "settle_network",
        "settle_blocks",
    ),
}  # fmt: skip


class Spent(NamedTuple):
    """Seconds in, and calls of, each phase."""

    seconds: Counter
    calls: Counter


@contextmanager
def measured(
    engine: Any,
    phases: Mapping[str, tuple[str, ...]],
    wait: Callable[[], None] = lambda: None,
    after: Callable[[str], None] = lambda phase: None,
) -> Iterator[Spent]:
    """Give the seconds and the calls of each phase while an engine works.

    What a verb calls of the same engine is its own; ``wait`` returns when the engine has done what
    it was told; ``after(phase)`` is called after each.
    """
    spent, inside = Spent(Counter(), Counter()), False

    def timed(phase: str, verb: Callable) -> Callable:
        def run(*args: Any, **options: Any) -> Any:
            nonlocal inside
            if inside:
                return verb(*args, **options)
            inside = True
            wait()
            start = time.perf_counter()
            try:
                return verb(*args, **options)
            finally:
                wait()
                spent.seconds[phase] += time.perf_counter() - start
                spent.calls[phase] += 1
                inside = False
                after(phase)

        return run

    names = [(phase, name) for phase, verbs in phases.items() for name in verbs]
    for phase, name in names:
        setattr(engine, name, timed(phase, getattr(engine, name)))
    try:
        yield spent
    finally:
        for _, name in names:
            delattr(engine, name)


def measure(n: int = 500, rtol: float = 1e-4) -> list[dict]:
    """Return rows of the phases of τ of a synthetic electrolyte of n³ voxels with 15 % pores."""
    from tests.bench.transport import twin

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.phases", twin(n, folder), str(rtol)]
        root = Path(__file__).parents[2]
        done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def rows_of(store: str, rtol: float) -> list[dict]:
    """Return rows of one solve in this process, read from a store that was closed."""
    import poreflux
    from poreflux.transport.engines.threads import Threads
    from poreflux.transport.medium import read_medium
    from poreflux.transport.tortuosity.effective_conductivity import solve

    compiled = poreflux.from_array(np.ones((40, 64, 64), np.uint8))
    poreflux.tortuosity_factor(compiled, rtol=rtol)
    engine, peak = Threads(), -_peak()
    with measured(engine, PHASES) as spent:
        start = time.perf_counter()
        volume = poreflux.open(store)
        cells, medium = read_medium(volume, "z", {"electrolyte": 1.0}, engine)
        reading = time.perf_counter() - start
        found = solve(cells, medium, engine, rtol=rtol)
        whole = time.perf_counter() - start
    peak += _peak()
    voxels = cells.size
    engine.close()
    size, triad = f"{cells.shape[0]}³", seconds_of_a_triad(voxels)
    iterations = found.solution.run.iterations if found.solution else 0
    rows = [
        row("τ to 1e-4, in triads", size, whole / triad, "triads", 40, below=True),
        row("  peak memory", size, peak / voxels, "B/voxel", 15, below=True),
        row("  iterations", size, iterations, "1"),
        row("  medium, from a closed store", size, reading / triad, "triads"),
    ]
    for phase in PHASES:
        seconds, calls = spent.seconds[phase], spent.calls[phase]
        rows.append(row(f"  {phase}, {calls} calls", size, seconds / triad, "triads"))
    rest = whole - reading - sum(spent.seconds.values())
    return [*rows, row("  between", size, rest / triad, "triads")]


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(json.dumps(rows_of(sys.argv[1], float(sys.argv[2]))))
