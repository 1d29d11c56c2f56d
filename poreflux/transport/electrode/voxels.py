"""The current through voxels of electrolyte to an electrode: one geometry, several kinetics."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from poreflux.annotations import Progress
from poreflux.errors import NotConverged
from poreflux.transport.electrode.cell import ElectrolyteCell, outer_potentials
from poreflux.transport.electrode.conditions import UM, Conditions
from poreflux.transport.electrode.kept import Kept
from poreflux.transport.electrode.kinetics import Kinetics
from poreflux.transport.electrode.newton import State, react
from poreflux.transport.electrode.refinement import (
    NearElectrode,
    largest_on_half_voxels,
    near_electrode,
)
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.boundary import HIGH, LOW
from poreflux.transport.laplace.operator import Operator, build
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Medium, Problem
from poreflux.transport.solvers.certified import Limited
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.transport.solvers.error_bound import Certificate
from poreflux.transport.solvers.linear_solver import LinearSolver
from poreflux.transport.solvers.multigrid import hierarchy
from poreflux.transport.solvers.solution import integrate, lower_energy, ramp, reporter

#: relative error of the bulk resistance
BULK_ERROR = 3e-7


@dataclass
class ElectrodeModel:
    """The cells that carry current to an electrode, their bulk resistance and their potential.

    ``carrying`` is the share of conducting cells that join the fed face to the contact; ``x`` the
    red potentials in V; ``bulk`` the area-specific resistance in ohm m² of the electrolyte between
    equipotential faces, ``bulk_error`` its relative error; ``faces`` the number of faces of the
    sample at the electrode; ``near`` the cells near the electrode, where they are voxels.
    """

    carrying: float
    problem: Problem
    cell: ElectrolyteCell
    x: np.ndarray
    bulk: float
    faces: int
    near: NearElectrode | None = None
    bulk_error: float = 0.0


def prepare_voxels(
    cells: np.ndarray,
    medium: Medium,
    share: np.ndarray,
    operating: Conditions,
    engine: Engine,
    progress: Progress | None = None,
) -> ElectrodeModel | None:
    """Clear the cells that carry no current, in place; solve for the bulk resistance.

    Returns None where nothing joins the fed face to the contact.

    Parameters
    ----------
    cells, medium
        of :func:`poreflux.transport.medium.read_medium`, axis 0 along the transport.
    share
        part of each outer face (n1, n2) that is in contact.
    """
    outer_masks: list[np.ndarray | None] = [None, None]
    outer_masks[operating.reacting] = share > 0
    conducting = medium.conducting * medium.filled * cells.size
    faces = int(medium.face(operating.reacting == HIGH, cells.shape).sum())
    connected = percolate(cells, engine, where=(outer_masks[0], outer_masks[1]))
    if connected == 0:
        return None
    problem = Problem(cells, medium.spacing, arithmetic=medium.arithmetic)
    operator = build(problem, engine, np.float64)
    model = solve_bulk(
        problem, operator, medium.reference, share, operating, connected / conducting, progress,
        faces=faces,
    )  # fmt: skip
    last = operating.reacting == HIGH
    model.near = near_electrode(cells, (0, len(cells)), last, medium.reference, medium.spacing)
    return model


def solve_bulk(
    problem: Problem,
    operator: Operator,
    reference: float,
    share: np.ndarray,
    operating: Conditions,
    carrying: float,
    progress: Progress | None = None,
    solver: LinearSolver | None = None,
    *,
    faces: int | None = None,
    kept: Kept | None = None,
) -> ElectrodeModel:
    """Solve for the bulk resistance of cells that all carry current; `reference` is in S/m, `faces`
    the number of faces of the sample at the electrode, by default all; `kept` goes on from what an
    earlier run left."""
    faces = share.size if faces is None else faces
    h = problem.spacing
    unit = reference * h[0] / (min(h) ** 2 * UM)
    contact = operator.boundary.half[operating.reacting] > 0
    solver = solver or ConjugateGradients(operator, hierarchy(operator))
    x = operator.vector()
    if kept is None or not kept.load(x):
        ramp(operator, x)
    bulk = _found_bulk(kept) or _solved_bulk(operator, solver, x, 1 - operating.reacting, progress)
    conductance = bulk.conductance
    cell = ElectrolyteCell(
        operator,
        solver,
        operating.reacting,
        np.where(contact, share, 0.0),
        operating.applied * faces / unit,
        unit,
        bulk.share,
    )
    if kept is None or "conductance" not in kept.found:
        rescale_potential(cell, x, cell.current / conductance)
    if kept is not None:
        kept.note(**bulk._asdict())
    resistance = faces / (unit * conductance)
    return ElectrodeModel(carrying, problem, cell, x, resistance, faces, bulk_error=bulk.error)


class _Bulk(NamedTuple):
    """Between equipotential faces: conductance in units of the operator, its relative error, and
    the part of the current (n1, n2) through each fed face."""

    conductance: float
    error: float
    share: np.ndarray


def _solved_bulk(
    operator: Operator, solver: LinearSolver, x: np.ndarray, fed: int, progress: Progress | None
) -> _Bulk:
    energy = _bulk_energy(solver, x, progress)
    return _Bulk(energy.energy, energy.error, _share_of_current(operator, x, fed))


def _found_bulk(kept: Kept | None) -> _Bulk | None:
    """Return the bulk that an earlier run had solved; None where there is none."""
    if kept is None or "conductance" not in kept.found:
        return None
    conductance, error, share = (kept.found[name] for name in _Bulk._fields)
    return _Bulk(float(conductance), float(error), share)


def _bulk_energy(solver: LinearSolver, x: np.ndarray, progress: Progress | None) -> Certificate:
    """Lower the energy of x until it is right to BULK_ERROR; return it."""
    history: list[float] = []
    report = None if progress is None else reporter(_of_the_bulk(progress), BULK_ERROR)
    try:
        return lower_energy(solver, x, BULK_ERROR, report, history).certificate
    except Limited:
        raise
    except NotConverged:
        plain = solver.plain()
        return lower_energy(plain, x, BULK_ERROR, report, history).certificate


def _of_the_bulk(progress: Progress) -> Progress:
    return lambda done, total, note: progress(done, total, f"bulk, {note}")


def _share_of_current(operator: Operator, x: np.ndarray, face: int) -> np.ndarray:
    """Return the part (n1, n2) of the current through each face of the low or the high plane; x is
    1 at the low face and 0 at the high one."""
    drop = np.abs((1 - face) - outer_potentials(operator, x)[face])
    current = operator.boundary.half[face] * drop
    return current / current.sum()


def rescale_potential(cell: ElectrolyteCell, x: np.ndarray, volts: float) -> None:
    """Rescale x from 1 at the low face and 0 at the high one to 0 at the reacting face and `volts`
    at the fed one."""
    if cell.fed == LOW:
        cell.operator.combine(0.0, x, volts, x)
    else:
        cell.operator.combine(0.0, x, -volts, x)
        shift_potential(cell, x, volts)


def shift_potential(cell: ElectrolyteCell, x: np.ndarray, volts: float) -> None:
    """x += volts in conducting cells; elsewhere x stays zero."""
    operator, constant = cell.operator, cell.solver.workspace
    operator.engine.ramp(operator, constant, 0.0, volts)
    operator.combine(1.0, constant, 1.0, x)
    operator.neighbours.fill_ghosts(x)


def solve(
    model: ElectrodeModel,
    operating_conditions: Sequence[Conditions],
    progress: Progress | None = None,
    kept: Kept | None = None,
) -> Iterator[tuple[Conditions, State]]:
    """Yield the state under each of the conditions, which differ in kinetics; each solve starts
    from the previous one, or the first one from where an earlier run was.

    ``model.x`` is the potential of the state that was solved last.
    """
    cell, offset = model.cell, 0.0
    states: dict[Kinetics, State] = {}
    for operating in operating_conditions:
        if operating.law not in states:
            overpotential = float(operating.law.overpotential(cell.mean_density))
            of_first = None if states else kept
            if of_first is None or "v" not in of_first.found:
                shift_potential(cell, model.x, overpotential - offset)
            offset = overpotential
            state = react(
                cell,
                operating.law,
                model.x,
                operating.drive,
                operating.tolerances,
                progress,
                of_first,
            )
            if of_first is not None:
                of_first.note(v=None, flow=None, step=None, deviation=None)
            if model.near is not None:
                largest = largest_on_half_voxels(model.near, cell, model.x, state, operating.law)
                state = state._replace(largest_on_half_voxels=largest)
            states[operating.law] = state
        yield operating, states[operating.law]


def plane_currents(model: ElectrodeModel) -> np.ndarray:
    """Return the current from each plane to the next, of n + 1 faces, in units of the operator."""
    return integrate(model.cell.operator, model.x)[1][:, 0]
