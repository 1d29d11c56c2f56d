"""The linear problem of a step of Newton's method: solved until its error is proved."""

from typing import NamedTuple

import numpy as np

from poreflux.errors import NotConverged
from poreflux.kernels import rows
from poreflux.transport.electrode.cell import ElectrolyteCell, OuterPlanes, planes_of
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.solvers.certified import CertifiedEnergy, Limited, lower_until_met
from poreflux.transport.solvers.error_bound import Certificate, ErrorBound
from poreflux.transport.solvers.solution import integrate, is_affordable
from poreflux.transport.solvers.stopping import Step


class Tolerances(NamedTuple):
    """When a linear problem counts as solved: ``error`` is the square of the energy norm of the
    error of x over the least dissipation; ``balance`` the current that leaves over the current that
    enters, less one; ``proved`` whether the error has to be proved.
    """

    error: float
    balance: float
    proved: bool = True

    def at_least(self, other: "Tolerances") -> "Tolerances":
        """Return the larger ones, proved where both are."""
        return Tolerances(
            max(self.error, other.error),
            max(self.balance, other.balance),
            self.proved and other.proved,
        )


class CurrentBound(ErrorBound):
    """The bound for a potential that sources drive, whose energy has no meaning."""

    def __init__(self, operator: Operator, proved: bool = True):
        super().__init__(operator)
        self.guarded = proved
        self.affordable = proved and is_affordable(operator)

    def estimate(self, x: np.ndarray, r: np.ndarray, remaining: float) -> Certificate:
        """Return the excess by the iteration, or by how uneven the currents through the planes are
        where that is more.
        """
        if self.guarded:
            remaining = max(remaining, uneven_power(integrate(self.operator, x)[1]))
        return Certificate(0.0, remaining, 0.0, proved=False)

    def energy(self, x: np.ndarray, r: np.ndarray) -> float:
        """Return the energy of x; r becomes the imbalance of red cells."""
        self.operator.neighbours.fill_ghosts(x)
        return super().energy(x, r)


class Balance(CertifiedEnergy):
    """Stop when the error is small enough and as much current leaves as enters.

    The error is relative to the least dissipation of `reference_current`, by default of the current
    of the potential so far. `history` continues over all solves of one electrode.
    """

    def __init__(
        self,
        cell: ElectrolyteCell,
        source: np.ndarray,
        tolerances: Tolerances,
        history: list[float],
        reference_current: float | None,
    ):
        bound = CurrentBound(cell.operator, tolerances.proved)
        super().__init__(bound, cell.solver.scratch, tolerances.error, "")
        self.wanted = f"{tolerances.error:.0e} wanted; ask for fewer digits"
        self.attach(cell.solver)
        self.cell = cell
        self.source = source
        self.tolerances = tolerances
        self.history = history
        self.reference_current = reference_current

    def measure(self, x: np.ndarray, most: float | None = None) -> None:
        """Start from x, of which nothing is known."""
        self._start()
        self.certificate = Certificate(0.0, np.inf, 0.0)

    def is_all_that_digits_allow(self, x: np.ndarray) -> bool:
        """Return whether the power of x is right to the tolerance of the balance, and its current
        to the root of the tolerance of the error; for an x that cannot be better.
        """
        self.begin(x)
        power = self.bound.energy(x, self.scratch)
        small = self.certificate.excess <= self.tolerances.balance * power
        return small and self._is_balanced(x, self.rtol**0.5)

    def _energy_after(self, step: Step) -> float:
        current = self.reference_current or self._current(step.potential())
        return self.cell.least_resistance * current**2

    def _due(self, estimate: float, step: Step) -> bool:
        near = estimate <= self._target or self._waited_long()
        return near and self._is_balanced(step.potential(), self.tolerances.balance)

    def _certificate(self, x: np.ndarray) -> Certificate:
        found = super()._certificate(x)
        current = self.reference_current or self._current(x)
        energy = self.cell.least_resistance * current**2 + found.excess
        return found._replace(energy=energy, rounding=0.0)

    def _is_enough(self, x: np.ndarray) -> bool:
        return super()._is_enough(x) and self._is_balanced(x, self.tolerances.balance)

    def _is_balanced(self, x: np.ndarray, tolerance: float) -> bool:
        outflow = self._outflow(x)
        current = self.reference_current or abs(outflow[self.cell.fed].sum())
        return bool(abs(outflow.sum()) <= tolerance * current)

    def _current(self, x: np.ndarray) -> float:
        return float(abs(self._outflow(x)[self.cell.fed].sum()))

    def _outflow(self, x: np.ndarray) -> np.ndarray:
        return planes_of(self.cell.operator, x, self.source).outflow


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
    of x. Where the solver fails, a plain one goes on; where rounding stops that too, the whole
    dissipation has to be right, of which the least one may be a tiny part.
    """
    operator = cell.operator
    operator.drive(*source)
    rule = Balance(cell, source, tolerances, history, reference_current)
    try:
        lower_until_met(cell.solver, x, rule)
    except Limited:
        raise
    except NotConverged:
        solver = cell.solver.plain()
        rule.attach(solver)
        try:
            lower_until_met(solver, x, rule)
        except NotConverged:
            if not rule.is_all_that_digits_allow(x):
                raise
    return planes_of(operator, x, source, rule.certificate.excess)


def rounding_current(operator: Operator, volts: float) -> float:
    """Return the current that rounding leaves unbalanced in all cells together: each rounds the
    currents that `volts` would drive through its faces, all alike where potentials are alike.
    """
    kernel = operator.kernel
    if isinstance(kernel, rows.Binary):
        around = 2.0 * (kernel.wz + kernel.wy + kernel.wx)
    else:
        around = float(np.asarray(kernel.degree).max())
    around = max(part[0] for part in operator.neighbours.collect(np.array([around])))
    cells = operator.neighbours.planes * operator.shape[1] * operator.shape[2]
    return float(cells * np.finfo(operator.dtype).eps / 2 * volts * around)


def uneven_power(planes: np.ndarray) -> float:
    """Return the power of the current that evens out those through all planes, which are as
    :func:`poreflux.transport.solvers.solution.integrate` returns them.

    Examples
    --------
    >>> planes = np.array([[1.0, 3, 4, 0, 0], [1, 2, 4, 0, 0], [3, 1, 4, 0, 0], [1, 0, 0, 0, 0]])
    >>> round(uneven_power(planes), 3)  # 1/4 V at 1 A, 1/4 V at 3 A: 3/2 A less 1/2, more 3/2
    0.25
    """
    filled = planes[:-1, 2] > 0
    potential = np.divide(planes[:-1, 1], planes[:-1, 2], where=filled, out=np.zeros(filled.size))
    drop, current = np.abs(np.diff(potential)), np.abs(planes[1:-1, 0])
    resistance = np.divide(drop, current, where=current > 0, out=np.zeros(drop.size))
    if not resistance.sum() > 0:
        return 0.0
    even = resistance @ current / resistance.sum()
    return float(resistance @ (current - even) ** 2)
