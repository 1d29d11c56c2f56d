"""Generator A of pressed electrolytes: flattened pores, specks, clusters (a Boolean model)."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from poreflux.phantoms.modulation import CUT, Modulation
from poreflux.phantoms.noise import cell_generator, cells_of

#: standard deviation of a modulation above which a bound of it saves work
_STRONG = 0.8

#: points along an axis at which the clusters of a volume are looked at, and the largest factor by
#: which it may get more pores
_POINTS, _MOST = 64, 8.0

PORES, SPECKS, PORE_NUMBER, SPECK_NUMBER, MODULATION = range(5)  # streams of random numbers


@dataclass(frozen=True)
class OblatePores:
    """Plan of oblate ellipsoidal pores at random places, which may overlap, and small specks.

    Parameters
    ----------
    porosity
        expected volume fraction of all pores and specks.
    diameter
        median diameter, in µm, of the sphere of a pore's volume.
    aspect
        short over long axis of a pore; the short one lies along z on average.
    spread
        standard deviation of the logarithm of the diameter, cut at three of them.
    tilt
        standard deviation of the two slopes of the short axis against z.
    specks
        number of specks for each pore, homogeneous, without the modulation.
    speck_diameter
        least and largest diameter of a speck in µm, evenly distributed.
    modulation
        the logarithm of the local number of pores, up to a constant (a Cox process).
    seed
        of all random numbers.

    Notes
    -----
    A Poisson process of number density l and mean pore volume v covers ``1 - exp(-l v)`` of space.
    With a modulation M of variance a² the porosity is the mean of
    ``1 - exp(-l v exp(M - a**2 / 2) - l_s v_s)``, which supposes that M varies little over one
    pore; l is solved for.

    Pores have positions in µm, independent of voxel size, window and chunk.

    Examples
    --------
    >>> plan = OblatePores(porosity=0.15, diameter=8.0, aspect=0.5)
    >>> box = plan.pores((0, 0, 0), (40, 40, 40), (1.0, 1.0, 1.0))
    >>> box.shape, box.dtype.name
    ((40, 40, 40), 'bool')
    """

    porosity: float
    diameter: float
    aspect: float = 1.0
    spread: float = 0.2
    tilt: float = 0.25
    specks: float = 0.0
    speck_diameter: tuple[float, float] = (1.0, 2.0)
    modulation: Modulation = field(default=Modulation())
    seed: int = 0

    def pores(
        self, start: Sequence[int], stop: Sequence[int], voxel_size: Sequence[float]
    ) -> np.ndarray:
        """Return where the voxel centres of a box lie in a pore."""
        size = np.asarray(voxel_size, float)
        lines = [(np.arange(a, b) + 0.5) * h for a, b, h in zip(start, stop, size)]
        out = np.zeros([len(x) for x in lines], bool)
        low, high = np.asarray(start) * size, np.asarray(stop) * size
        for make, reach in ((_pores_of_cell, self._reach), (_specks_of_cell, self._speck_reach)):
            for cell in cells_of((low - reach) / self._cell, (high + reach) / self._cell):
                _paint(out, lines, make(self, cell))
        return out

    @functools.cached_property
    def density(self) -> float:
        """Number of pores in a µm³, on average."""
        if not 0 < self.porosity < 1 or not 0 < self.aspect <= 1:
            raise ValueError(
                f"porosity={self.porosity}, aspect={self.aspect}; the first must lie between 0 and "
                "1, the second above 0 and not above 1"
            )

        def excess(density: float) -> float:
            return self._covered_on_average(density) - self.porosity

        return brentq(excess, 0.0, 1e3 / self._volume, xtol=1e-14, rtol=1e-12)

    def _covered(self, density: float, relative: np.ndarray) -> np.ndarray:
        """Return the local porosity where there are so many pores relative to their average."""
        least, largest = self.speck_diameter
        speck = np.pi / 6 * (least + largest) * (least**2 + largest**2) / 4
        return -np.expm1(-density * (self._volume * relative + self.specks * speck))

    def _covered_on_average(self, density: float) -> float:
        variance = self.modulation.amplitude**2
        return self.modulation.mean(lambda m: self._covered(density, np.exp(m - variance / 2)))

    @property
    def _volume(self) -> float:
        """Mean volume of a pore."""
        return np.pi / 6 * self.diameter**3 * _mean_of_exponential(3 * self.spread)

    @property
    def _reach(self) -> float:
        """Longest distance of a pore's centre to its surface."""
        return self.diameter / 2 * np.exp(CUT * self.spread) * self.aspect ** (-1 / 3)

    @property
    def _speck_reach(self) -> float:
        return self.speck_diameter[1] / 2

    @property
    def _cell(self) -> float:
        """Edge of the cells of random numbers in µm."""
        return 6 * self.diameter


def with_expected_porosity(
    plan: OblatePores, shape: Sequence[int], voxel_size: Sequence[float]
) -> OblatePores:
    """Change the number of pores so that a volume of this shape is expected to have the porosity.

    The porosity of a plan is that of endless space. A volume that is a few clusters wide has more
    of them, or fewer, than its share; where they are is known before a pore is set, and is kept.
    What remains is the chance of single pores.

    Parameters
    ----------
    plan
        with the porosity to meet.
    shape
        voxels (z, y, x) of the volume.
    voxel_size
        (z, y, x) in µm.

    Notes
    -----
    The number of pores is multiplied by 8 at most: a volume that no cluster reaches keeps fewer.

    Examples
    --------
    >>> plan = OblatePores(0.1, 6.0, modulation=Modulation(1.5, 12.0), seed=1)
    >>> box = (0, 0, 0), (60, 60, 60), (1.0, 1.0, 1.0)
    >>> print(f"{plan.pores(*box).mean():.2f}")
    0.07
    >>> print(f"{with_expected_porosity(plan, box[1], box[2]).pores(*box).mean():.2f}")
    0.10
    """
    relative = _relative_number(plan, np.asarray(shape) * voxel_size)

    def excess(density: float) -> float:
        return float(plan._covered(density, relative).mean()) - plan.porosity

    most = _MOST * plan.density
    density = most if excess(most) < 0 else brentq(excess, 0.0, most, xtol=1e-14, rtol=1e-9)
    return replace(plan, porosity=plan._covered_on_average(density))


def _relative_number(plan: OblatePores, edges: np.ndarray) -> np.ndarray:
    """Return how many pores reach the points of a grid, over their average in endless space.

    A pore reaches a point from as far as it is large: the number of centres is averaged over a
    pore, by a Gaussian of the same second moment.
    """
    spacing = edges / _POINTS
    lines = [(np.arange(_POINTS) + 0.5) * h for h in spacing]
    modulation = plan.modulation.on_grid(lines, plan.seed, MODULATION)
    relative = np.exp(modulation - plan.modulation.amplitude**2 / 2)
    moments = [_mean_of_exponential(k * plan.spread) for k in (3, 5)]
    radius = plan.diameter / 2 * np.sqrt(moments[1] / moments[0] / 5)
    short, long = radius * plan.aspect ** (2 / 3), radius * plan.aspect ** (-1 / 3)
    reach = np.where(np.array(relative.shape) > 1, np.array([short, long, long]) / spacing, 0.0)
    return gaussian_filter(relative, reach, mode="nearest")


def _mean_of_exponential(k: float) -> float:
    """Return the mean of exp(k n), n standard normal but cut at ±CUT."""
    inner = np.exp(k**2 / 2) * (ndtr(CUT - k) - ndtr(-CUT - k))
    return float(inner + 2 * np.cosh(k * CUT) * ndtr(-CUT))


@functools.lru_cache(maxsize=4096)
def _pores_of_cell(plan: OblatePores, cell: tuple[int, ...]) -> np.ndarray:
    """Return one row for each pore of a cell: centre, long and short half-axis, short direction."""
    amplitude = plan.modulation.amplitude
    top = CUT * amplitude  # more candidates than the densest place needs, then thinned
    mean = plan.density * np.exp(top - amplitude**2 / 2) * plan._cell**3
    uniform = _random_rows(plan.seed, PORE_NUMBER, PORES, cell, mean, 7)
    centres = (np.array(cell) + uniform[:, :3]) * plan._cell
    if amplitude:
        accepted = _accepted(plan, cell, centres, top + np.log(uniform[:, 3]))
        uniform, centres = uniform[accepted], centres[accepted]
    radius = plan.diameter / 2 * np.exp(np.clip(ndtri(uniform[:, 4]), -CUT, CUT) * plan.spread)
    normal = np.column_stack([np.ones(len(uniform)), ndtri(uniform[:, 5:]) * plan.tilt])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    axes = np.outer(radius, [plan.aspect ** (-1 / 3), plan.aspect ** (2 / 3)])
    return np.column_stack([centres, axes, normal])


def _accepted(
    plan: OblatePores, cell: tuple[int, ...], centres: np.ndarray, least: np.ndarray
) -> np.ndarray:
    """Return which centres have a modulation above their least, as indices."""
    modulation, where = plan.modulation, np.arange(len(centres))
    if modulation.amplitude > _STRONG:  # nearly all candidates are refused: by a bound, first
        low = np.array(cell) * plan._cell
        bound = modulation.bound(centres, low, plan._cell, plan.seed, MODULATION)
        where = np.flatnonzero(bound > least)
    found = modulation.at(centres[where], plan.seed, MODULATION)
    return where[found > least[where]]


@functools.lru_cache(maxsize=4096)
def _specks_of_cell(plan: OblatePores, cell: tuple[int, ...]) -> np.ndarray:
    """Return the specks of a cell in the same columns."""
    mean = plan.specks * plan.density * plan._cell**3
    uniform = _random_rows(plan.seed, SPECK_NUMBER, SPECKS, cell, mean, 4)
    centres = (np.array(cell) + uniform[:, :3]) * plan._cell
    least, largest = plan.speck_diameter
    radius = (least + (largest - least) * uniform[:, 3]) / 2
    upright = np.tile([1.0, 0.0, 0.0], (len(uniform), 1))
    return np.column_stack([centres, radius, radius, upright])


def _random_rows(
    seed: int, number: int, stream: int, cell: Sequence[int], mean: float, columns: int
) -> np.ndarray:
    """Return uniform numbers, a row for each of a Poisson number of things.

    A larger mean adds rows and keeps those there are, so that a volume changes little where a
    parameter does.
    """
    candidates = int(mean + 10 * np.sqrt(mean) + 20)
    arrivals = np.cumsum(cell_generator(seed, number, cell).standard_exponential(candidates))
    count = int(np.searchsorted(arrivals, mean))
    return cell_generator(seed, stream, cell).random((count, columns))


def _paint(out: np.ndarray, lines: Sequence[np.ndarray], spheroids: np.ndarray) -> None:
    """Mark the voxel centres inside spheroids."""
    for box, spheroid in _boxes(lines, spheroids):
        centre, (long, short), normal = spheroid[:3], spheroid[3:5], spheroid[5:]
        dz, dy, dx = (x[s] - c for x, s, c in zip(lines, box, centre))
        dz, dy = dz[:, None, None], dy[:, None]
        along = normal[0] * dz + normal[1] * dy + normal[2] * dx
        along *= along
        along *= short**-2 - long**-2
        along += (dz**2 + dy**2 + dx**2) * long**-2
        out[box] |= along <= 1.0


def _boxes(
    lines: Sequence[np.ndarray], spheroids: np.ndarray
) -> Iterator[tuple[tuple[slice, ...], np.ndarray]]:
    """Yield the bounding box of each spheroid that holds a voxel centre, as slices."""
    long, short, normal = spheroids[:, 3:4], spheroids[:, 4:5], spheroids[:, 5:]
    half = np.sqrt(long**2 - normal**2 * (long**2 - short**2)) * (1 + 1e-9)
    first = [np.searchsorted(x, spheroids[:, a] - half[:, a]) for a, x in enumerate(lines)]
    last = [np.searchsorted(x, spheroids[:, a] + half[:, a], "right") for a, x in enumerate(lines)]
    ranges = np.stack([first, last], axis=-1)  # (axis, spheroid, 2)
    for i in np.flatnonzero(np.all(ranges[..., 0] < ranges[..., 1], axis=0)):
        yield tuple(slice(int(a), int(b)) for a, b in ranges[:, i]), spheroids[i]
