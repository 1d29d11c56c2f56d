"""Generator A of pressed electrolytes: flattened pores, specks, clusters (a Boolean model)."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from poreflux.phantoms.fields import GaussianField
from poreflux.phantoms.modulation import CUT, Modulation
from poreflux.phantoms.noise import cell_generator, cells_of

#: standard deviation of a modulation above which a bound of it saves work
_STRONG = 0.8

#: points along an axis at which the clusters of a volume are looked at, and the largest factor by
#: which it may get more pores
_POINTS, _MOST = 64, 8.0

#: strengths at which clusters near a face are compensated, and by how much the logarithm of the
#: largest number of pores may be above that at 65 depths of a cell
_STRENGTHS, _BETWEEN = 65, 0.01

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
    pore; l is solved for, at each distance from the faces where a is another one there: the
    porosity is expected to be the same at every depth.

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

        return brentq(excess, 0.0, self._most, xtol=1e-14, rtol=1e-12)

    def log_number_at(self, z: np.ndarray) -> np.ndarray:
        """Return the logarithm of the number of pores in a µm³ where the modulation is 0."""
        amplitude = self.modulation.amplitude_at(z)
        return np.log(self.density) - amplitude**2 / 2 + np.interp(amplitude, *self._compensation)

    @functools.cached_property
    def _compensation(self) -> tuple[np.ndarray, np.ndarray]:
        """Standard deviations of the modulation, and the logarithm of how many more pores it takes
        to have the same porosity: where they cluster, more of them overlap."""
        far, more = self.modulation.amplitude, self.modulation.face_clusters
        if not self.modulation.varies:
            return np.array([far]), np.zeros(1)
        strengths = np.linspace(0.0, more, _STRENGTHS)
        evened = strengths * self._evened_by_a_pore
        numbers = [self._number_to_cover(a) for a in np.hypot(far, evened)]
        return np.hypot(far, strengths), np.log(np.array(numbers) / self.density)

    @property
    def _evened_by_a_pore(self) -> float:
        """Standard deviation of the field near the faces, averaged over a pore, over its own."""
        lengths = np.array(GaussianField(self.modulation.face_cluster_length).lengths)
        return float(np.prod((1 + 2 * (self._extents / lengths) ** 2) ** -0.25))

    @property
    def _extents(self) -> np.ndarray:
        """Standard deviation of the points of a pore along (z, y, x) in µm."""
        moments = [_mean_of_exponential(k * self.spread) for k in (3, 5)]
        radius = self.diameter / 2 * np.sqrt(moments[1] / moments[0] / 5)
        long = radius * self.aspect ** (-1 / 3)
        return np.array([radius * self.aspect ** (2 / 3), long, long])

    def _number_to_cover(self, amplitude: float) -> float:
        def excess(number: float) -> float:
            return self._covered_on_average(number, amplitude) - self.porosity

        return brentq(excess, 0.0, self._most, xtol=1e-14, rtol=1e-9)

    def _covered(self, number: np.ndarray, density: float) -> np.ndarray:
        """Return the local porosity where there are so many pores, and specks for a density."""
        least, largest = self.speck_diameter
        speck = np.pi / 6 * (least + largest) * (least**2 + largest**2) / 4
        return -np.expm1(-self._volume * number - density * self.specks * speck)

    def _covered_on_average(self, number: float, amplitude: float | None = None) -> float:
        """Return the porosity of so many pores far from faces, or with another amplitude."""
        density = number if amplitude is None else self.density
        amplitude = self.modulation.amplitude if amplitude is None else amplitude
        return self.modulation.mean(
            lambda m: self._covered(number * np.exp(m - amplitude**2 / 2), density), amplitude
        )

    @property
    def _most(self) -> float:
        return 1e3 / self._volume

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
    edges = np.asarray(shape) * voxel_size
    lines = [(np.arange(_POINTS) + 0.5) * h / _POINTS for h in edges]
    modulation = np.exp(plan.modulation.on_grid(lines, plan.seed, MODULATION))

    def of_density(density: float) -> OblatePores:
        return replace(plan, porosity=plan._covered_on_average(density))

    def excess(density: float) -> float:
        changed = of_density(density)
        number = np.exp(changed.log_number_at(lines[0]))[:, None, None] * modulation
        reaching = _reaching(plan, number, edges / _POINTS)
        return float(plan._covered(reaching, density).mean()) - plan.porosity

    most = _MOST * plan.density
    density = most if excess(most) < 0 else brentq(excess, 1e-9 * most, most, xtol=1e-14, rtol=1e-9)
    return of_density(density)


def _reaching(plan: OblatePores, number: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Return how many pores of a number at the points of a grid reach these points.

    A pore reaches a point from as far as it is large: the number of centres is averaged over a
    pore, by a Gaussian of the same second moment.
    """
    reach = np.where(np.array(number.shape) > 1, plan._extents / spacing, 0.0)
    return gaussian_filter(number, reach, mode="nearest")


def _mean_of_exponential(k: float) -> float:
    """Return the mean of exp(k n), n standard normal but cut at ±CUT."""
    inner = np.exp(k**2 / 2) * (ndtr(CUT - k) - ndtr(-CUT - k))
    return float(inner + 2 * np.cosh(k * CUT) * ndtr(-CUT))


@functools.lru_cache(maxsize=4096)
def _pores_of_cell(plan: OblatePores, cell: tuple[int, ...]) -> np.ndarray:
    """Return one row for each pore of a cell: centre, long and short half-axis, short direction."""
    top = _log_of_most(plan, cell)  # candidates as in the densest place, then thinned
    uniform = _random_rows(plan.seed, PORE_NUMBER, PORES, cell, np.exp(top) * plan._cell**3, 7)
    centres = (np.array(cell) + uniform[:, :3]) * plan._cell
    if plan.modulation.amplitude or plan.modulation.varies:
        least = top + np.log(uniform[:, 3]) - plan.log_number_at(centres[:, 0])
        accepted = _accepted(plan, cell, centres, least)
        uniform, centres = uniform[accepted], centres[accepted]
    radius = plan.diameter / 2 * np.exp(np.clip(ndtri(uniform[:, 4]), -CUT, CUT) * plan.spread)
    normal = np.column_stack([np.ones(len(uniform)), ndtri(uniform[:, 5:]) * plan.tilt])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    axes = np.outer(radius, [plan.aspect ** (-1 / 3), plan.aspect ** (2 / 3)])
    return np.column_stack([centres, axes, normal])


def _log_of_most(plan: OblatePores, cell: tuple[int, ...]) -> float:
    """Return the logarithm of the largest number of pores in a µm³ of a cell that can be."""
    z = (cell[0] + np.linspace(0.0, 1.0, 65 if plan.modulation.varies else 1)) * plan._cell
    most = plan.log_number_at(z) + CUT * plan.modulation.amplitude_at(z)
    return float(most.max()) + (_BETWEEN if plan.modulation.varies else 0.0)


def _accepted(
    plan: OblatePores, cell: tuple[int, ...], centres: np.ndarray, least: np.ndarray
) -> np.ndarray:
    """Return which centres have a modulation above their least, as indices."""
    modulation, where = plan.modulation, np.arange(len(centres))
    strongest = modulation.amplitude_at(centres[:, 0]).max(initial=0.0)
    if strongest > _STRONG:  # nearly all candidates are refused: by a bound, first
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
