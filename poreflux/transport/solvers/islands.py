"""The preconditioner of media with islands of a much better conductor.

Multigrid merges islands that are near each other on its coarser grids, and then takes them for one
good conductor: it lowers slowly what tells their potentials apart. Those are few numbers, one an
island, in a medium without contrast: in the space of potentials that are level in each island, the
best conductor may conduct CAP times what surrounds it as well as a million times. So a second
multigrid, of conductivities cut off there, works between two means over islands, and is added to
the first:

    z = M r + L M' L r,    L r = r, levelled in each island, 0 in those that reach a driven face

L is symmetric: so is the sum. The potential of islands at a driven face is known. Iterations (and
seconds, one core) until the conductivity is proved to be right, 48³ voxels, contrast 1 : 1e-6:

| good conductor | rtol | multigrid | with islands |
|---|---|---|---|
| .10 in islands | 1e-4 | 260 (9.7 s) | 22 (1.5 s) |
| | 1e-6 | 146 (5.1 s) | 27 (1.7 s) |
| .25 of voxels at random | 1e-4 | 452 (12.7 s) | 34 (2.1 s) |
| | 1e-6 | 381 (10.8 s) | 42 (3.0 s) |

Those to 1e-4 began in float32 before; with islands they begin in float64.
"""

from dataclasses import replace

import numpy as np

from poreflux.kernels import redblack
from poreflux.kernels.redblack import GHOST
from poreflux.machine import free_memory
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.operator import Operator, build
from poreflux.transport.laplace.percolation import HIGH, LOW
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.multigrid import Multigrid, hierarchy

#: cells that conduct so many times better than the worst ones may be islands; so much better they
#: are taken to be
CAP = 100.0

#: the number of islands at a driven face
HELD = 1

#: bytes a voxel that a solve in float64 with a second multigrid takes beyond the cells, at its peak
BYTES = 90


class Islands:
    """A :class:`poreflux.transport.solvers.conjugate_gradients.Preconditioner`: a multigrid and one
    of cut-off conductivities between means over islands.

    ``labels`` (1, Z, Y, H) number the islands of red cells, on the host: HELD are all those at a
    driven face, others come after it.
    """

    def __init__(self, grids: Multigrid, cut_off: Multigrid, labels: np.ndarray):
        self.grids = grids
        self.cut_off = cut_off
        self.labels = labels
        cells = np.bincount(labels.ravel())
        self.share = np.divide(1.0, cells, where=cells > 0, out=np.zeros(cells.size))
        self.share[HELD] = 0.0
        fine = cut_off.levels[0]
        self.r, self.z = fine.vector(dtype=np.float32), fine.vector(dtype=np.float32)

    def precondition(self, r: np.ndarray, z: np.ndarray) -> float:
        """z = M r + L M' L r for one colour; return r . z."""
        operator = self.grids.levels[0]
        self.average(r, self.r)
        self.cut_off.precondition(self.r, self.z)
        self.average(self.z, self.z)
        self.grids.precondition(r, z)
        operator.combine(1.0, self.z, 1.0, z)
        return operator.dot(r, z)

    def average(self, values: np.ndarray, out: np.ndarray) -> None:
        """out = L values, ghosts filled."""
        operator = self.grids.levels[0]
        operator.engine.average(operator.shape, self.labels, self.share, values, out)
        operator.neighbours.fill_ghosts(out)

    def boundary_changed(self) -> None:
        """Follow the boundary of the finest grid after it has changed; the geometry stays."""
        self.grids.boundary_changed()
        boundary = self.cut_off.levels[0].boundary
        boundary.interface[:] = self.grids.levels[0].boundary.interface
        boundary.update()
        self.cut_off.boundary_changed()


def preconditioner(
    problem: Problem, operator: Operator, labels: np.ndarray | None
) -> Multigrid | Islands:
    """Return the multigrid of an operator on a single box, with a second one for islands if
    :func:`find_islands` has found any.
    """
    grids = hierarchy(operator)
    if labels is None:
        return grids
    cut_off = replace(
        problem, cells=np.minimum(problem.cells, CAP * least(problem.cells, operator.engine))
    )
    return Islands(grids, hierarchy(build(cut_off, operator.engine, np.float32)), labels)


def find_islands(problem: Problem, engine: Engine) -> np.ndarray | None:
    """Return the numbers (1, Z, Y, H) of islands of good cells, HELD at driven faces, in red cells.

    None where a second multigrid is of no use: where all are held, or the good conductor alone
    joins the driven faces, and where memory does not hold it.
    """
    cells = problem.cells
    if problem.binary or problem.boundary != "driven":
        return None
    good_from = CAP * least(cells, engine)
    if not cells.max() > good_from or free_memory() < BYTES * cells.size:
        return None
    good = cells > good_from
    runs = engine.label(good.view(np.uint8), problem.periodic)
    flags = np.zeros(len(runs.parent), np.uint8)
    for k, bit in ((0, LOW), (good.shape[0] - 1, HIGH)):
        engine.mark(runs, flags, np.ones(good.shape[1:], bool), k, bit)
    root = roots(runs.parent)
    inside = flags[root] == 0
    if (flags == LOW | HIGH).any() or not inside.any():
        return None
    number = np.full(len(root), HELD, np.int32)
    number[inside] = np.unique(root[inside], return_inverse=True)[1] + HELD + 1
    of_cells = np.zeros(good.shape, np.int32)
    of_cells[good] = np.repeat(number, runs.stop - runs.start)
    return red_cells(of_cells)


def least(cells: np.ndarray, engine: Engine) -> float:
    """Return the least conductivity of cells that conduct."""
    return float(min(engine.map(_least_of_plane, [(plane,) for plane in cells])))


def _least_of_plane(plane: np.ndarray) -> np.floating:
    return np.where(plane > 0, plane, np.inf).min()


def roots(parent: np.ndarray) -> np.ndarray:
    """Return the last ancestor of each node of a forest.

    Examples
    --------
    >>> roots(np.array([0, 0, 1, 3, 2]))
    array([0, 0, 0, 3, 0])
    """
    while not np.array_equal(above := parent[parent], parent):
        parent = above
    return parent


def red_cells(cells: np.ndarray) -> np.ndarray:
    """Return the red ones of cells (n0, n1, n2), packed (1, Z, Y, H).

    Examples
    --------
    >>> red_cells(np.arange(8).reshape(2, 2, 2))[0, 2:4, 2:4, 1].tolist()
    [[0, 3], [5, 6]]
    """
    n0, n1, _ = cells.shape
    packed = np.zeros((1, *redblack.packed_shape(cells.shape)), cells.dtype)
    for k in range(2):
        for j in range(2):
            part = cells[k::2, j::2, (k + j) % 2 :: 2]
            rows = slice(GHOST + k, GHOST + n0, 2), slice(GHOST + j, GHOST + n1, 2)
            packed[0][(*rows, slice(1, 1 + part.shape[2]))] = part
    return packed
