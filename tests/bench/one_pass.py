"""Porosity, profile, blocks and structure-factor map of a stored volume, all in one pass."""

import tempfile
import time
from pathlib import Path

import numpy as np

import poreflux
from poreflux import blocks
from poreflux.phantoms import random_spheres
from poreflux.readers.lazy import from_chunks

#: bytes of uint8 voxels a second that one pass is to reach on two cores
GOALS = {"a Zarr store": 700e6, "memory": 1000e6}


def measure(n: int = 512, repeats: int = 3) -> list[dict]:
    """Return rows: seconds and bytes of voxels a second, from a Zarr store and from memory.

    Parameters
    ----------
    n
        edge of the volume in voxels.
    repeats
        of which the fastest counts.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        store = poreflux.save(_volume(n), Path(folder) / "vol.zarr")
        whole = poreflux.from_array(poreflux.store.read_box(store, "phase"), voxel_size=0.92)
        for source, volume in {"a Zarr store": poreflux.open(store), "memory": whole}.items():
            _all_metrics(volume.isel(z=slice(0, 16)))  # compiles
            rate = n**3 / min(_timed(volume) for _ in range(repeats))
            rows.append(
                {
                    "what": f"one pass from {source}: porosity, profile, blocks, structure factor",
                    "size": f"{n}³ uint8",
                    "value": rate / 1e6,
                    "unit": "MB/s",
                    "goal": GOALS[source] / 1e6,
                    "met": bool(rate >= GOALS[source]),
                }
            )
    return rows


def _volume(n: int):
    """Return a volume that repeats a cube of spheres, in chunks: solid with closed pores."""
    cube = random_spheres(128, 60, [6, 10, 20], seed=1)["phase"].values
    shape = (n, n, n)
    lazy = from_chunks(
        lambda start, stop: cube[np.ix_(*(np.arange(a, b) % 128 for a, b in zip(start, stop)))],
        shape, np.uint8, 128, token=("bench", n),
    )  # fmt: skip
    return poreflux.from_array(lazy, voxel_size=0.92)


def _timed(volume) -> float:
    start = time.perf_counter()
    _all_metrics(volume)
    return time.perf_counter() - start


def _all_metrics(volume) -> None:
    blocks.compute(
        poreflux.porosity(volume),
        poreflux.porosity_profile(volume),
        poreflux.block_porosity(volume),
        poreflux.structure_factor(volume),
    )


if __name__ == "__main__":
    for row in measure():
        print(f"{row['what']}, {row['size']}: {row['value']:.0f} {row['unit']}")
