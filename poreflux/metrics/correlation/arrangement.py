"""Arrangement: whether pores lie at random, evenly, in clusters, in columns, or on a lattice."""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import NetworkMethod, Taper
from poreflux.metrics.correlation.modes import (
    TAPERS,
    alike,
    origin_weights,
    power,
    shell_width,
    shells,
)
from poreflux.metrics.correlation.point_pattern import bragg_peak, clark_evans, moran
from poreflux.metrics.density.block_porosity import block_porosity
from poreflux.metrics.density.coarse import GRID, Cells, MeasureCells, cells, coarsening
from poreflux.metrics.density.counting import dataset, fraction, inputs
from poreflux.metrics.pores.basins import Pores
from poreflux.metrics.pores.clusters import Clusters, by_first_voxel, cluster_plan
from poreflux.metrics.pores.pore_method import chosen_method
from poreflux.metrics.pores.pore_size import RESOLVED
from poreflux.metrics.pores.size_errors import weighted_mean_error
from poreflux.metrics.pores.watershed import splitting
from poreflux.schema import DIMS, attributes
from poreflux.schema.microstructure import NETWORK_SHARE
from poreflux.volume import label_of, require, voxel_size

METHODS = get_args(NetworkMethod)

#: shells at long wavelengths that count for columns and layers
_LONG = 4

#: cells along an axis from which on it is cut in two, for the scatter of parts; how few parts tell
_LEAST_CELLS, _LEAST_PARTS = 16, 4

#: Σ P² / (Σ P)² of a shell times its waves, above which few of them are peaks of a lattice; 2 where
#: all have power by chance, up to 3.2 in disordered media
_PEAKS = 3.5


def arrangement(
    volume: xr.Dataset,
    *,
    taper: Taper = "hann",
    grid: int = GRID,
    smallest: int = RESOLVED,
    method: NetworkMethod = "auto",
    neighbours: int = 26,
    phase: str = "pore",
) -> xr.Dataset:
    """Measure how pores are arranged, by numbers that do not depend on how many there are.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` do not count.
    taper, grid
        as of :func:`poreflux.metrics.correlation.spectral_density.spectral_density`.
    smallest
        voxels of the smallest pore that counts as a point.
    method
        what a pore is: ``"components"``, ``"watershed"``: pores split at their throats, or
        ``"auto"``, which of them is decided at once, as by :func:`poreflux.pore_size`.
    neighbours
        which voxels make one pore, 6 or 26; of components.
    phase
        name of the phase that makes the pores.

    Returns
    -------
    lazy Dataset with, from the spectral density, `spectral_density_zero` (µm³, the limit at long
    wavelengths), the number of modes in it, `spectral_density_zero_modes`, `integral_range` (µm³),
    `clustering_ratio`, `hyperuniformity_index`, `dominant_wavelength` (µm) and, over (direction,),
    `column_ratio`; from the centres of pores, `point_count`, `clark_evans_ratio`, `bragg_height`,
    `bragg_wavelength` (µm) and `bragg_significance`; and `block_moran` of 4 x 4 x 4 blocks. Most
    have an error beside, one standard deviation, such as `clustering_ratio_sampling_error`.

    Notes
    -----
    What tells arrangements of equal pores and porosity apart: clustering ratio and hyperuniformity
    index put them in the order lattice, jittered lattice, random, clusters. The ratio of
    :func:`poreflux.structure_factor` does not, which is largest for a lattice.

    Integral range χ(0) / (p (1 - p)): variance of the porosity of large volumes times their volume,
    over that of a voxel. Clustering ratio χ(0) / (p (1 - p) v), v the mean pore volume weighted by
    volume: 0 for order, about 0.3 for spheres that may not overlap, 2 and more for clusters; NaN of
    components where one holds more than a fifth of the pore volume, a network without pores of its
    own: split it.
    Hyperuniformity index χ(0) / χ(k), k where k² χ(k) is largest, the scale of single pores.
    Dominant wavelength 2π / k, k where k χ(k) is largest: of a lattice its spacing. Column ratio:
    power at long wavelengths across the direction, relative to that of all others; 1 where nothing
    is aligned, large for columns along it, NaN where there are no long waves, as in a lattice.
    Clark-Evans ratio of distances to the nearest pore: 1 random, above ordered. Bragg significance
    above 2 or 3: periodic. Moran's I: positive where neighbouring blocks agree.

    The error of what follows from long waves is the larger of two: the standard deviation of the
    eight parts of half the edge, each with as many long waves as the whole and so with its
    scatter; and that of the power of the waves themselves, of which a mean has the relative
    variance Σ P² / (Σ P)². To that of the clustering ratio the scatter of the volumes of pores is
    added. In volumes more than eight integral lengths wide the errors held 57 to 88 % of the
    numbers of 40 realisations of three media. In narrower ones the integral range, the clustering
    ratio and the hyperuniformity index are themselves too small, of spheres a quarter as wide as
    the volume by four times, which their errors do not say (:func:`poreflux.block_porosity` does:
    its relative width is below 8). Where a lattice has three to six spacings across, its period
    is in the longest waves, and these numbers come out as up to 0.7 (clustering ratio) and 1.5
    instead of 0: where few of these waves have most of the power, the error is not below the
    number. The Clark-Evans ratio has the standard deviation of the eight
    parts over sqrt(8).

    References
    ----------
    .. [1] C. E. Zachary, S. Torquato, J. Stat. Mech. P12015 (2009).
    .. [2] P. J. Clark, F. C. Evans, Ecology 35, 445 (1954).

    Examples
    --------
    >>> from poreflux.phantoms import arranged_spheres
    >>> results = arrangement(arranged_spheres(64, "lattice", per_edge=4), taper="none")
    >>> bool(results["bragg_significance"] > 3), round(float(results["bragg_wavelength"]))
    (True, 16)
    """
    if taper not in TAPERS:
        raise ValueError(f"taper={taper!r} is not known; choose one of {TAPERS}")
    if method not in METHODS:
        raise ValueError(f"method={method!r} is not known; choose one of {METHODS}")
    shape, size = require(volume, "phase").shape, voxel_size(volume)
    note: dict = {"phase": phase}
    if method == "auto":
        method, note["reason"] = chosen_method(volume, neighbours, phase)
    note["method"] = method
    factor = coarsening(shape, grid)
    measure = MeasureCells(label_of(volume, phase), factor, shape)
    finish = FinishWaves(shape, size, factor, taper)
    waves = blocks.reduce(inputs(volume), blocks.Plan(measure, blocks.add_patches, finish, _WAVES))
    as_points = FinishPoints(shape, size, smallest, method == "components")
    if method == "watershed":
        split = splitting(volume, phase)
        points = blocks.reduce(
            {"packed": split.packed()}, split.plan(FinishSplitPoints(as_points), _POINTS)
        )
    else:
        plan = cluster_plan(volume, phase, neighbours, as_points, _POINTS)
        points = blocks.reduce(inputs(volume), plan)
    lazy = {**waves, **points}
    typical, spread = lazy.pop("typical_volume"), lazy.pop("typical_volume_error")
    lazy["clustering_ratio"] = lazy["integral_range"] / typical
    from_volumes = lazy["integral_range"] * spread / typical
    error = np.hypot(lazy["integral_range_sampling_error"], from_volumes) / typical
    lazy["clustering_ratio_sampling_error"] = error
    variables = {name: (("direction",)[: array.ndim], array) for name, array in lazy.items()}
    results = dataset(volume, variables, coords={"direction": list(DIMS)}, note=note)
    return results.assign(block_moran=_block_moran(volume, phase))


#: numbers that have an error
_UNCERTAIN = ("spectral_density_zero", "integral_range", "hyperuniformity_index", "column_ratio")

_WAVES = {
    "spectral_density_zero": ((), float),
    "spectral_density_zero_modes": ((), int),
    "integral_range": ((), float),
    "hyperuniformity_index": ((), float),
    "dominant_wavelength": ((), float),
    "column_ratio": ((3,), float),
}
_WAVES |= {f"{name}_sampling_error": _WAVES[name] for name in _UNCERTAIN}

_POINTS = {
    "point_count": ((), int),
    "clark_evans_ratio": ((), float),
    "clark_evans_ratio_sampling_error": ((), float),
    "bragg_height": ((), float),
    "bragg_wavelength": ((), float),
    "bragg_significance": ((), float),
    "typical_volume": ((), float),
    "typical_volume_error": ((), float),
}


@dataclass(frozen=True)
class FinishWaves:
    """Compute the numbers that follow from the spectral density of the whole volume."""

    shape: tuple[int, ...]
    size: tuple[float, float, float]
    factor: int
    taper: str

    def __call__(self, total: Mapping[str, blocks.Patch]) -> dict:
        grid = cells(total, self.factor, self.shape, self.size)
        edges = np.multiply(self.shape, self.size)
        numbers, errors = self._numbers(grid, edges)
        parts = [self._numbers(part, part.edges)[0] for part in _parts(grid)]
        for name in _UNCERTAIN:
            error = errors[name]
            if len(parts) >= _LEAST_PARTS:
                scatter = np.std([part[name] for part in parts], axis=0, ddof=1)
                error = np.fmax(error, scatter)
            numbers[f"{name}_sampling_error"] = error
        return numbers

    def _numbers(self, grid: Cells, edges: np.ndarray) -> tuple[dict, dict]:
        """Return the numbers of a grid, and their errors by the power of its waves."""
        step = shell_width(edges.tolist(), (1.0, 1.0, 1.0))
        last = max(_LONG, int(math.pi / max(grid.size) / (1 if self.factor == 1 else 2) / step))
        modes = power(grid.phase, grid.valid, grid.size, self.taper)
        spectrum = shells(modes, step, last, factor=self.factor)
        mean, number = spectrum["mean"], spectrum["modes"]
        first = 2 if self.taper == "hann" else 1
        zero, zero_error = _at_origin(spectrum, first, alike(self.taper))
        m = np.arange(1, last + 1)
        spectral_density = np.where(np.isfinite(mean) & (m >= first), mean, 0.0)
        peak, pores = int(np.argmax(m * spectral_density)), int(np.argmax(m**2 * spectral_density))
        p = grid.fraction
        columns, columns_error = _column_ratio(spectrum, self.taper)
        single = spectral_density[pores]
        squares = alike(self.taper) * spectrum["squares"][pores]
        single_error = fraction(np.sqrt(squares), number[pores])
        numbers = {
            "spectral_density_zero": zero,
            "spectral_density_zero_modes": int(number[first - 1 : first + 2].sum()),
            "integral_range": fraction(np.asarray(zero), np.asarray(p * (1 - p))),
            "hyperuniformity_index": fraction(np.asarray(zero), single),
            "dominant_wavelength": 2 * math.pi / (step * m[peak])
            if spectral_density.any()
            else math.nan,
            "column_ratio": columns,
        }
        errors = {
            "spectral_density_zero": zero_error,
            "integral_range": fraction(np.asarray(zero_error), np.asarray(p * (1 - p))),
            "hyperuniformity_index": fraction(
                np.hypot(zero_error, fraction(np.asarray(zero), single) * single_error), single
            ),
            "column_ratio": columns_error,
        }
        return numbers, errors


def _parts(grid: Cells) -> Iterator[Cells]:
    """Yield the parts of a grid, half as long along each axis that has cells enough."""
    halves = []
    for n in grid.phase.shape:
        middle = n // 2
        long = n >= _LEAST_CELLS
        halves.append((slice(0, middle), slice(n - middle, n)) if long else (slice(0, n),))
    for box in itertools.product(*halves):
        phase, valid = grid.phase[box], grid.valid[box]
        # a part that a mask leaves little of is no part
        if valid.sum(dtype=float) > valid.size / 2 and 0 < phase.sum() < valid.sum():
            yield Cells(phase, valid, grid.size)


@dataclass(frozen=True)
class FinishPoints:
    """Compute the numbers that follow from the centres of pores."""

    shape: tuple[int, ...]
    size: tuple[float, float, float]
    smallest: int
    refuse_network: bool = False

    def __call__(self, clusters: Clusters) -> dict[str, float]:
        clusters = by_first_voxel(clusters)
        large = clusters.voxels >= self.smallest
        centres = (clusters.sums[large] / clusters.voxels[large, None] + 0.5) * self.size
        edges = np.multiply(self.shape, self.size)
        height, wavelength, significance = bragg_peak(centres, edges)
        typical, error = self._typical(clusters.voxels.astype(float))
        return {
            "point_count": len(centres),
            "clark_evans_ratio": clark_evans(centres, edges),
            "clark_evans_ratio_sampling_error": _clark_evans_error(centres, edges),
            "bragg_height": height,
            "bragg_wavelength": wavelength,
            "bragg_significance": significance,
            "typical_volume": typical * math.prod(self.size),
            "typical_volume_error": error * math.prod(self.size),
        }

    def _typical(self, v: np.ndarray) -> tuple[float, float]:
        """Return the mean volume of pores in voxels, weighted by volume, and its error."""
        total = v.sum()
        if not total or (self.refuse_network and v.max() > NETWORK_SHARE * total):
            return math.nan, math.nan
        mean = v @ v / total
        return float(mean), weighted_mean_error(v, v)


@dataclass(frozen=True)
class FinishSplitPoints:
    """Compute the numbers that follow from the centres of split pores."""

    points: FinishPoints

    def __call__(self, pores: Pores) -> dict[str, float]:
        return self.points(pores.clusters)


def _clark_evans_error(points: np.ndarray, edges: np.ndarray) -> float:
    """Return the standard error of the Clark-Evans ratio, from that of the eight parts."""
    upper = points >= edges / 2
    ratios = np.array([
        clark_evans(points[np.all(upper == half, axis=1)] - np.multiply(half, edges / 2), edges / 2)
        for half in itertools.product((False, True), repeat=3)
    ])  # fmt: skip
    ratios = ratios[np.isfinite(ratios)]
    if len(ratios) < _LEAST_PARTS:
        return math.nan
    return float(ratios.std(ddof=1) / math.sqrt(len(ratios)))


def _at_origin(spectrum: Mapping[str, np.ndarray], first: int, like: float) -> tuple[float, float]:
    """Return the limit of the power for k to 0, and its standard deviation."""
    mean, modes = np.nan_to_num(spectrum["mean"]), spectrum["modes"]
    weights = origin_weights(spectrum["mean"], modes, first)
    if weights is None:
        return math.nan, math.nan
    # the power of a wave has an exponential distribution, and that of its mirror image is the same
    squares = np.nan_to_num(fraction(spectrum["squares"], modes**2))
    zero, error = float(np.round(weights @ mean, 12)), float(np.sqrt(weights**2 @ squares * like))
    shares = fraction(squares * modes, mean**2)[first - 1 : first + 2]
    # the period of a lattice, in the waves that tell of none longer
    return zero, max(error, zero) if (shares > _PEAKS).any() else error


def _column_ratio(spectrum: Mapping[str, np.ndarray], taper: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the power at long wavelengths across each direction, relative to all other.

    And its standard deviation by the power of these waves.
    """
    number, number_across = spectrum["modes"][:_LONG], spectrum["in_plane_modes"][:, :_LONG]
    across = (np.nan_to_num(spectrum["in_plane"][:, :_LONG]) * number_across).sum(axis=1)
    elsewhere = (np.nan_to_num(spectrum["mean"][:_LONG]) * number).sum() - across
    squares = spectrum["in_plane_squares"][:, :_LONG].sum(axis=1)
    other_squares = spectrum["squares"][:_LONG].sum() - squares
    count = number_across.sum(axis=1)
    ratio = fraction(fraction(across, count), fraction(elsewhere, number.sum() - count))
    variance = alike(taper, dims=2) * fraction(squares, across**2)
    variance += alike(taper) * fraction(other_squares, elsewhere**2)
    return ratio, ratio * np.sqrt(np.nan_to_num(variance))


def _block_moran(volume: xr.Dataset, phase: str) -> xr.DataArray:
    """Return Moran's I of the porosity of 4 x 4 x 4 blocks, lazily."""
    block_counts = tuple(min(4, n) for n in volume["phase"].shape)
    porosities = block_porosity(volume, blocks=block_counts, phase=phase)["block_porosity"]
    dims = [list(porosities.dims)]
    correlation = xr.apply_ufunc(
        moran, porosities, input_core_dims=dims, dask="parallelized", output_dtypes=[float]
    )
    return correlation.assign_attrs({**attributes("block_moran"), "phase": phase})
