"""A TIFF stack into a Zarr store: checksums, compression, pyramid, and all of it on the disk."""

import os
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile

import poreflux

#: bytes of uint8 voxels a second from files to a store, on two cores
GOALS = {"TIFF stack": 250e6, "folder of TIFF pages": 250e6}


def measure(n: int = 500, repeats: int = 3) -> list[dict]:
    """Return rows: voxels a second of imports, of reading, and of verifying.

    Parameters
    ----------
    n
        edge of the volume in voxels; grey values with the noise of a tomogram.
    repeats
        of which the fastest counts.
    """
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, path in _stacks(folder, n).items():
            seconds = min(_import(path, folder / "vol.zarr") for _ in range(repeats))
            rows.append(_row(f"{kind} to Zarr", n, seconds, GOALS.get(kind)))
        store = folder / "vol.zarr"
        threads = len(os.sched_getaffinity(0))
        calls = {
            "verify a store": lambda: poreflux.store.verify(store),
            "read a store into memory": lambda: poreflux.store.read_box(
                store, "gray", threads=threads
            ),
        }
        for what, call in calls.items():
            rows.append(_row(what, n, min(_timed(call) for _ in range(repeats)), None))
    return rows


def _stacks(folder: Path, n: int) -> dict[str, Path]:
    rng = np.random.default_rng(0)
    # the grey values of cement.tif have a like spread
    stack = rng.normal(120, 8, (n, n, n)).astype(np.uint8)
    tifffile.imwrite(folder / "plain.tif", stack)
    tifffile.imwrite(folder / "packed.tif", stack, compression="zlib")
    pages = folder / "pages"
    pages.mkdir()
    for number, plane in enumerate(stack):
        tifffile.imwrite(pages / f"{number}.tif", plane)
    return {
        "TIFF stack": folder / "plain.tif",
        "deflated TIFF stack": folder / "packed.tif",
        "folder of TIFF pages": pages,
    }


def _import(path: Path, store: Path) -> float:
    return _timed(
        lambda: poreflux.save(poreflux.read(path, voxel_size=0.92), store, overwrite=True)
    )


def _timed(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _row(what: str, n: int, seconds: float, goal: float | None) -> dict:
    rate = n**3 / seconds
    return {
        "what": what,
        "size": f"{n}³ uint8",
        "value": rate / 1e6,
        "unit": "MB/s",
        "goal": goal and goal / 1e6,
        "met": None if goal is None else bool(rate >= goal),
    }


if __name__ == "__main__":
    for row in measure():
        print(f"{row['what']}, {row['size']}: {row['value']:.0f} {row['unit']}")
