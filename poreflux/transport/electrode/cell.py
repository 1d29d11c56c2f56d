"""The electrolyte of a cell, and what its outer planes show of a potential."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from poreflux.kernels.redblack import unpack_plane
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.solvers.linear_solver import LinearSolver


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
    """Potentials in V of the cells at the low and the high face (2, ny, nx), their outflow, and the
    square of the energy norm of the error of all potentials, at most."""

    u: np.ndarray
    outflow: np.ndarray
    excess: float

    def plus(self, factor: float, other: "OuterPlanes") -> "OuterPlanes":
        """Return these planes and `factor` times others."""
        return OuterPlanes(
            self.u + factor * other.u,
            self.outflow + factor * other.outflow,
            float((np.sqrt(self.excess) + abs(factor) * np.sqrt(other.excess)) ** 2),
        )


def planes_of(
    operator: Operator, x: np.ndarray, source: np.ndarray, excess: float = np.inf
) -> OuterPlanes:
    """Return the outer planes of x, which links and `source` (2, ny, nx) join to both faces."""
    u = outer_potentials(operator, x)
    outflow = operator.boundary.links()
    outflow *= u
    outflow -= source
    return OuterPlanes(u, outflow, excess)


def outer_potentials(operator: Operator, x: np.ndarray) -> np.ndarray:
    """Return the potential (2, ny, nx) of the cells at the low and the high face."""
    operator.neighbours.fill_ghosts(x)
    outer = np.stack([plane(operator, x, k) for k in (0, operator.shape[0] - 1)])
    outer[0], outer[1] = operator.neighbours.outermost(outer)
    return outer


def plane(operator: Operator, x: np.ndarray, k: int) -> np.ndarray:
    """Return the potential (ny, nx) of plane k of this box, both colours."""
    return unpack_plane(operator.engine.solved_plane(operator, x, k), k, operator.shape)


def by_face(cell: ElectrolyteCell, fed: np.ndarray, reacting: np.ndarray) -> np.ndarray:
    """Return planes of the fed and the reacting face in the order low, high."""
    return np.stack([fed, reacting] if cell.fed == 0 else [reacting, fed])
