"""The power density of a solution, some planes at a time, and how unevenly it is spread."""

from collections.abc import Iterator

import numpy as np

from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.solution import Solution

#: classes of power densities in a factor of two, and the factors of two from 1 that are told apart
PER_OCTAVE, OCTAVES = 64, 60

#: bytes of the potential at a time; some ten arrays of that size are at work
SLAB = 32 * 2**20


class Spread:
    """Power densities sorted into classes, slab by slab: no more is kept of them."""

    def __init__(self) -> None:
        classes = 2 * OCTAVES * PER_OCTAVE
        self.number = np.zeros(classes, np.int64)
        self.power = np.zeros(classes)

    def add(self, density: np.ndarray) -> None:
        """Count the values of a slab; NaN, where there is no current, does not count."""
        positive = density[density > 0]
        octave = (np.log2(positive) + OCTAVES) * PER_OCTAVE
        classes = np.clip(octave.astype(np.int64), 0, self.number.size - 1)
        self.number += np.bincount(classes, minlength=self.number.size)
        self.power += np.bincount(classes, positive, minlength=self.number.size)

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
    solution: Solution, problem: Problem, start: int = 0, stop: int = -1
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the first of a few planes of this box, and their power density in float64.

    It is relative to that of a uniform block of the reference phase under the same difference of
    potential, NaN where nothing percolates. The planes are those from `start` to `stop`, by default
    all.
    """
    n, ny, nx = solution.operator.shape
    stop = n if stop < 0 else stop
    planes = max(1, SLAB // (8 * ny * nx))
    scale = n**2 * (problem.spacing[0] / min(problem.spacing)) ** 2
    for first in range(start, stop, planes):
        power = _power(solution, problem, first, min(stop, first + planes))
        yield first, scale * power


def _power(solution: Solution, problem: Problem, start: int, stop: int) -> np.ndarray:
    """Return the power in each cell of planes, in the units of the solution's energy."""
    operator = solution.operator
    n = operator.shape[0]
    first, last = max(0, start - 1), min(n, stop + 1)
    potential = np.empty((last - first, *operator.shape[1:]), operator.dtype)
    operator.engine.potential(operator, solution.x, potential, first)
    percolating = np.isfinite(potential)
    k = np.where(percolating, problem.cells[first:last], 0.0)
    u = np.where(percolating, potential, 0.0)
    power = np.zeros_like(u)
    periodic = problem.periodic
    for axis, weight in enumerate(problem.weights()):
        u_along, k_along, power_along = (np.moveaxis(a, axis, 0) for a in (u, k, power))
        pairs = [(slice(None, -1), slice(1, None))]
        if axis > 0 and periodic[axis]:
            pairs.append((slice(-1, None), slice(None, 1)))
        for one, other in pairs:
            _add_faces(u_along, k_along, power_along, one, other, weight)
    half = 2 * problem.weights()[0]  # to the driven faces
    if first == 0:
        power[0] += half * k[0] * (1 - u[0]) ** 2
    if last == n:
        power[-1] += half * k[-1] * u[-1] ** 2
    power[k == 0] = np.nan
    return power[start - first : stop - first]


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
