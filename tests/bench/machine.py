"""What this machine can do: the memory triad, in the same run as everything else."""

import time
from itertools import pairwise

import numpy as np

from poreflux.transport.engines.threads import Threads
from tests.bench.triad import triad

NUMBERS = 125_000_000


def seconds_of_a_triad(numbers: int = NUMBERS, repeats: int = 5) -> float:
    """Return the median time of one triad over float32 arrays of `numbers` elements, all cores."""
    engine = Threads()
    a, b, c = (np.ones(numbers, np.float32) for _ in range(3))
    edges = np.linspace(0, numbers, engine.threads + 1).astype(int)
    jobs = [(a, b, c, np.float32(3), lo, hi) for lo, hi in pairwise(edges)]
    engine.map(triad, jobs)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        engine.map(triad, jobs)
        times.append(time.perf_counter() - start)
    engine.close()
    return float(np.median(times))


def measure(n: int = 500) -> list[dict]:
    """Return the row of the triad over n³ numbers."""
    seconds = seconds_of_a_triad(n**3)
    rate = 12 * n**3 / seconds
    return [row("memory triad a = b + s c, float32", f"{n}³", rate / 1e9, "GB/s")]


def row(what: str, size: str, value: float, unit: str, goal=None, *, below: bool = False) -> dict:
    """Return one row of the table; `goal` is to be reached, or to be stayed below."""
    met = None if goal is None else bool(value <= goal if below else value >= goal)
    return {"what": what, "size": size, "value": value, "unit": unit, "goal": goal, "met": met}
