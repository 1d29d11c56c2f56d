"""Over-converged values: the effective conductivity that the equations on the voxels of an image
have, for potentials on the outer faces and for potentials at the centres of the outer voxels.
"""

from typing import NamedTuple

import numpy as np

from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.operator import Operator, build
from poreflux.transport.laplace.percolation import keep_percolating
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.certified import CertifiedEnergy, lower_until_met
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.transport.solvers.multigrid import hierarchy
from poreflux.transport.solvers.solution import PotentialBound, start

RTOL = 1e-10


class Exact(NamedTuple):
    """An effective conductivity, relative to that of what conducts, and a proved bound of its
    relative error.
    """

    conductivity: float
    error: float


def exact(image: np.ndarray, where: str, rtol: float = RTOL) -> Exact:
    """Return the conductivity along axis 0 for potentials at `where`: `"faces"` or `"centres"`.

    With centres the outer planes are at a potential each, and the length is one voxel less. So the
    planes between them are solved for, and a whole voxel in the place of half of one joins them to
    what is given. Nothing percolates: 0.
    """
    engine = Threads()
    cells = image.copy()
    if not keep_percolating(cells, engine):
        return Exact(0.0, 0.0)
    n0, n1, n2 = cells.shape
    if where == "faces":
        operator = build(Problem(cells, (1.0, 1.0, 1.0)), engine, np.float64)
        length = n0
    else:
        operator = between_planes(cells, engine)
        length = n0 - 1
    bound = PotentialBound(operator)
    bound.affordable = True  # however many voxels: it is to be proved
    solver, x = ConjugateGradients(operator, hierarchy(operator)), start(operator, None)
    stopping = CertifiedEnergy(bound, solver.scratch, rtol, "ask for fewer digits", None)
    stopping.attach(solver)
    lower_until_met(solver, x, stopping)
    found = stopping.certificate
    if not found.proved:
        raise AssertionError("the error of an over-converged value is not proved")
    return Exact(found.energy * length / (n1 * n2), found.error)


def between_planes(cells: np.ndarray, engine: Threads) -> Operator:
    """Return the operator of all planes but the outer ones, which are at a potential each."""
    inner = np.ascontiguousarray(cells[1:-1])
    operator = build(Problem(inner, (1.0, 1.0, 1.0)), engine, np.float64)
    operator.boundary.interface[:] = 2 * cells[[0, -1]]  # in series with half a cell, which is 2
    operator.boundary.update()
    operator.drive(low=operator.boundary.links()[0])
    return operator
