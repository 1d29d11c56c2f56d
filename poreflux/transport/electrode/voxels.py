"""The current through voxels of electrolyte to an electrode: one geometry, any number of laws."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from poreflux.annotations import Progress
from poreflux.transport.electrode.conditions import UM, Conditions
from poreflux.transport.electrode.kinetics import Kinetics
from poreflux.transport.electrode.newton import Cell, State, react
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.boundary import LOW
from poreflux.transport.laplace.operator import Operator, build
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.medium import Medium
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.transport.solvers.linear_solver import LinearSolver
from poreflux.transport.solvers.multigrid import hierarchy
from poreflux.transport.solvers.solution import integrate, ramp
from poreflux.transport.solvers.stopping import Step, decades

#: relative error of the resistance between the two faces, were both at one potential; of the
#: energy at the start, which is up to a few times that of the answer
BULK = 3e-7


@dataclass
class VoxelCurrent:
    """The geometry that carries current, and how well it conducts from face to face.

    ``carrying`` is the share of conducting cells that join the fed face to the contact; ``x`` the
    red potentials in V; ``bulk`` the area-specific resistance in ohm m² of the electrolyte between
    its faces were each at one potential.
    """

    carrying: float
    problem: Problem
    cell: Cell
    x: np.ndarray
    bulk: float


def prepare(
    cells: np.ndarray,
    medium: Medium,
    share: np.ndarray,
    asked: Conditions,
    engine: Engine,
    progress: Progress | None = None,
) -> VoxelCurrent | None:
    """Clear the cells that carry nothing, in place; solve for the bulk resistance to start from.

    Returns None where nothing joins the fed face to the contact.

    Parameters
    ----------
    cells, medium
        of :func:`poreflux.transport.medium.read_medium`, axis 0 along the direction asked for.
    share
        part of each outer face (n1, n2) that is in contact.
    """
    where: list[np.ndarray | None] = [None, None]
    where[asked.reacting] = share > 0
    total = medium.conducting * cells.size
    kept = percolate(cells, engine, where=(where[0], where[1]))
    if kept == 0:
        return None
    problem = Problem(cells, medium.spacing, arithmetic=medium.arithmetic)
    operator = build(problem, engine, np.float64)
    return begin(problem, operator, medium.reference, share, asked, kept / total, progress)


def begin(
    problem: Problem,
    operator: Operator,
    reference: float,
    share: np.ndarray,
    asked: Conditions,
    carrying: float,
    progress: Progress | None = None,
    solver: LinearSolver | None = None,
) -> VoxelCurrent:
    """Solve for the bulk resistance of cells that all carry current; `reference` is in S/m."""
    h = problem.spacing
    unit = reference * h[0] / (min(h) ** 2 * UM)
    on = operator.boundary.half[asked.reacting] > 0
    cell = Cell(
        operator,
        solver or ConjugateGradients(operator, hierarchy(operator)),
        asked.reacting,
        np.where(on, share, 0.0),
        asked.applied * share.size / unit,
        unit,
    )
    x = operator.vector()
    ramp(operator, x)
    cell.solver.lower(x, BulkError(integrate(operator, x)[0], progress))
    conductance = integrate(operator, x)[0]
    start(cell, x, cell.current / conductance)
    bulk = share.size / (unit * conductance)
    return VoxelCurrent(carrying, problem, cell, x, bulk)


class BulkError:
    """Stop when the error of the energy is small beside the energy at the start."""

    wanted = f"{BULK:.0e} wanted for the bulk resistance"

    def __init__(self, energy: float, progress=None):
        self.energy = energy
        self.progress = progress
        self.history: list[float] = []

    def __call__(self, step: Step) -> bool:
        """Return whether the bulk resistance is known well enough to start from."""
        error = step.left / self.energy
        self.history.append(error)
        if self.progress is not None:
            note = f"bulk, iteration {len(self.history)}, error {error:.0e}"
            self.progress(*decades(error, BULK), note)
        return error <= BULK


def start(cell: Cell, x: np.ndarray, volts: float) -> None:
    """Turn x, 1 at the low face and 0 at the high one, to 0 where it reacts, `volts` where fed."""
    if cell.fed == LOW:
        cell.operator.combine(0.0, x, volts, x)
    else:
        cell.operator.combine(0.0, x, -volts, x)
        shift(cell, x, volts)


def shift(cell: Cell, x: np.ndarray, by: float) -> None:
    """x += by in conducting cells; elsewhere x stays zero."""
    operator, constant = cell.operator, cell.solver.workspace
    operator.engine.ramp(operator, constant, 0.0, by)
    operator.combine(1.0, constant, 1.0, x)
    operator.neighbours.fill_ghosts(x)


def solve(
    found: VoxelCurrent, asked: Sequence[Conditions], progress: Progress | None = None
) -> Iterator[tuple[Conditions, State]]:
    """Yield the state of each of the conditions, which differ in law; each starts from the last.

    ``found.x`` is the potential of the state that was solved last.
    """
    cell, offset = found.cell, 0.0
    known: dict[Kinetics, State] = {}
    for one in asked:
        if one.law not in known:
            across = float(one.law.overpotential(cell.mean))
            shift(cell, found.x, across - offset)
            offset = across
            known[one.law] = react(cell, one.law, found.x, one.drive, one.goal, progress)
        yield one, known[one.law]


def plane_currents(found: VoxelCurrent) -> np.ndarray:
    """Return the current from each plane to the next, of n + 1 faces, in units of the operator."""
    return integrate(found.cell.operator, found.x)[1][:, 0]
