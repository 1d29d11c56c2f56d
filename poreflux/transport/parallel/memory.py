"""The memory that the box of one process takes, forecast before any work."""

import numpy as np

from poreflux.errors import TooLarge
from poreflux.machine import free_memory
from poreflux.transport.engines.engine import PROVED_BY_THREADS
from poreflux.transport.parallel.neighbours import Link
from poreflux.transport.parallel.partition import Partition

#: bytes of a process before it has a voxel: Python, the libraries, compiled kernels
PROCESS_BYTES = 230 * 2**20

#: bytes for each voxel of a grid: three conductances, their sum, right-hand side, two solutions
GRID_BYTES = 4 * (3 + 1) + 4 * 3

#: bytes for each voxel of all boxes that the coarse network of a proof takes, on every process
NETWORK_BYTES = 3


def forecast(
    shape: tuple[int, int, int], layout: Partition, binary: bool, *, sides: str, check: bool
) -> int:
    """Return the bytes that one process takes at its peak for a box of `shape` voxels.

    Notes
    -----
    Per voxel half a float64 for each of five vectors of PETSc and one between ghosts; a byte of
    geometry and one of cells, or for several phases four float64 and another of cells; the coarser
    grids, an eighth each; and the grids that every process solves on its own. The imbalance takes
    half a float32; the proof of the error, which large volumes of one conducting phase have only
    in doubt, two bytes of labels, and the coarse network of all boxes. The check is extra.
    """
    planes, ny, nx = (2 * n if sides == "periodic" and n % 2 else n for n in shape)
    planes = shape[0]
    padded = (planes + 4) * (ny + 4) * (nx + 4)
    faces = 4 * 2 * (ny + 4) * (nx + 4) * 4 * 2  # links and sources of the two driven faces
    geometry = 1 + 1 if binary else 5 * 8
    joined = layout.planes * ny * nx / 8**layout.grids * 8 / 7 if layout.boxes > 1 else 0
    matrix = 0
    if check:
        from poreflux.transport.parallel.assembled import BYTES_PER_CELL

        matrix = BYTES_PER_CELL * planes * ny * nx
    grids = GRID_BYTES * (padded / 7 + joined)
    voxels = layout.planes * ny * nx
    most = PROVED_BY_THREADS.alike if binary else PROVED_BY_THREADS.unlike
    proof = 2 * padded + NETWORK_BYTES * voxels if voxels <= most else 0
    vectors = 6 * 8 / 2 + 4 / 2
    return int(PROCESS_BYTES + padded * (geometry + vectors) + grids + faces + proof + matrix)


def refuse(link: Link, need: float, what: str, memory: float | None) -> None:
    """Raise :class:`TooLarge` where the processes of this machine need more bytes than are free.

    `need` is that of each process, `what` names its purpose, `memory` the limit for all of them, by
    default what is free.
    """
    needed, processes = link.on_this_machine(need)
    free = free_memory() if memory is None else memory
    if needed > free:
        gib = 2**30
        raise TooLarge(
            f"{what} {need / gib:.2g} GiB on each of {link.size} processes, {free / gib:.2g} GiB "
            f"are free for {processes} of them; use {int(np.ceil(link.size * needed / free))} "
            "processes or more, on as many more machines"
        )
