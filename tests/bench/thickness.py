"""Local thickness against PoreSpy, where it is installed (``make peers``)."""

import importlib.util
import time
from collections.abc import Callable

import numpy as np

import poreflux
from tests.bench.machine import row


def measure(n: int = 250, repeats: int = 2) -> list[dict]:
    """Return rows of two phases, pores that are narrow and the solid, which is wide: time in whole
    voxels, PoreSpy's time over it, and whether both agree.
    """
    volume = poreflux.phantoms.synthetic_twin("regular_300", n, voxel_size=1.0)
    volume["phase"] = volume["phase"].compute()
    return [each for phase in ("pore", "electrolyte") for each in _of(volume, phase, repeats)]


def _of(volume, phase: str, repeats: int) -> list[dict]:
    """Return the rows of one phase."""
    size = f"{volume.sizes['z']}³"
    _ours(volume[{"z": slice(32)}], phase)
    seconds, ours = _fastest(lambda: _ours(volume, phase), repeats)
    rows = [row(f"local thickness in whole voxels, {phase}", size, seconds, "s")]
    if importlib.util.find_spec("porespy"):
        import porespy

        porespy.settings.tqdm["disable"] = True
        inside = (volume["phase"].values == 0) == (phase == "pore")
        porespy.filters.local_thickness(inside[:32])
        theirs, radii = _fastest(lambda: porespy.filters.local_thickness(inside), repeats)
        rows.append(row("  PoreSpy's time over it", size, theirs / seconds, "x", 3))
        same = float(np.isclose(2 * radii, ours)[inside].mean())
        rows.append(row("  voxels that agree", size, same, "1", 1))
    return rows


def _ours(volume, phase: str) -> np.ndarray:
    return poreflux.local_thickness(volume, whole=True, phase=phase)["local_thickness"].values


def _fastest(call: Callable, repeats: int) -> tuple[float, np.ndarray]:
    """Return the least time of several calls, and the last result."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = call()
        times.append(time.perf_counter() - start)
    return min(times), found
