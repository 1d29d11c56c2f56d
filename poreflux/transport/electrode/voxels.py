"""The current through voxels of electrolyte to an electrode: one geometry, any number of laws."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poreflux.annotations import Progress
from poreflux.kernels import stencil
from poreflux.transport.electrode.conditions import UM, Conditions
from poreflux.transport.electrode.kinetics import Kinetics
from poreflux.transport.electrode.newton import Cell, State, combine, react
from poreflux.transport.engines.threads import Team
from poreflux.transport.laplace.boundary import LOW
from poreflux.transport.laplace.operator import Operator, build
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers import conjugate_gradients as serial
from poreflux.transport.solvers.linear_solver import Descent, Method
from poreflux.transport.solvers.multigrid import Multigrid

if TYPE_CHECKING:
    from poreflux.transport.medium import Medium

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
    medium: "Medium",
    share: np.ndarray,
    asked: Conditions,
    team: Team,
    progress: Progress | None = None,
) -> VoxelCurrent | None:
    """Remove the cells that carry nothing, in place; solve for the bulk resistance to start from.

    Returns None where nothing joins the fed face to the contact.

    Parameters
    ----------
    medium
        cells with axis 0 along the direction asked for.
    share
        part of each outer face (n1, n2) that is in contact.
    """
    where: list[np.ndarray | None] = [None, None]
    where[asked.reacting] = share > 0
    total = medium.conducting * medium.cells.size
    kept = percolate(medium.cells, team, where=tuple(where))
    if kept == 0:
        return None
    problem = Problem(medium.cells, medium.spacing, arithmetic=medium.arithmetic)
    operator = build(problem, team, np.float64)
    return begin(problem, operator, medium.reference, share, asked, kept / total, progress)


def begin(
    problem: Problem,
    operator: Operator,
    reference: float,
    share: np.ndarray,
    asked: Conditions,
    carrying: float,
    progress: Progress | None = None,
    descent: Method | None = None,
) -> VoxelCurrent:
    """Solve for the bulk resistance of cells that all carry current; `reference` is in S/m."""
    h = problem.spacing
    unit = reference * h[0] / (min(h) ** 2 * UM)
    on = operator.ends.half[asked.reacting] > 0
    cell = Cell(
        operator,
        descent or Descent(operator, Multigrid(operator)),
        asked.reacting,
        np.where(on, share, 0.0),
        asked.applied * share.size / unit,
        unit,
    )
    x = operator.vector()
    serial.ramp(operator, problem, x)
    energy = serial.integrate(operator, problem, x)[0]
    history: list[float] = []

    def enough(left: float, _) -> bool:
        history.append(left / energy)
        if progress is not None:
            note = f"bulk, iteration {len(history)}, error {history[-1]:.0e}"
            progress(*serial.decades(history[-1], BULK), note)
        return history[-1] <= BULK

    cell.descent.lower(x, history, enough)
    conductance = serial.integrate(operator, problem, x)[0]
    start(cell, x, cell.current / conductance)
    bulk = share.size / (unit * conductance)
    return VoxelCurrent(carrying, problem, cell, x, bulk)


def start(cell: Cell, x: np.ndarray, volts: float) -> None:
    """Turn x, 1 at the low face and 0 at the high one, to 0 where it reacts, `volts` where fed."""
    if cell.fed == LOW:
        combine(cell.operator, 0.0, x, volts, x)
    else:
        combine(cell.operator, 0.0, x, -volts, x)
        shift(cell, x, volts)


def shift(cell: Cell, x: np.ndarray, by: float) -> None:
    """x += by in conducting cells; elsewhere x stays zero."""
    operator, scratch = cell.operator, cell.descent.room
    jobs = [(operator.kernel, scratch, 0.0, by, *slab) for slab in operator.slabs]
    operator.team.each(stencil.ramp, [(*job, w) for job, w in zip(jobs, operator.scratch)])
    combine(operator, 1.0, scratch, 1.0, x)
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
    return serial.integrate(found.cell.operator, found.problem, found.x)[1][:, 0]
