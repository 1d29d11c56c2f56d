"""An independent check: the assembled matrix, solved with PETSc's algebraic multigrid.

It has only the cells and the exchange of planes in common with the solver.
"""

from typing import Any

import numpy as np
from petsc4py import PETSc

from poreflux.errors import NotConverged
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.parallel.neighbours import Ranks

#: bytes for each cell: seven entries, their indices, and as much again for coarser grids
BYTES_PER_CELL = 800


def assembled_conductance(
    problem: Problem, neighbours: Ranks, rtol: float, comm: Any, prefix: str
) -> float:
    """Return the conductance between the driven faces, from an assembled matrix of all cells.

    Parameters
    ----------
    problem
        the cells of this box.
    rtol
        relative error of the conductance, roughly: the residual is reduced below a hundredth of it.
    prefix
        of the options in PETSc's database, such as ``check_``.

    Notes
    -----
    The conductance is the mean of the currents into the low and out of the high face.
    """
    equations = BoxEquations(problem, neighbours)
    A, b = equations.assemble(comm)
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
    into, out = equations.currents(x.array_r)
    for handle in (ksp, A, b, x):
        handle.destroy()
    return (neighbours.sum(into) + neighbours.sum(out)) / 2


class BoxEquations:
    """The equations of the conducting cells of one box, numbered over all boxes."""

    def __init__(self, problem: Problem, neighbours: Ranks):
        self.problem = problem
        cells = self.cells = problem.cells.astype(float)
        self.conducting = cells > 0
        count = int(self.conducting.sum())
        counts = neighbours.link.gather(count).astype(np.int64)
        self.first = int(counts[: neighbours.link.rank].sum())
        self.number = np.full(cells.shape, -1, np.int64)
        self.number[self.conducting] = self.first + np.arange(count)
        adjacent = zip(neighbours.adjacent(cells), neighbours.adjacent(self.number + 1))
        self.ghosts = [(kappa, number - 1) for kappa, number in adjacent]
        self.low = neighbours.first == 0
        self.high = neighbours.first + cells.shape[0] == neighbours.planes

    def assemble(self, comm: Any) -> tuple[PETSc.Mat, PETSc.Vec]:
        """Return matrix and right-hand side."""
        faces = [self._links(axis, side) for axis in range(3) for side in (-1, 1)]
        rows, columns, values = (np.concatenate(arrays) for arrays in zip(*faces))
        n = int(self.conducting.sum())
        diagonal = np.bincount(rows - self.first, values, n)
        b = np.zeros(n)
        half = 2 * self.problem.weights()[0]
        for driven, plane, potential in ((self.low, 0, 1.0), (self.high, -1, 0.0)):
            if driven:
                rows_at_face = self.number[plane][self.conducting[plane]] - self.first
                links = half * self.cells[plane][self.conducting[plane]]
                diagonal[rows_at_face] += links
                b[rows_at_face] += potential * links
        box_rows = self.first + np.arange(n)
        A = PETSc.Mat().create(comm)
        A.setSizes(((n, PETSc.DETERMINE),) * 2)
        A.setType(PETSc.Mat.Type.AIJ)
        indices: Any = np.concatenate([box_rows, rows]), np.concatenate([box_rows, columns])
        entries: Any = np.concatenate([diagonal, -values])
        A.setPreallocationCOO(*indices)
        A.setValuesCOO(entries)
        rhs = A.createVecLeft()
        rhs.array_w[:] = b
        return A, rhs

    def currents(self, u: np.ndarray) -> tuple[float, float]:
        """Return the currents through the driven faces of this box."""
        half, currents = 2 * self.problem.weights()[0], [0.0, 0.0]
        for face, driven, plane, outside in ((0, self.low, 0, 1.0), (1, self.high, -1, 0.0)):
            if driven:
                potential = u[self.number[plane][self.conducting[plane]] - self.first]
                links = half * self.cells[plane][self.conducting[plane]]
                currents[face] = float(abs((links * (outside - potential)).sum()))
        return currents[0], currents[1]

    def _links(self, axis: int, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return rows, columns and conductances of the faces on one side along `axis`."""
        kappa, number = (self._shifted(which, axis, side) for which in (0, 1))
        joined = self.conducting & (number >= 0)
        a, b = self.cells[joined], kappa[joined]
        mean = (a + b) / 2 if self.problem.arithmetic else 2 * a * b / (a + b)
        return self.number[joined], number[joined], self.problem.weights()[axis] * mean

    def _shifted(self, which: int, axis: int, side: int) -> np.ndarray:
        """Return the conductivity (0) or the number (1) of the neighbour of each cell."""
        array = (self.cells, self.number)[which]
        out = np.roll(array, -side, axis)
        edge: list = [slice(None)] * 3
        edge[axis] = -1 if side == 1 else 0
        if axis == 0:
            out[tuple(edge)] = self.ghosts[0 if side == -1 else 1][which]
        elif not self.problem.periodic[axis]:
            out[tuple(edge)] = (0.0, -1)[which]
        return out
