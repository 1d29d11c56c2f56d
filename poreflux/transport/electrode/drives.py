"""How the face opposite the electrode is fed, and what the error of a solve makes of it."""

import math
from typing import NamedTuple

import numpy as np

from poreflux.transport.electrode.cell import ElectrolyteCell, OuterPlanes, by_face
from poreflux.transport.electrode.linearised import (
    CurrentBound,
    Tolerances,
    descend,
    rounding_current,
)

#: links that differ by less count as the same, and a current that deviates more from its law has
#: linear problems solved roughly
LARGE_DEVIATION = 1e-3


class SolverError(NamedTuple):
    """By how much the solution of the linear problem may be off: the voltage of the fed face in V,
    the current density of any face in contact in A/m²; ``proved`` whether both are bounds or
    estimates.
    """

    voltage: float
    density: float
    proved: bool


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

    def error(
        self,
        cell: ElectrolyteCell,
        linear: bool,
        x: np.ndarray,
        planes: OuterPlanes,
        missing_current: np.ndarray,
    ) -> SolverError:
        """Return what the error of x may do, by reciprocity: the voltage is that times the current.

        The potential of the same feed alone is x itself where the law is linear, and costs no more
        power than x else.
        """
        current = abs(cell.current)
        left = _imbalance(cell, x, planes, x, _largest(planes))
        whole = (math.sqrt(left.excess) + math.sqrt(_own_power(cell, missing_current))) ** 2
        missing = float(np.abs(missing_current).sum())
        voltage = abs(self.voltage(cell, planes))
        if linear:
            at_faces = np.abs(missing_current) @ np.abs(planes.u[cell.reacting][cell.contact])
            off = (left.product + left.excess + at_faces) / current
        else:
            off = math.sqrt(voltage * current * whole) / current
        density = _density_error(cell, whole, left.current + missing)
        return SolverError(float(off), density, left.proved)

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
        self.planes = OuterPlanes(self.links, self.links, 0.0)

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
            planes = planes.plus(correction, self.planes)
        else:
            correction = cell.current / conductance - self.volts
            cell.operator.combine(self.volts + correction, self.unit_potential, 0.0, x)
            planes = self.planes.plus(self.volts + correction - 1, self.planes)
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

    def error(
        self,
        cell: ElectrolyteCell,
        linear: bool,
        x: np.ndarray,
        planes: OuterPlanes,
        missing_current: np.ndarray,
    ) -> SolverError:
        """Return what the error of x may do: by reciprocity, the potential at one volt times the
        imbalance of x is the error of the current at a given voltage.
        """
        operator = cell.operator
        source = np.array(operator.source)
        half = cell.operator.boundary.half[cell.fed]
        operator.drive(*by_face(cell, half, np.zeros_like(half)))
        unit = self.unit_potential
        of_unit = _imbalance(cell, unit, self.planes, unit, 1.0)
        operator.source[:] = source
        left = _imbalance(cell, x, planes, unit, 1.0)
        whole = (math.sqrt(left.excess) + math.sqrt(_own_power(cell, missing_current))) ** 2
        missing = float(np.abs(missing_current).sum())
        conductance = -self.planes.outflow[cell.fed].sum()
        off = left.product + math.sqrt(of_unit.excess * left.excess) + missing
        off /= conductance
        per_volt = np.abs(self.planes.outflow[cell.reacting][cell.contact])
        density = _density_error(cell, whole, left.current + missing, off * per_volt)
        return SolverError(off, density, left.proved)


DRIVES: dict[str, type[UniformFlux] | type[Equipotential]] = {
    "flux": UniformFlux,
    "equipotential": Equipotential,
}


class _Imbalance(NamedTuple):
    """What a potential leaves unbalanced: the square of the energy norm of its error, at most, the
    product with another potential, the sum over all cells, at most, and whether the first one is
    proved.
    """

    excess: float
    product: float
    current: float
    proved: bool


def _imbalance(
    cell: ElectrolyteCell, x: np.ndarray, planes: OuterPlanes, other: np.ndarray, volts: float
) -> _Imbalance:
    """Return what x leaves unbalanced; `volts` are the largest of the other potential."""
    operator, r = cell.operator, cell.solver.scratch
    bound = CurrentBound(operator)
    if bound.affordable:
        excess = bound(x, r).excess
    else:
        bound.energy(x, r)
        excess = planes.excess
    largest = _largest(planes)
    resistance = largest / float(np.abs(planes.outflow[cell.reacting]).sum())
    cells = operator.neighbours.planes * cell.share.size
    of_all = math.sqrt(cells * operator.dot(r, r))
    rounding = rounding_current(operator, largest) + float(np.finfo(r.dtype).eps) * of_all
    excess = (math.sqrt(excess) + rounding * math.sqrt(resistance)) ** 2
    product = abs(operator.dot(other, r)) + rounding * volts
    return _Imbalance(excess, product, of_all + rounding, bound.affordable)


def _largest(planes: OuterPlanes) -> float:
    return float(np.abs(planes.u).max())


def _own_power(cell: ElectrolyteCell, missing_current: np.ndarray) -> float:
    """Return the power of the currents that faces in contact miss, through these faces alone."""
    links = cell.operator.boundary.links()[cell.reacting][cell.contact]
    return float((missing_current**2 / links).sum())


def _density_error(
    cell: ElectrolyteCell, excess: float, current: float, share: np.ndarray | float = 0.0
) -> float:
    """Return the error of the current density of a face, of which no one takes more power than all
    have, nor more current than all cells leave unbalanced; and a share of its own current.
    """
    links = cell.operator.boundary.links()[cell.reacting][cell.contact]
    return float(((np.minimum(np.sqrt(excess * links), current) + share) / cell.area).max())
