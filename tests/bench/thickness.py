"""Local thickness against PoreSpy, where it is installed (``make peers``)."""

import importlib.util
import time
from collections.abc import Callable

import numpy as np

import poreflux
from tests.bench.machine import row


def measure(n: int = 250, repeats: int = 2) -> list[dict]:
    """Return rows: time in whole voxels, PoreSpy's time over it, and whether both agree."""
    volume = poreflux.phantoms.synthetic_twin("regular_300", n, voxel_size=1.0)
    volume["phase"] = volume["phase"].compute()
    _ours(volume[{"z": slice(32)}])
    seconds, ours = _fastest(lambda: _ours(volume), repeats)
    rows = [row("local thickness in whole voxels", f"{n}³", seconds, "s")]
    if importlib.util.find_spec("porespy"):
        import porespy

        porespy.settings.tqdm["disable"] = True
        pore = volume["phase"].values == 0
        porespy.filters.local_thickness(pore[:32])
        theirs, radii = _fastest(lambda: porespy.filters.local_thickness(pore), repeats)
        rows.append(row("  PoreSpy's time over it", f"{n}³", theirs / seconds, "x", 3))
        same = float(np.isclose(2 * radii, ours)[pore].mean())
        rows.append(row("  pore voxels that agree", f"{n}³", same, "1", 1))
    return rows


def _ours(volume) -> np.ndarray:
    return poreflux.local_thickness(volume, whole=True)["local_thickness"].values


def _fastest(call: Callable, repeats: int) -> tuple[float, np.ndarray]:
    """Return the least time of several calls, and the last result."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = call()
        times.append(time.perf_counter() - start)
    return min(times), found
