"""Generator B of pressed electrolytes: level sets of smooth random fields on several scales."""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from poreflux.phantoms.fields import GaussianField
from poreflux.phantoms.modulation import Modulation

MODULATION, FIELDS = 0, 2  # streams of random numbers


@dataclass(frozen=True)
class LevelSetPores:
    """Plan of pores where any of several smooth random fields exceeds its level.

    Parameters
    ----------
    porosity
        expected volume fraction of pores.
    lengths
        correlation length of each field in µm: small pores, large pores.
    shares
        weights of the fields; the i-th alone would leave ``(1 - porosity)**share`` of electrolyte.
    aspect
        correlation length along z over that in the plane, at equal product of the three.
    modulation
        added to each field: blocks and layers of more or fewer pores.
    seed
        of all random numbers.
    shift
        added to all levels, see :func:`with_exact_porosity`.

    Notes
    -----
    A voxel is a pore where ``g_i(x) + M(x) > t_i`` for any i. The levels are such that, averaged
    over M, the porosity is as given: ``porosity = <1 - prod_i Phi(t_i - M)>``.

    Examples
    --------
    >>> plan = LevelSetPores(porosity=0.1, lengths=(2.0, 6.0), shares=(0.3, 0.7))
    >>> plan.pores((0, 0, 0), (20, 20, 20), (1.0, 1.0, 1.0)).shape
    (20, 20, 20)
    """

    porosity: float
    lengths: tuple[float, ...]
    shares: tuple[float, ...] = ()
    aspect: float = 1.0
    modulation: Modulation = field(default=Modulation())
    seed: int = 0
    shift: float = 0.0

    def pores(
        self, start: Sequence[int], stop: Sequence[int], voxel_size: Sequence[float]
    ) -> np.ndarray:
        """Return where the voxel centres of a box lie in a pore."""
        return self.height(start, stop, voxel_size) > np.float32(self.shift)

    def height(
        self, start: Sequence[int], stop: Sequence[int], voxel_size: Sequence[float]
    ) -> np.ndarray:
        """Return the largest of ``g_i + M - t_i`` at the voxel centres of a box, float32."""
        lines = [(np.arange(a, b) + 0.5) * h for a, b, h in zip(start, stop, voxel_size)]
        highest = np.full([len(x) for x in lines], -np.inf, np.float32)
        for i, (length, level) in enumerate(zip(self.lengths, self.levels)):
            flat, wide = length * self.aspect ** (2 / 3), length * self.aspect ** (-1 / 3)
            g = GaussianField((flat, wide, wide), self.seed, FIELDS + i).on_grid(lines)
            g -= np.float32(level)
            np.maximum(highest, g, out=highest)
        highest += self.modulation.on_grid(lines, self.seed, MODULATION)
        return highest

    @functools.cached_property
    def levels(self) -> tuple[float, ...]:
        """The level t_i of each field."""
        weights = np.asarray(self.shares or (1.0,) * len(self.lengths), float)
        if not 0 < self.porosity < 1 or len(weights) != len(self.lengths) or not all(weights > 0):
            raise ValueError(
                f"porosity={self.porosity}, shares={self.shares}; the porosity must lie between 0 "
                f"and 1, with one positive share for each of the {len(self.lengths)} lengths"
            )
        if self.modulation.varies:
            raise ValueError(
                f"face_clusters={self.modulation.face_clusters}; level sets have the same clusters "
                "at every depth, so leave out `faces`, or make OblatePores"
            )
        fractions = -np.expm1(np.log1p(-self.porosity) * weights / weights.sum())
        # each field with its modulation has the variance 1 + amplitude², hence this first guess
        guess = -ndtri(fractions) * math.hypot(1, self.modulation.amplitude)

        def excess(common: float) -> float:
            def covered(m: np.ndarray) -> np.ndarray:
                return 1 - np.prod(ndtr(guess[:, None] + common - m), axis=0)

            return self.modulation.mean(covered) - self.porosity

        common = brentq(excess, -10, 10, xtol=1e-12)
        return tuple(float(t) for t in guess + common)


def with_exact_porosity(
    plan: LevelSetPores, shape: Sequence[int], voxel_size: Sequence[float], *, chunk: int = 128
) -> LevelSetPores:
    """Shift all levels of a plan so that a volume of this shape has its porosity exactly.

    The porosity of a plan is that of infinite space; a finite volume has more or less. The shift is
    an order statistic of the heights of all voxels, exact up to ties in float32 (about one voxel in
    10⁷). It is found in passes over chunks that keep only the heights near the level, so
    any size is possible, but the volume is generated once or twice more.

    Parameters
    ----------
    plan
        with the porosity to meet.
    shape
        voxels (z, y, x) of the volume.
    voxel_size
        (z, y, x) in µm.
    chunk
        edge in voxels of what is in memory at once.

    Examples
    --------
    >>> plan = with_exact_porosity(LevelSetPores(0.1, (3.0,)), (20, 20, 20), (1, 1, 1))
    >>> int(plan.pores((0, 0, 0), (20, 20, 20), (1, 1, 1)).sum())
    800
    """
    wanted = round(plan.porosity * math.prod(shape))
    if not 0 < wanted < math.prod(shape):
        raise ValueError(f"a porosity of {plan.porosity} is no whole voxel of {tuple(shape)}")
    half = 0.1 * math.hypot(1, plan.modulation.amplitude)
    low, high = -half, half
    while True:
        above, candidates = 0, []
        for start, stop in _chunks(shape, chunk):
            heights = plan.height(start, stop, voxel_size)
            above += int(np.count_nonzero(heights > high))
            candidates.append(heights[(heights > low) & (heights <= high)])
        band = np.concatenate(candidates)
        rank = wanted - above  # so many of the band must be pores
        if 0 < rank < len(band):
            ordered = np.partition(band, len(band) - rank - 1)
            return replace(plan, shift=float(ordered[len(band) - rank - 1]))
        low, high = (low, high + 4 * half) if rank <= 0 else (low - 4 * half, high)


def _chunks(shape: Sequence[int], chunk: int) -> Iterator[tuple[list[int], list[int]]]:
    for corner in np.ndindex(*(-(-n // chunk) for n in shape)):
        start = [i * chunk for i in corner]
        yield start, [min(a + chunk, n) for a, n in zip(start, shape)]
