"""The potential of an electrolyte of which one face reacts, on one box among its neighbours.

The potential u, against that of the metal behind the interface, minimises the convex functional
``E(u) = 1/2 sum G (u_i - u_j)^2 + sum Psi(u_P) - sum I u``: over pairs of cells, faces that react
and faces that are fed; Psi is the work of the interface with half a cell in front of it. Newton's
method replaces the law of each face by its tangent, a link and a source, so that every step is a
linear problem of the same geometry; it is solved by conjugate gradients from the last iterate, and
shortened while it does not lower E. All other equations are linear and hold at both ends of a
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
STEPS, HALVINGS = 50, 30

#: while the current is this far from its law, a linear problem need not be solved to the end
FAR = 1e-3


class Goal(NamedTuple):
    """When a linear problem is solved: ``error`` is the square of the norm of the error of x,
    its dissipation, over the least dissipation; ``balance`` what leaves over what enters, less one.
    """

    error: float
    balance: float


#: of a linear problem that only leads to the next one
ROUGH = Goal(1e-6, 1e-4)


@dataclass(frozen=True)
class Cell:
    """Electrolyte between a face that is fed and one that reacts.

    ``reacting`` is LOW or HIGH of :mod:`poreflux.transport.laplace.boundary`, ``share``
    (ny, nx) the part of each of its faces that reacts; ``current`` is the total in units of the
    operator's conductance times V, positive where it leaves through the reacting face; ``unit`` the
    current density in A/m² of one unit a face.
    """

    operator: Operator
    solver: LinearSolver
    reacting: int
    share: np.ndarray
    current: float
    unit: float

    @property
    def fed(self) -> int:
        """Return the face that is fed."""
        return 1 - self.reacting

    @property
    def on(self) -> np.ndarray:
        """Return which faces react."""
        return self.share > 0

    @property
    def area(self) -> np.ndarray:
        """Return the part of each of them that reacts, over the unit of current density."""
        return self.share[self.on] / self.unit

    @property
    def mean(self) -> float:
        """Return the mean current density of the contact in A/m²."""
        return self.current / float(self.area.sum())

    @property
    def half(self) -> np.ndarray:
        """Return the resistance of half a cell in front of them, in ohm m² of contact."""
        return self.area / self.operator.boundary.half[self.reacting][self.on]

    @property
    def least_resistance(self) -> float:
        """Return the resistance, in units of the operator, of the box were it full."""
        planes = self.operator.neighbours.planes
        return planes / (self.share.size * self.operator.boundary.half.max() / 2)


class Planes(NamedTuple):
    """Potentials in V of the cells at the low and the high face (2, ny, nx); what flows out."""

    u: np.ndarray
    out: np.ndarray


class State(NamedTuple):
    """What a solve found, in V and units of the operator.

    ``density`` (ny, nx) is in A/m², NaN off contact; ``overpotential`` likewise, in V; ``voltage``
    is that of the fed face, its mean weighted by the current; ``mismatch`` what leaves over what
    enters, less one; ``residual`` the norm of what is missing in each cell's balance, relative to
    the mean current of a face in contact: no cell misses more.
    """

    density: np.ndarray
    overpotential: np.ndarray
    voltage: float
    mismatch: float
    residual: float
    steps: int
    iterations: int


class UniformFlux:
    """All fed faces carry the same current."""

    #: conductance between a fed face and a source
    interface = 0.0

    def __init__(self, cell: Cell):
        half = cell.operator.boundary.half[cell.fed]
        self.on = half > 0
        self.per_face = cell.current / int(self.on.sum())

    def settle(self, cell: Cell, x, source, goal: Goal, history) -> Planes:
        """Solve for x; `source` (ny, nx) feeds the reacting face."""
        feed = by_face(cell, self.on * self.per_face, source)
        return descend(cell, x, feed, goal, history, abs(cell.current))

    def voltage(self, cell: Cell, planes: Planes) -> float:
        """Return the mean potential of the fed faces."""
        half = cell.operator.boundary.half[cell.fed][self.on]
        return float(np.mean(planes.u[cell.fed][self.on] + self.per_face / half))


class OnePotential:
    """All fed faces are at one potential; how the current depends on it, a second solve tells."""

    interface = np.inf

    def __init__(self, cell: Cell):
        self.volts = np.nan
        self.unit_potential = cell.operator.vector()
        self.links = np.zeros_like(cell.operator.boundary.half)
        self.planes = Planes(self.links, self.links)

    def settle(self, cell: Cell, x, source, goal: Goal, history) -> Planes:
        """Solve for x and for the potential of the fed face; `source` feeds the reacting one."""
        half = cell.operator.boundary.half[cell.fed]
        self._solve_for_one_volt(cell, half, goal, history)
        through = -self.planes.out[cell.fed].sum()
        if np.isnan(self.volts):
            self.volts = cell.current / through
            cell.operator.combine(self.volts, self.unit_potential, 0.0, x)
        if source.any():
            feed = by_face(cell, half * self.volts, source)
            planes = descend(cell, x, feed, goal, history, abs(cell.current))
            more = (cell.current + planes.out[cell.fed].sum()) / through
            cell.operator.combine(more, self.unit_potential, 1.0, x)
            planes = Planes(*(a + more * b for a, b in zip(planes, self.planes)))
        else:
            more = cell.current / through - self.volts
            cell.operator.combine(self.volts + more, self.unit_potential, 0.0, x)
            planes = Planes(*((self.volts + more) * b for b in self.planes))
        self.volts += more
        cell.operator.drive(*by_face(cell, half * self.volts, source))
        return planes

    def _solve_for_one_volt(self, cell: Cell, half, goal: Goal, history) -> None:
        """Solve for the answer to one volt, unless the links are nearly those of the last time."""
        links = cell.operator.boundary.links()
        if np.abs(links - self.links).sum() > FAR * links.sum():
            feed = by_face(cell, half, np.zeros_like(half))
            self.planes = descend(cell, self.unit_potential, feed, goal, history)
            self.links = links

    def voltage(self, cell: Cell, planes: Planes) -> float:
        """Return the potential of the fed face."""
        return self.volts


DRIVES: dict[str, type[UniformFlux] | type[OnePotential]] = {
    "flux": UniformFlux,
    "equipotential": OnePotential,
}


def react(
    cell: Cell,
    law: Kinetics,
    x: np.ndarray,
    drive: str,
    goal: Goal,
    progress: Progress | None = None,
) -> State:
    """Find the potential x that a law of the reacting face leads to, starting from x, in place.

    Raises
    ------
    NotConverged
        where Newton's method or a linear solve stalls.
    """
    history: list[float] = []
    feeding = DRIVES[drive](cell)
    on, area = cell.on, cell.area
    flow = np.zeros(area.size)
    v = flow + cell.mean * cell.half + float(law.overpotential(cell.mean))
    off = 0.0 if law.linear else np.inf
    kept = np.empty(0)
    for step in range(1, STEPS + 1):
        now = goal if off <= FAR else Goal(*map(max, goal, ROUGH))
        source = tangent(cell, law, v, feeding.interface)
        if step > 1 and off > FAR:
            kept = kept if kept.size else cell.operator.vector()
            cell.operator.combine(1.0, x, 0.0, kept)
        planes = feeding.settle(cell, x, source, now, history)
        new_v, new_flow = (values[cell.reacting][on] for values in planes)
        # near its law the current changes too little for the functional to tell
        if step > 1 and off > FAR:
            part = fraction(cell, law, v, flow, new_v, new_flow)
            if part < 1:
                cell.operator.combine(1 - part, kept, part, x)
            new_v, new_flow = v + part * (new_v - v), flow + part * (new_flow - flow)
        v, flow = new_v, new_flow
        missing = law.current(v, cell.half)[0] * area - flow
        off = float(np.abs(missing).sum() / abs(cell.current))
        if progress is not None:
            progress(*decades(off, goal.balance), f"Newton step {step}, {off:.0e} from the law")
        if off <= goal.balance and now == goal:
            return _state(cell, law, v, missing, feeding.voltage(cell, planes), x, step, history)
    raise NotConverged(
        f"the current is {off:.1e} from its law after {STEPS} steps of Newton's method, "
        f"{goal.balance:.0e} wanted; report the volume and the kinetics",
        history,
    )


def _state(cell, law, v, missing, voltage, x, steps, history) -> State:
    density = np.full(cell.share.shape, np.nan)
    eta = density.copy()
    density[cell.on] = law.current(v, cell.half)[0]
    eta[cell.on] = law.overpotential(density[cell.on])
    total = float(density[cell.on] @ cell.area)
    square = cell.operator.residual(x, cell.solver.workspace) + float(missing @ missing)
    return State(
        density,
        eta,
        voltage,
        float(abs(total / cell.current - 1)),
        float(np.sqrt(square) * cell.unit / abs(cell.mean)),
        steps,
        len(history),
    )


def tangent(cell: Cell, law: Kinetics, v: np.ndarray, feeding: float) -> np.ndarray:
    """Connect the reacting face by the tangents of its law at v, the fed one by `feeding`; return
    the source (ny, nx) that belongs to the tangents."""
    boundary, on, area = cell.operator.boundary, cell.on, cell.area
    j, own = law.current(v, cell.half)
    interface = np.zeros_like(boundary.interface)
    interface[cell.fed] = feeding
    with np.errstate(divide="ignore"):
        interface[cell.reacting][on] = area / own
    if not np.array_equal(interface, boundary.interface):
        boundary.interface[:] = interface
        boundary.update()
        cell.solver.boundary_changed()
    source = np.zeros(on.shape)
    if not law.linear:
        source[on] = boundary.links()[cell.reacting][on] * v - j * area
    return source


def fraction(cell: Cell, law: Kinetics, v, flow, new_v, new_flow) -> float:
    """Return the part of a Newton step that lowers the functional: 1, or halvings of it.

    ``v`` and ``flow`` are potential and linear current of the faces in contact before the step.
    """
    d, half, area = new_v - v, cell.half, cell.area
    before = law.work(v, half)
    slope = float((law.current(v, half)[0] * area - flow) @ d)
    noise = 2 * ROUGH.error * cell.least_resistance * cell.current**2
    part = 1.0
    for _ in range(HALVINGS):
        gained = float((law.work(v + part * d, half) - before) @ area)
        gained -= part * float(flow @ d) + part**2 / 2 * float((new_flow - flow) @ d)
        if gained <= 1e-4 * part * slope + noise:
            break
        part /= 2
    return part


def descend(
    cell: Cell, x, source: np.ndarray, goal: Goal, history, through: float | None = None
) -> Planes:
    """Solve the linear problem of the present links with a source at both faces, in place.

    The error is relative to what the current `through` dissipates at least, by default the current
    of x.
    """
    operator = cell.operator
    operator.drive(*source)
    links = operator.boundary.links()
    cell.solver.lower(x, Balance(cell, links, source, goal, history, through))
    return _planes(operator, x, links, source)


class Balance:
    """Stop when the error is small enough and what leaves is what enters.

    The error is relative to what the current `through` dissipates at least, by default the current
    of the potential so far. `history` goes on from solve to solve.
    """

    wanted = "less wanted; ask for fewer digits"

    def __init__(self, cell: Cell, links, source, goal: Goal, history, through: float | None):
        self.cell = cell
        self.links = links
        self.source = source
        self.goal = goal
        self.history = history
        self.through = through

    def __call__(self, step: Step) -> bool:
        """Return whether error and balance are those of the goal."""
        cell = self.cell
        current = self.through or abs(self._outflow(step)[cell.fed].sum())
        self.history.append(step.left / (cell.least_resistance * current**2))
        if self.history[-1] > self.goal.error:
            return False
        return abs(self._outflow(step).sum()) <= self.goal.balance * current

    def _outflow(self, step: Step) -> np.ndarray:
        return _planes(self.cell.operator, step.potential(), self.links, self.source).out


def _planes(operator: Operator, x, links, source) -> Planes:
    u = outer_potentials(operator, x)
    return Planes(u, links * u - source)


def outer_potentials(operator: Operator, x: np.ndarray) -> np.ndarray:
    """Return the potential (2, ny, nx) of the cells at the low and the high face."""
    operator.neighbours.fill_ghosts(x)
    own = np.stack([plane(operator, x, k) for k in (0, operator.shape[0] - 1)])
    return np.array(operator.neighbours.outermost(own))


def plane(operator: Operator, x: np.ndarray, k: int) -> np.ndarray:
    """Return the potential (ny, nx) of own plane k, both colours."""
    return unpack_plane(operator.engine.solved_plane(operator, x, k), k, operator.shape)


def by_face(cell: Cell, fed: np.ndarray, reacting: np.ndarray) -> np.ndarray:
    """Return planes of the fed and the reacting face in the order low, high."""
    return np.stack([fed, reacting] if cell.fed == 0 else [reacting, fed])
