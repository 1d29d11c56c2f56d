"""The potential of an electrolyte of which one face reacts, on one box among its neighbours.

The potential u, against that of the metal behind the interface, minimises the convex functional
``E(u) = 1/2 sum G (u_i - u_j)^2 + sum Psi(u_P) - sum I u``: over pairs of cells, faces that react
and faces that are fed; Psi is the work of the interface with half a cell in front of it. Newton's
method replaces the law of each face by its tangent, a link and a source, so that every step is a
linear problem of the same geometry; it is solved by conjugate gradients from the last iterate, and
shortened while it does not lower E. All other equations are linear and hold before and after a
step, therefore the change of E along it follows from the reacting plane alone.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from poreflux.annotations import Progress
from poreflux.errors import NotConverged
from poreflux.kernels.redblack import unpack_plane
from poreflux.transport.electrode.kinetics import Kinetics
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.solvers.linear_solver import LinearSolver
from poreflux.transport.solvers.stopping import Step, decades

#: Newton steps at most, and halvings of one
MAX_STEPS, MAX_HALVINGS = 50, 30

#: while the current deviates this much from its law, linear problems are solved to INTERMEDIATE
LARGE_DEVIATION = 1e-3


class Tolerances(NamedTuple):
    """When a linear problem counts as solved: ``error`` is the square of the energy norm of the
    error of x over the least dissipation; ``balance`` the current that leaves over the current that
    enters, less one.
    """

    error: float
    balance: float


#: of a linear problem in an intermediate Newton step
INTERMEDIATE = Tolerances(1e-6, 1e-4)


@dataclass(frozen=True)
class ElectrolyteCell:
    """Electrolyte between a face that is fed and one that reacts.

    ``reacting`` is LOW or HIGH of :mod:`poreflux.transport.laplace.boundary`, ``share``
    (ny, nx) the part of each of its faces that reacts; ``current`` is the total in units of the
    operator's conductance times V, positive where it leaves through the reacting face; ``unit`` the
    current density in A/m² of one unit a face; ``equipotential_share`` (ny, nx) the part of the
    current through each fed face if both faces were equipotential.
    """

    operator: Operator
    solver: LinearSolver
    reacting: int
    share: np.ndarray
    current: float
    unit: float
    equipotential_share: np.ndarray

    @property
    def fed(self) -> int:
        """Return the face that is fed."""
        return 1 - self.reacting

    @property
    def contact(self) -> np.ndarray:
        """Return which faces (ny, nx) are in contact and react."""
        return self.share > 0

    @property
    def area(self) -> np.ndarray:
        """Return the part of each face in contact that reacts, over the unit of current density."""
        return self.share[self.contact] / self.unit

    @property
    def mean_density(self) -> float:
        """Return the mean current density of the contact in A/m²."""
        return self.current / float(self.area.sum())

    @property
    def half_resistance(self) -> np.ndarray:
        """Return the resistance of half a cell in front of each face in contact, in ohm m²."""
        return self.area / self.operator.boundary.half[self.reacting][self.contact]

    @property
    def least_resistance(self) -> float:
        """Return the resistance of the box if all its cells conducted, in units of the operator."""
        planes = self.operator.neighbours.planes
        return planes / (self.share.size * self.operator.boundary.half.max() / 2)


class OuterPlanes(NamedTuple):
    """Potentials in V of the cells at the low and the high face (2, ny, nx), and their outflow."""

    u: np.ndarray
    outflow: np.ndarray


class State(NamedTuple):
    """The state of an electrode after a solve, in V and units of the operator.

    ``density`` (ny, nx) is in A/m², NaN off contact; ``overpotential`` likewise, in V; ``voltage``
    is that of the fed face, its mean weighted by the current; ``feed_excess`` the part of it that
    an equipotential fed face would save; ``mismatch`` the current that leaves
    over the current that enters, less one; ``residual`` the norm of the imbalance of all cells
    relative to the mean current of a face in contact, an upper bound for each cell;
    ``largest_on_half_voxels`` two estimates of the largest of ``density`` on voxels half as large.
    """

    density: np.ndarray
    overpotential: np.ndarray
    voltage: float
    feed_excess: float
    mismatch: float
    residual: float
    steps: int
    iterations: int
    largest_on_half_voxels: tuple[float, float] = (np.nan, np.nan)


class UniformFlux:
    """All fed faces carry the same current."""

    #: conductance between a fed face and a source
    interface = 0.0

    def __init__(self, cell: ElectrolyteCell):
        half = cell.operator.boundary.half[cell.fed]
        self.connected = half > 0
        self.per_face = cell.current / int(self.connected.sum())

    def solve(
        self,
        cell: ElectrolyteCell,
        x: np.ndarray,
        source: np.ndarray,
        tolerances: Tolerances,
        history: list[float],
    ) -> OuterPlanes:
        """Solve for x; `source` (ny, nx) feeds the reacting face."""
        feed = by_face(cell, self.connected * self.per_face, source)
        return descend(cell, x, feed, tolerances, history, abs(cell.current))

    def voltage(self, cell: ElectrolyteCell, planes: OuterPlanes) -> float:
        """Return the mean potential of the fed faces."""
        return float(self._potentials(cell, planes).mean())

    def excess(self, cell: ElectrolyteCell, planes: OuterPlanes) -> float:
        """Return what the mean potential exceeds that of an equipotential face by.

        Weighted by the current of an equipotential face, the potentials average to the bulk
        resistance times the current and what the reacting face adds, by reciprocity: the rest is
        due to the fed face.
        """
        share = cell.equipotential_share[self.connected]
        return self.voltage(cell, planes) - float(share @ self._potentials(cell, planes))

    def _potentials(self, cell: ElectrolyteCell, planes: OuterPlanes) -> np.ndarray:
        half = cell.operator.boundary.half[cell.fed][self.connected]
        return planes.u[cell.fed][self.connected] + self.per_face / half


class Equipotential:
    """All fed faces are at one potential; a second solve gives the current that one volt drives."""

    interface = np.inf

    def __init__(self, cell: ElectrolyteCell):
        self.volts = np.nan
        self.unit_potential = cell.operator.vector()
        self.links = np.zeros_like(cell.operator.boundary.half)
        self.planes = OuterPlanes(self.links, self.links)

    def solve(
        self,
        cell: ElectrolyteCell,
        x: np.ndarray,
        source: np.ndarray,
        tolerances: Tolerances,
        history: list[float],
    ) -> OuterPlanes:
        """Solve for x and for the potential of the fed face; `source` feeds the reacting one."""
        half = cell.operator.boundary.half[cell.fed]
        self._solve_for_one_volt(cell, half, tolerances, history)
        conductance = -self.planes.outflow[cell.fed].sum()
        if np.isnan(self.volts):
            self.volts = cell.current / conductance
            cell.operator.combine(self.volts, self.unit_potential, 0.0, x)
        if source.any():
            feed = by_face(cell, half * self.volts, source)
            planes = descend(cell, x, feed, tolerances, history, abs(cell.current))
            correction = (cell.current + planes.outflow[cell.fed].sum()) / conductance
            cell.operator.combine(correction, self.unit_potential, 1.0, x)
            planes = OuterPlanes(*(a + correction * b for a, b in zip(planes, self.planes)))
        else:
            correction = cell.current / conductance - self.volts
            cell.operator.combine(self.volts + correction, self.unit_potential, 0.0, x)
            planes = OuterPlanes(*((self.volts + correction) * b for b in self.planes))
        self.volts += correction
        cell.operator.drive(*by_face(cell, half * self.volts, source))
        return planes

    def _solve_for_one_volt(
        self, cell: ElectrolyteCell, half: np.ndarray, tolerances: Tolerances, history: list[float]
    ) -> None:
        """Solve for the potential at one volt, unless the links have hardly changed since the last
        solve."""
        links = cell.operator.boundary.links()
        if np.abs(links - self.links).sum() > LARGE_DEVIATION * links.sum():
            feed = by_face(cell, half, np.zeros_like(half))
            self.planes = descend(cell, self.unit_potential, feed, tolerances, history)
            self.links = links

    def voltage(self, cell: ElectrolyteCell, planes: OuterPlanes) -> float:
        """Return the potential of the fed face."""
        return self.volts

    def excess(self, cell: ElectrolyteCell, planes: OuterPlanes) -> float:
        """Return 0: the fed face is equipotential."""
        return 0.0


DRIVES: dict[str, type[UniformFlux] | type[Equipotential]] = {
    "flux": UniformFlux,
    "equipotential": Equipotential,
}


def react(
    cell: ElectrolyteCell,
    law: Kinetics,
    x: np.ndarray,
    drive: str,
    tolerances: Tolerances,
    progress: Progress | None = None,
) -> State:
    """Find the potential x that a law of the reacting face leads to, starting from x, in place.

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
    for step in range(1, MAX_STEPS + 1):
        step_tolerances = (
            tolerances
            if deviation <= LARGE_DEVIATION
            else Tolerances(*map(max, tolerances, INTERMEDIATE))
        )
        source = tangent(cell, law, v, feed.interface)
        if step > 1 and deviation > LARGE_DEVIATION:
            x_before = x_before if x_before.size else cell.operator.vector()
            cell.operator.combine(1.0, x, 0.0, x_before)
        planes = feed.solve(cell, x, source, step_tolerances, history)
        new_v, new_flow = (values[cell.reacting][contact] for values in planes)
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
            return _state(cell, law, v, missing_current, voltages, x, step, history)
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


def descend(
    cell: ElectrolyteCell,
    x: np.ndarray,
    source: np.ndarray,
    tolerances: Tolerances,
    history: list[float],
    reference_current: float | None = None,
) -> OuterPlanes:
    """Solve the linear problem of the present links with a source at both faces, in place.

    The error is relative to the least dissipation of `reference_current`, by default of the current
    of x.
    """
    operator = cell.operator
    operator.drive(*source)
    links = operator.boundary.links()
    cell.solver.lower(x, Balance(cell, links, source, tolerances, history, reference_current))
    return _planes(operator, x, links, source)


class Balance:
    """Stop when the error is small enough and as much current leaves as enters.

    The error is relative to the least dissipation of `reference_current`, by default of the current
    of the potential so far. `history` continues over all solves of one electrode.
    """

    wanted = "less wanted; ask for fewer digits"

    def __init__(
        self,
        cell: ElectrolyteCell,
        links: np.ndarray,
        source: np.ndarray,
        tolerances: Tolerances,
        history: list[float],
        reference_current: float | None,
    ):
        self.cell = cell
        self.links = links
        self.source = source
        self.tolerances = tolerances
        self.history = history
        self.reference_current = reference_current

    def __call__(self, step: Step) -> bool:
        """Return whether error and balance are within the tolerances."""
        cell = self.cell
        current = self.reference_current or abs(self._outflow(step)[cell.fed].sum())
        self.history.append(step.remaining / (cell.least_resistance * current**2))
        if self.history[-1] > self.tolerances.error:
            return False
        return abs(self._outflow(step).sum()) <= self.tolerances.balance * current

    def _outflow(self, step: Step) -> np.ndarray:
        return _planes(self.cell.operator, step.potential(), self.links, self.source).outflow


def _planes(
    operator: Operator, x: np.ndarray, links: np.ndarray, source: np.ndarray
) -> OuterPlanes:
    u = outer_potentials(operator, x)
    return OuterPlanes(u, links * u - source)


def outer_potentials(operator: Operator, x: np.ndarray) -> np.ndarray:
    """Return the potential (2, ny, nx) of the cells at the low and the high face."""
    operator.neighbours.fill_ghosts(x)
    outer = np.stack([plane(operator, x, k) for k in (0, operator.shape[0] - 1)])
    return np.array(operator.neighbours.outermost(outer))


def plane(operator: Operator, x: np.ndarray, k: int) -> np.ndarray:
    """Return the potential (ny, nx) of plane k of this box, both colours."""
    return unpack_plane(operator.engine.solved_plane(operator, x, k), k, operator.shape)


def by_face(cell: ElectrolyteCell, fed: np.ndarray, reacting: np.ndarray) -> np.ndarray:
    """Return planes of the fed and the reacting face in the order low, high."""
    return np.stack([fed, reacting] if cell.fed == 0 else [reacting, fed])
