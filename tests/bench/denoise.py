"""Grey values with less noise: voxels a second of one core."""

import time

import numpy as np

from poreflux.segmentation.denoise import denoised
from tests.bench.machine import row

#: million voxels a second of one core
GOALS = {"nl-means": 2.0, "median": None}


def measure(n: int = 128, repeats: int = 3) -> list[dict]:
    """Return rows for n³ voxels of 8 bits, each method on one core."""
    rng = np.random.default_rng(0)
    steps = np.indices((n, n, n)).sum(axis=0) // 24 % 2
    gray = (100 + 60 * steps + rng.normal(0, 8, (n, n, n))).astype(np.uint8)
    rows = []
    for method, goal in GOALS.items():
        _once(gray[:16], method)
        seconds = min(_once(gray, method) for _ in range(repeats))
        rows.append(
            row(f"{method}, one core", f"{n}³ uint8", n**3 / seconds / 1e6, "Mvoxel/s", goal)
        )
    return rows


def _once(gray: np.ndarray, method: str) -> float:
    """Return the seconds that one core takes."""
    start = time.perf_counter()
    denoised(gray, method, 8.0).compute(scheduler="synchronous")
    return time.perf_counter() - start
