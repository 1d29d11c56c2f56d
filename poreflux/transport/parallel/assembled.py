"""An independent check: the whole matrix assembled, and PETSc's algebraic multigrid.

Nothing here is shared with the solver but the cells and the exchange of planes.
"""

from typing import Any

import numpy as np
from petsc4py import PETSc

from poreflux.errors import NotConverged
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.parallel.neighbours import Ranks

#: bytes for each cell: seven entries, their indices, and as much again for coarser grids
BYTES = 800


def assembled_conductance(
    problem: Problem, neighbours: Ranks, rtol: float, comm, prefix: str
) -> float:
    """Return the conductance between the driven faces, from an assembled matrix of all cells.

    Parameters
    ----------
    problem
        the cells of this box.
    rtol
        relative error of the conductance, about: the residual is brought below a hundredth of it.
    prefix
        of the options in PETSc's database, such as ``check_``.

    Notes
    -----
    The conductance is the mean of the currents into the low and out of the high face.
    """
    entries = Entries(problem, neighbours)
    A, b = entries.assemble(comm)
    ksp = PETSc.KSP().create(comm)
    ksp.setOperators(A)
    ksp.setOptionsPrefix(prefix)
    ksp.setType(PETSc.KSP.Type.CG)
    ksp.getPC().setType(PETSc.PC.Type.GAMG)
    ksp.setTolerances(rtol=max(rtol / 100, 1e-14), max_it=1000)
    ksp.setFromOptions()
    x = A.createVecRight()
    ksp.solve(b, x)
    if ksp.getConvergedReason() < 0:  # type: ignore[operator]
        raise NotConverged(
            f"the check gave up after {ksp.getIterationNumber()} iterations of "
            f"{ksp.getType()} with {ksp.getPC().getType()}",
            list(ksp.getConvergenceHistory()),
        )
    into, out = entries.currents(x.array_r)
    for handle in (ksp, A, b, x):
        handle.destroy()
    return (neighbours.sum(into) + neighbours.sum(out)) / 2


class Entries:
    """The equations of the conducting cells of one box, numbered over all boxes."""

    def __init__(self, problem: Problem, neighbours: Ranks):
        self.problem = problem
        cells = self.cells = problem.cells.astype(float)
        self.own = cells > 0
        count = int(self.own.sum())
        counts = neighbours.link.gather(count).astype(np.int64)
        self.first = int(counts[: neighbours.link.rank].sum())
        self.number = np.full(cells.shape, -1, np.int64)
        self.number[self.own] = self.first + np.arange(count)
        around = zip(neighbours.adjacent(cells), neighbours.adjacent(self.number + 1))
        self.beyond = [(kappa, number - 1) for kappa, number in around]
        self.low = neighbours.first == 0
        self.high = neighbours.first + cells.shape[0] == neighbours.planes

    def assemble(self, comm):
        """Return matrix and right-hand side."""
        parts = [self._links(axis, side) for axis in range(3) for side in (-1, 1)]
        rows, columns, values = (np.concatenate(arrays) for arrays in zip(*parts))
        n = int(self.own.sum())
        diagonal = np.bincount(rows - self.first, values, n)
        b = np.zeros(n)
        half = 2 * self.problem.weights()[0]
        for driven, plane, potential in ((self.low, 0, 1.0), (self.high, -1, 0.0)):
            if driven:
                here = self.number[plane][self.own[plane]] - self.first
                links = half * self.cells[plane][self.own[plane]]
                diagonal[here] += links
                b[here] += potential * links
        own = self.first + np.arange(n)
        A = PETSc.Mat().create(comm)
        A.setSizes(((n, PETSc.DETERMINE),) * 2)
        A.setType(PETSc.Mat.Type.AIJ)
        places: Any = np.concatenate([own, rows]), np.concatenate([own, columns])
        entries: Any = np.concatenate([diagonal, -values])
        A.setPreallocationCOO(*places)
        A.setValuesCOO(entries)
        right = A.createVecLeft()
        right.array_w[:] = b
        return A, right

    def currents(self, u: np.ndarray) -> tuple[float, float]:
        """Return the currents through the driven faces of this box."""
        half, currents = 2 * self.problem.weights()[0], [0.0, 0.0]
        for at, driven, plane, outside in ((0, self.low, 0, 1.0), (1, self.high, -1, 0.0)):
            if driven:
                potential = u[self.number[plane][self.own[plane]] - self.first]
                links = half * self.cells[plane][self.own[plane]]
                currents[at] = float(abs((links * (outside - potential)).sum()))
        return currents[0], currents[1]

    def _links(self, axis: int, side: int):
        """Return rows, columns and conductances of the faces on one side along `axis`."""
        kappa, number = (self._shifted(which, axis, side) for which in (0, 1))
        joined = self.own & (number >= 0)
        a, b = self.cells[joined], kappa[joined]
        mean = (a + b) / 2 if self.problem.arithmetic else 2 * a * b / (a + b)
        return self.number[joined], number[joined], self.problem.weights()[axis] * mean

    def _shifted(self, which: int, axis: int, side: int) -> np.ndarray:
        """Return for each cell what its neighbour has: conductivities (0) or numbers (1)."""
        array = (self.cells, self.number)[which]
        out = np.roll(array, -side, axis)
        edge: list = [slice(None)] * 3
        edge[axis] = -1 if side == 1 else 0
        if axis == 0:
            out[tuple(edge)] = self.beyond[0 if side == -1 else 1][which]
        elif not self.problem.periodic[axis]:
            out[tuple(edge)] = (0.0, -1)[which]
        return out
