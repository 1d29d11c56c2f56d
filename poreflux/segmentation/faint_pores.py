"""Pores that the histogram does not show: found where neighbours agree, weighed by their grey."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.ndimage import maximum_filter, uniform_filter

from poreflux import blocks
from poreflux.annotations import AnyArray
from poreflux.segmentation.outside import marked
from poreflux.segmentation.solid_peak import SolidPeak
from poreflux.segmentation.surroundings import along_axes, middle_five

#: voxels around a dark spot that blur may have darkened, and edge of the box of its background
_GROWN, _BACKGROUND = 2, 11
_GHOSTS = 1 + _GROWN + _BACKGROUND // 2

#: share of the box that must be background; elsewhere, inside large pores, it is the solid's peak
_LEAST_BACKGROUND = 0.03

#: steps of the table of depths, from none to the darkest
_STEPS = 2048

#: the darkest share of the dark spots, and how many voxels at least, that show the pore's grey
_CORE, _CORE_VOXELS = 0.05, 12

#: correlation of the noise of neighbours from which on, and from which on wholly, it counts
_ALIKE = (0.1, 0.3)

#: share of the pores' volume that must be seen as dark spots, or their sum is not that of all
_SEEN = 0.2


@dataclass(frozen=True)
class FaintPores:
    """The porosity that dark spots weigh, and grey values of solid and pore.

    Attributes
    ----------
    solid
        grey value of the solid.
    contrast
        grey value of the solid less that of the pore.
    porosity
        deficit of grey in and around the dark spots, in parts of the contrast.
    low, high
        the porosity with the largest and the smallest contrast that the spots allow.
    seen
        volume of the dark spots relative to that of the pores.
    """

    solid: float
    contrast: float
    porosity: float
    low: float
    high: float
    seen: float

    @property
    def complete(self) -> bool:
        """Return whether enough of the pores is seen to weigh them all."""
        return self.seen >= _SEEN


def faint_pores(
    raw: AnyArray, sample: AnyArray | None, peak: SolidPeak, pore: str, **options: Any
) -> FaintPores | None:
    """Return the porosity by the grey that dark spots lack; None where there are none.

    Parameters
    ----------
    raw
        grey values as they were measured, a dask array, and `sample`: which count.
    peak
        of the solid.
    pore
        ``"dark"`` or ``"bright"``.
    options
        progress and scheduler, as for :func:`poreflux.blocks.compute`.

    Notes
    -----
    Where a voxel and its neighbours are together darker than noise makes them, there is a pore.
    Within two voxels of it the grey values lack the pore's share of the contrast, however blurred,
    against the solid around: its mean within 11 voxels, so that rings, cupping and drift do not
    count. The grey of the pore is that of the darkest spots, found by the neighbours on one side of
    a voxel, read at the voxel, and read again on its other side: by how much that is brighter says
    how far pores of few voxels are from showing it. Where the noise of neighbours is alike, as
    after a filter, spots chosen as dark are read as too dark: how much alike it is shows in the
    solid, and the other side less what noise adds to it is the least contrast.

    Examples
    --------
    >>> from poreflux.phantoms import random_spheres, Tomograph, measure_gray
    >>> from poreflux.segmentation.histogram import histograms
    >>> from poreflux.segmentation.solid_peak import solid_peak
    >>> from poreflux.segmentation.surroundings import surroundings
    >>> truth = random_spheres(48, 6, 8)
    >>> gray = measure_gray(truth, Tomograph(rings=0, cupping=0, drift=0)).gray.data
    >>> raw, near = histograms({"gray": gray, "near": surroundings(gray)}, ["gray", "near"])
    >>> found = faint_pores(gray, None, solid_peak(raw, near), "dark")
    >>> bool(found.low < 1 - float(truth.phase.mean()) < found.high)
    True
    """
    values = blocks.chunked(raw) if sample is None else marked(raw, sample)
    sign = 1.0 if pore == "dark" else -1.0
    dark = partial(_darkness, sign=sign, level=peak.level)
    darkness = blocks.map_blocks(dark, values, dtype=np.float32)
    spots = blocks.map_with_ghosts(partial(_deficit, depth=peak.depth), darkness, _GHOSTS)
    sides = [blocks.map_with_ghosts(partial(_side, first=f), darkness, 1) for f in (0, 3)]
    arrays = {"darkness": darkness, "deficit": spots, "before": sides[0], "after": sides[1]}
    measure = partial(_measure, least=peak.depth / 2, width=_width(peak))
    plan = blocks.Plan(measure, _added, _unchanged, {})
    (total,) = blocks.compute(blocks.run(arrays, plan), **options)
    return _weighed(total, peak)


def _width(peak: SolidPeak) -> float:
    """Return the steps of the table: a 20th of the noise, as deep as a contrast of 100 of it."""
    return peak.noise / 20


def _darkness(values: np.ndarray, *, sign: float, level: float) -> np.ndarray:
    return (level - sign * values.astype(np.float64)).astype(np.float32)


def _deficit(cells: np.ndarray, *, depth: float) -> np.ndarray:
    """Return the darkness around dark spots against the background, in place of all but ghosts."""
    known = ~np.isnan(cells)
    spots = np.zeros(cells.shape, bool)
    spots[1:-1, 1:-1, 1:-1] = middle_five(cells) > depth
    grown = maximum_filter(spots, 2 * _GROWN + 1)
    out = np.zeros(cells.shape, np.float32)
    if grown.any():
        counts = (known & ~grown).astype(np.float64)
        share = uniform_filter(counts, _BACKGROUND)
        mean = uniform_filter(np.where(counts > 0, cells, 0).astype(np.float64), _BACKGROUND)
        enough = share > _LEAST_BACKGROUND
        background = np.where(enough, mean / np.where(enough, share, 1), 0)
        out[:] = np.where(grown & known, cells - background, 0)
    return out


def _side(cells: np.ndarray, *, first: int) -> np.ndarray:
    """Return the mean of the three neighbours on one side in place of all cells but ghosts."""
    out = np.zeros_like(cells)
    out[1:-1, 1:-1, 1:-1] = sum(along_axes(cells)[first : first + 3]) / 3
    return out


def _measure(
    arrays: Mapping[str, np.ndarray], start: tuple[int, ...], *, least: float, width: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return sums over all voxels, and tables of number, deficit and far side by depth."""
    darkness, deficit, before, after = (
        arrays[name] for name in ("darkness", "deficit", "before", "after")
    )
    known = ~np.isnan(darkness)
    solid = known & (deficit == 0) & ~np.isnan(before) & ~np.isnan(after)
    apart = [
        float(np.sum(np.square(one - other), where=solid, dtype=np.float64))
        for one, other in ((darkness, before), (darkness, after), (before, after))
    ]
    sums = [np.count_nonzero(known), np.sum(deficit, where=known, dtype=np.float64), *apart]
    background = darkness - deficit  # within the spots and around
    table = np.zeros((4, _STEPS))
    for one, other in ((before, after), (after, before)):
        chosen = np.nonzero(known & (deficit != 0) & (one > least) & ~np.isnan(other))
        at = np.minimum((one[chosen] / width).astype(int), _STEPS - 1)
        far = other[chosen] - background[chosen]
        for row, weights in enumerate((None, deficit[chosen], far, one[chosen])):
            table[row] += np.bincount(at, weights, _STEPS)
    return np.array(sums), table


def _added(partials: Sequence[tuple]) -> tuple:
    return tuple(sum(parts[1:], parts[0]) for parts in zip(*partials))


def _unchanged(total: tuple) -> tuple:
    return total


def _weighed(total: tuple[np.ndarray, np.ndarray], peak: SolidPeak) -> FaintPores | None:
    """Return the porosity of the sums, with the contrast that the darkest of the table show."""
    (voxels, deficit, *apart), table = total
    wanted = max(_CORE_VOXELS, _CORE * peak.dark * voxels)
    number, deficits, beyond, chosen = np.cumsum(table[:, ::-1], axis=1)
    at = min(int(np.searchsorted(number, 2 * wanted)), _STEPS - 1)  # by either side
    if not number[at] or not deficit > 0:
        return None
    centre, far, side = (sums[at] / number[at] for sums in (deficits, beyond, chosen))
    if not centre > 0:
        return None
    gap = max(centre - far, 0.0)
    error = 2.5 * peak.noise / math.sqrt(1.5 * wanted)
    smallest = max(0.98 * centre - error, 0.3 * centre)
    contrast, largest = centre + 0.5 * gap, centre + 3 * gap + error
    alike = _alike((apart[0] + apart[1]) / 2, apart[2])
    trust = min(max((alike - _ALIKE[0]) / (_ALIKE[1] - _ALIKE[0]), 0.0), 1.0)
    if trust:
        least = max(_without_noise(far, side, alike), 0.3 * centre)
        contrast += trust * ((least + centre) / 2 - contrast)
        smallest += trust * (min(smallest, max(least - error, 0.3 * centre)) - smallest)
    mass = deficit / voxels
    seen = peak.dark / (mass / centre)
    # the fewer are seen, the more are not; where noise is alike, dark spots are deeper
    unseen = 1.05 + 0.1 * trust + 4 * min(max(0.4 - seen, 0.0), 0.1)
    return FaintPores(
        peak.level, contrast, mass / contrast, 0.95 * mass / largest,
        unseen * mass / smallest, seen,
    )  # fmt: skip


def _alike(beside: float, across: float) -> float:
    """Return the correlation r of the noise of neighbours; 0 to 0.04 of a detector.

    From the mean squares of voxel less mean of the three neighbours on one side, and of the means
    on both sides: so differences of the background do not count. Noise is taken to be correlated as
    r^(d²) at distance d, as a Gaussian filter makes it; of the two, the ratio is
    (2 - r) / ((1 + r) (1 + r²)).

    Examples
    --------
    >>> _alike(4 / 3, 2 / 3), round(_alike(0.8, 1.0), 3)
    (0.0, 0.5)
    """
    if not across > 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(40):
        r = (low + high) / 2
        too_large = (2 - r) / ((1 + r) * (1 + r * r)) < beside / across
        low, high = (low, r) if too_large else (r, high)
    return round((low + high) / 2, 9)


def _without_noise(far: float, side: float, alike: float) -> float:
    """Return how dark the far side is, less the noise for which the near side was chosen.

    Noise of three neighbours on one side goes with that on the other by a share that follows from
    the correlation of neighbours.
    """
    square = alike * alike
    share = (square * square + 2 * square) / (1 + 2 * square)
    return (far - share * side) / (1 - share) if share < 1 else 0.0
