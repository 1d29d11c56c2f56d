"""The potential of an electrolyte of which one face reacts, on one box among its neighbours.

The potential u, against that of the metal behind the interface, minimises the convex functional
``E(u) = 1/2 sum G (u_i - u_j)^2 + sum Psi(u_P) - sum I u``: over pairs of cells, faces that react
and faces that are fed; Psi is the work of the interface with half a cell in front of it. Newton's
method replaces the law of each face by its tangent, a link and a source, so that every step is a
linear problem of the same geometry; it is solved by conjugate gradients from the last iterate, and
shortened while it does not lower E. All other equations are linear and hold before and after a
step, therefore the change of E along it follows from the reacting plane alone.
"""

from typing import NamedTuple

import numpy as np

from poreflux.annotations import Progress
from poreflux.errors import NotConverged
from poreflux.transport.electrode.cell import ElectrolyteCell
from poreflux.transport.electrode.drives import DRIVES, LARGE_DEVIATION, SolverError
from poreflux.transport.electrode.kept import Kept
from poreflux.transport.electrode.kinetics import Kinetics
from poreflux.transport.electrode.linearised import Tolerances
from poreflux.transport.solvers.stopping import decades

#: Newton steps at most, and halvings of one
MAX_STEPS, MAX_HALVINGS = 50, 30

#: of a linear problem in an intermediate Newton step
INTERMEDIATE = Tolerances(1e-6, 1e-4, proved=False)


class State(NamedTuple):
    """The state of an electrode after a solve, in V and units of the operator.

    ``density`` (ny, nx) is in A/m², NaN off contact; ``overpotential`` likewise, in V; ``voltage``
    is that of the fed face, its mean weighted by the current; ``feed_excess`` the part of it that
    an equipotential fed face would save; ``mismatch`` the current that leaves
    over the current that enters, less one; ``residual`` the norm of the imbalance of all cells
    relative to the mean current of a face in contact, an upper bound for each cell;
    ``error`` what the linear problem may be off; ``largest_on_half_voxels`` two estimates of the
    largest of ``density`` on voxels half as large.
    """

    density: np.ndarray
    overpotential: np.ndarray
    voltage: float
    feed_excess: float
    mismatch: float
    residual: float
    steps: int
    iterations: int
    error: SolverError
    largest_on_half_voxels: tuple[float, float] = (np.nan, np.nan)


def react(
    cell: ElectrolyteCell,
    law: Kinetics,
    x: np.ndarray,
    drive: str,
    tolerances: Tolerances,
    progress: Progress | None = None,
    kept: Kept | None = None,
) -> State:
    """Find the potential x that a law of the reacting face leads to, starting from x, in place; or
    from the step of an earlier run that was ``kept``.

    Raises
    ------
    NotConverged
        where Newton's method or a linear solve stalls.
    """
    history: list[float] = []
    feed = DRIVES[drive](cell)
    contact, area = cell.contact, cell.area
    flow = np.zeros(area.size)
    v = (
        flow
        + cell.mean_density * cell.half_resistance
        + float(law.overpotential(cell.mean_density))
    )
    deviation = 0.0 if law.linear else np.inf
    x_before = np.empty(0)
    first = 1
    if kept is not None and "v" in kept.found:
        v, flow = kept.found["v"], kept.found["flow"]
        first, deviation = int(kept.found["step"]), float(kept.found["deviation"])
    for step in range(first, MAX_STEPS + 1):
        if kept is not None:
            kept.note(v=v, flow=flow, step=step, deviation=deviation)
        step_tolerances = (
            tolerances if deviation <= LARGE_DEVIATION else tolerances.at_least(INTERMEDIATE)
        )
        source = tangent(cell, law, v, feed.interface)
        if step > 1 and deviation > LARGE_DEVIATION:
            x_before = x_before if x_before.size else cell.operator.vector()
            cell.operator.combine(1.0, x, 0.0, x_before)
        planes = feed.solve(cell, x, source, step_tolerances, history)
        new_v, new_flow = (values[cell.reacting][contact] for values in planes[:2])
        # close to its law the current changes too little for the functional to resolve
        if step > 1 and deviation > LARGE_DEVIATION:
            damping = damping_factor(cell, law, v, flow, new_v, new_flow)
            if damping < 1:
                cell.operator.combine(1 - damping, x_before, damping, x)
            new_v, new_flow = v + damping * (new_v - v), flow + damping * (new_flow - flow)
        v, flow = new_v, new_flow
        missing_current = law.current(v, cell.half_resistance)[0] * area - flow
        deviation = float(np.abs(missing_current).sum() / abs(cell.current))
        if progress is not None:
            progress(
                *decades(deviation, tolerances.balance),
                f"Newton step {step}, {deviation:.0e} from the law",
            )
        if deviation <= tolerances.balance and step_tolerances == tolerances:
            voltages = feed.voltage(cell, planes), feed.excess(cell, planes)
            error = feed.error(cell, law.linear, x, planes, missing_current)
            del planes, source, new_v, new_flow
            return _state(cell, law, v, missing_current, voltages, x, step, history, error)
        del planes, source, missing_current, new_v, new_flow  # not to be kept during the next solve
    raise NotConverged(
        f"the current is {deviation:.1e} from its law after {MAX_STEPS} steps of Newton's method, "
        f"{tolerances.balance:.0e} wanted; report the volume and the kinetics",
        history,
    )


def _state(
    cell: ElectrolyteCell,
    law: Kinetics,
    v: np.ndarray,
    missing_current: np.ndarray,
    voltages: tuple[float, float],
    x: np.ndarray,
    steps: int,
    history: list[float],
    error: SolverError,
) -> State:
    density = np.full(cell.share.shape, np.nan)
    eta = density.copy()
    density[cell.contact] = law.current(v, cell.half_resistance)[0]
    eta[cell.contact] = law.overpotential(density[cell.contact])
    total = float(density[cell.contact] @ cell.area)
    square = cell.operator.residual(x, cell.solver.workspace) + float(
        missing_current @ missing_current
    )
    return State(
        density,
        eta,
        *voltages,
        float(abs(total / cell.current - 1)),
        float(np.sqrt(square) * cell.unit / abs(cell.mean_density)),
        steps,
        len(history),
        error,
    )


def tangent(
    cell: ElectrolyteCell, law: Kinetics, v: np.ndarray, fed_interface: float
) -> np.ndarray:
    """Connect the reacting face by the tangents of its law at v, the fed one by the conductance
    `fed_interface`; return the source (ny, nx) that belongs to the tangents."""
    boundary, contact, area = cell.operator.boundary, cell.contact, cell.area
    j, resistance = law.current(v, cell.half_resistance)
    interface = np.zeros_like(boundary.interface)
    interface[cell.fed] = fed_interface
    with np.errstate(divide="ignore"):
        interface[cell.reacting][contact] = area / resistance
    if not np.array_equal(interface, boundary.interface):
        boundary.interface[:] = interface
        boundary.update()
        cell.solver.boundary_changed()
    source = np.zeros(contact.shape)
    if not law.linear:
        source[contact] = boundary.links()[cell.reacting][contact] * v - j * area
    return source


def damping_factor(
    cell: ElectrolyteCell,
    law: Kinetics,
    v: np.ndarray,
    flow: np.ndarray,
    new_v: np.ndarray,
    new_flow: np.ndarray,
) -> float:
    """Return the damping factor at which a Newton step lowers the functional: 1, 1/2, 1/4 …

    ``v`` and ``flow`` are potential and linear current of the faces in contact before the step.
    """
    d, half, area = new_v - v, cell.half_resistance, cell.area
    work_before = law.work(v, half)
    slope = float((law.current(v, half)[0] * area - flow) @ d)
    noise = 2 * INTERMEDIATE.error * cell.least_resistance * cell.current**2
    damping = 1.0
    for _ in range(MAX_HALVINGS):
        change = float((law.work(v + damping * d, half) - work_before) @ area)
        change -= damping * float(flow @ d) + damping**2 / 2 * float((new_flow - flow) @ d)
        if change <= 1e-4 * damping * slope + noise:
            break
        damping /= 2
    return damping
