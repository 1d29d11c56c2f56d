"""The power density of a solution, some planes at a time, and how unevenly it is spread."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.solution import Solution

#: classes of power densities in a factor of two, and the factors of two from 1 that are told apart
PER_OCTAVE, OCTAVES = 64, 60

#: bytes of the potential at a time; some ten arrays of that size are at work
SLAB = 32 * 2**20


class Planes(NamedTuple):
    """A few planes: the number of the first in its box, their potential and conductivity."""

    first: int
    potential: np.ndarray
    conductivity: np.ndarray


class Part(NamedTuple):
    """The box of a solution as a part of all: the first plane of it, how many there are in all, and
    the conductivity of its cells. The planes `below` and `above` are of its neighbours, None at
    driven faces.
    """

    first: int
    planes: int
    cells: np.ndarray
    below: Planes | None = None
    above: Planes | None = None


class Spread:
    """Power densities sorted into classes, slab by slab: no more is kept of them."""

    def __init__(self) -> None:
        classes = 2 * OCTAVES * PER_OCTAVE
        self.number = np.zeros(classes)
        self.power = np.zeros(classes)

    def add(self, density: np.ndarray, share: np.ndarray | None = None) -> None:
        """Count the values of a slab; NaN, where there is no current, does not count.

        A voxel of which only a `share` conducts counts as so much, with the density of this share.
        """
        where = density > 0
        power = density[where]
        weight = None if share is None else share[where]
        octave = (np.log2(power if weight is None else power / weight) + OCTAVES) * PER_OCTAVE
        classes = np.clip(octave.astype(np.int64), 0, self.number.size - 1)
        self.number += np.bincount(classes, weight, minlength=self.number.size)
        self.power += np.bincount(classes, power, minlength=self.number.size)

    @property
    def total(self) -> float:
        """Return the sum of all values."""
        return float(self.power.sum())

    def share_of_voxels(self, share: float, voxels: float) -> float:
        """Return the least share of so many voxels that has this share of the power."""
        number, power = self._from_the_top()
        return float(np.interp(share * power[-1], power, number)) / voxels

    def share_of_power(self, share: float, voxels: float) -> float:
        """Return the share of the power in this share of so many voxels, those that have most."""
        number, power = self._from_the_top()
        return float(np.interp(share * voxels, number, power)) / float(power[-1])

    def quantile(self, share: float, voxels: float) -> float:
        """Return the value that this share of so many voxels does not exceed; 0 in dead ends."""
        number, power = self._from_the_top()
        above = (1 - share) * voxels
        if above >= number[-1]:
            return 0.0
        at = int(np.searchsorted(number, above, side="right")) - 1
        return float((power[at + 1] - power[at]) / (number[at + 1] - number[at]))

    def _from_the_top(self) -> tuple[np.ndarray, np.ndarray]:
        """Return how many voxels are in the classes down to each, and their power, from 0 on."""
        filled = self.number[::-1] > 0
        number, power = self.number[::-1][filled], self.power[::-1][filled]
        voxels = np.concatenate([[0], np.cumsum(number)]).astype(float)
        return voxels, np.concatenate([[0.0], np.cumsum(power)])


def power_density(
    solution: Solution,
    problem: Problem,
    start: int = 0,
    stop: int = -1,
    part: Part | None = None,
) -> Iterator[tuple[int, np.ndarray, np.ndarray | None]]:
    """Yield the first of a few planes of this box, their power density in float64, and of partial
    voxels the share that conducts, else None.

    The density is relative to that of a uniform block of the reference phase under the same
    difference of potential, NaN where nothing percolates. The planes are those from `start` to
    `stop`, by default all. The box is all there is, or a `part` of several.
    """
    n, ny, nx = solution.operator.shape
    part = part or Part(0, n, problem.cells)
    stop = n if stop < 0 else stop
    planes = max(1, SLAB // (8 * ny * nx))
    scale = part.planes**2 * (problem.spacing[0] / min(problem.spacing)) ** 2
    for first in range(start, stop, planes):
        last = min(stop, first + planes)
        share = part.cells[first:last] if problem.arithmetic else None
        yield first, scale * _power(solution, problem, part, first, last), share


def _power(solution: Solution, problem: Problem, part: Part, start: int, stop: int) -> np.ndarray:
    """Return the power in each cell of planes, in the units of the solution's energy."""
    first, u, k = _with_neighbours(solution, part, start, stop)
    n = solution.operator.shape[0]
    percolating = np.isfinite(u)
    k, u = np.where(percolating, k, 0.0), np.where(percolating, u, 0.0)
    power = np.zeros_like(u)
    periodic = problem.periodic
    add_faces = _add_shares if problem.arithmetic else _add_faces
    for axis, weight in enumerate(problem.weights()):
        u_along, k_along, power_along = (np.moveaxis(a, axis, 0) for a in (u, k, power))
        pairs = [(slice(None, -1), slice(1, None))]
        if axis > 0 and periodic[axis]:
            pairs.append((slice(-1, None), slice(None, 1)))
        for one, other in pairs:
            add_faces(u_along, k_along, power_along, one, other, weight)
    half = 2 * problem.weights()[0]  # to the driven faces
    if start == 0 and part.below is None:
        power[0] += half * k[0] * (1 - u[0]) ** 2
    if stop == n and part.above is None:
        power[-1] += half * k[-1] * u[-1] ** 2
    power[k == 0] = np.nan
    return power[start - first : stop - first]


def _with_neighbours(solution: Solution, part: Part, start: int, stop: int) -> Planes:
    """Return planes of a box and one more on either side, where there is one."""
    operator = solution.operator
    first, last = max(0, start - 1), min(operator.shape[0], stop + 1)
    potential = np.empty((last - first, *operator.shape[1:]), operator.dtype)
    operator.engine.potential(operator, solution.x, potential, first)
    planes = [Planes(first, potential, part.cells[first:last])]
    if start == 0 and part.below is not None:
        planes.insert(0, part.below)
    if stop == operator.shape[0] and part.above is not None:
        planes.append(part.above)
    if len(planes) == 1:
        return planes[0]
    joined = (np.concatenate([getattr(p, name) for p in planes]) for name in Planes._fields[1:])
    return Planes(planes[0].first, *joined)


def _add_faces(
    u: np.ndarray, k: np.ndarray, power: np.ndarray, one: slice, other: slice, weight: float
) -> None:
    """Add the power in the faces between cells and others, to each what is lost in its half.

    Two half cells in series have the same current, and lose in proportion to their resistance.
    """
    total = k[one] + k[other]
    share = np.divide(k[one], total, out=np.zeros_like(total), where=total > 0)  # of the other
    lost = 2 * weight * share * k[other] * (u[one] - u[other]) ** 2
    power[one] += (1 - share) * lost
    power[other] += share * lost


def _add_shares(
    u: np.ndarray, k: np.ndarray, power: np.ndarray, one: slice, other: slice, weight: float
) -> None:
    """Add the power in the faces between partial cells, which conduct by their mean.

    What conducts lies side by side, under one difference of potential: each loses in proportion.
    """
    open_face = (k[one] > 0) & (k[other] > 0)
    lost = np.where(open_face, weight / 2 * (u[one] - u[other]) ** 2, 0.0)
    power[one] += k[one] * lost
    power[other] += k[other] * lost
