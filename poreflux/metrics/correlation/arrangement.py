"""Arrangement: whether pores lie at random, evenly, in clusters, in columns, or on a lattice."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import Taper
from poreflux.metrics.correlation.modes import TAPERS, at_origin, power, shell_width, shells
from poreflux.metrics.correlation.point_pattern import bragg_peak, clark_evans, moran
from poreflux.metrics.density.block_porosity import block_porosity
from poreflux.metrics.density.coarse import GRID, MeasureCells, cells, coarsening
from poreflux.metrics.density.counting import dataset, fraction, inputs
from poreflux.metrics.pores.clusters import Clusters, by_first_voxel, cluster_plan
from poreflux.metrics.pores.pore_size import RESOLVED
from poreflux.schema import DIMS, attributes
from poreflux.volume import label_of, require, voxel_size

#: shells at long wavelengths that count for columns and layers
_LONG = 4


def arrangement(
    volume: xr.Dataset,
    *,
    taper: Taper = "hann",
    grid: int = GRID,
    smallest: int = RESOLVED,
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
    neighbours
        which voxels make one pore, 6 or 26.
    phase
        name of the phase that makes the pores.

    Returns
    -------
    lazy Dataset with, from the spectral density, `spectral_density_zero` (µm³, the limit at long
    wavelengths), the number of modes in it, `spectral_density_zero_modes`, `integral_range` (µm³),
    `clustering_ratio`, `hyperuniformity_index`, `dominant_wavelength` (µm) and, over (direction,),
    `column_ratio`; from the centres of pores, `point_count`, `clark_evans_ratio`, `bragg_height`,
    `bragg_wavelength` (µm) and `bragg_significance`; and `block_moran` of 4 x 4 x 4 blocks.

    Notes
    -----
    Integral range χ(0) / (p (1 - p)): variance of the porosity of large volumes times their volume,
    over that of a voxel. Clustering ratio χ(0) / (p (1 - p) v), v the mean pore volume weighted by
    volume: 0 for order, about 0.3 for spheres that may not overlap, 2 and more for clusters.
    Hyperuniformity index χ(0) / χ(k), k where k² χ(k) is largest, the scale of single pores.
    Dominant wavelength 2π / k, k where k χ(k) is largest: of a lattice its spacing. Column ratio:
    power at long wavelengths across the direction, relative to that of all others; 1 where nothing
    is aligned, large for columns along it. Clark-Evans ratio of distances to the nearest pore: 1
    random, above ordered. Bragg significance above 2 or 3: periodic. Moran's I: positive where
    neighbouring blocks agree.

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
    shape, size = require(volume, "phase").shape, voxel_size(volume)
    factor = coarsening(shape, grid)
    finish = FinishWaves(shape, size, factor, taper)
    measure = MeasureCells(label_of(volume, phase), factor, shape)
    waves = blocks.Plan(measure, blocks.add_patches, finish, _WAVES)
    points = cluster_plan(volume, phase, neighbours, FinishPoints(shape, size, smallest), _POINTS)
    lazy = {**blocks.reduce(inputs(volume), waves), **blocks.reduce(inputs(volume), points)}
    typical = lazy.pop("typical_volume")
    lazy["clustering_ratio"] = lazy["integral_range"] / typical
    variables = {name: (("direction",)[: array.ndim], array) for name, array in lazy.items()}
    results = dataset(volume, variables, coords={"direction": list(DIMS)}, note={"phase": phase})
    return results.assign(block_moran=_block_moran(volume, phase))


_WAVES = {
    "spectral_density_zero": ((), float),
    "spectral_density_zero_modes": ((), int),
    "integral_range": ((), float),
    "hyperuniformity_index": ((), float),
    "dominant_wavelength": ((), float),
    "column_ratio": ((3,), float),
}
_POINTS = {
    "point_count": ((), int),
    "clark_evans_ratio": ((), float),
    "bragg_height": ((), float),
    "bragg_wavelength": ((), float),
    "bragg_significance": ((), float),
    "typical_volume": ((), float),
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
        step = shell_width(self.shape, self.size)
        last = max(_LONG, int(math.pi / max(grid.size) / (1 if self.factor == 1 else 2) / step))
        modes = power(grid.phase, grid.valid, grid.size, self.taper)
        spectrum = shells(modes, step, last, factor=self.factor)
        mean, number = spectrum["mean"], spectrum["modes"]
        first = 2 if self.taper == "hann" else 1
        zero = at_origin(mean, number, first)
        m = np.arange(1, last + 1)
        spectral_density = np.where(np.isfinite(mean) & (m >= first), mean, 0.0)
        peak, pores = int(np.argmax(m * spectral_density)), int(np.argmax(m**2 * spectral_density))
        p = grid.fraction
        return {
            "spectral_density_zero": zero,
            "spectral_density_zero_modes": int(number[first - 1 : first + 2].sum()),
            "integral_range": fraction(np.asarray(zero), np.asarray(p * (1 - p))),
            "hyperuniformity_index": fraction(np.asarray(zero), spectral_density[pores]),
            "dominant_wavelength": 2 * math.pi / (step * m[peak])
            if spectral_density.any()
            else math.nan,
            "column_ratio": _column_ratio(spectrum),
        }


@dataclass(frozen=True)
class FinishPoints:
    """Compute the numbers that follow from the centres of pores."""

    shape: tuple[int, ...]
    size: tuple[float, float, float]
    smallest: int

    def __call__(self, clusters: Clusters) -> dict[str, float]:
        clusters = by_first_voxel(clusters)
        large = clusters.voxels >= self.smallest
        centres = (clusters.sums[large] / clusters.voxels[large, None] + 0.5) * self.size
        edges = np.multiply(self.shape, self.size)
        height, wavelength, significance = bragg_peak(centres, edges)
        v = clusters.voxels.astype(float)
        return {
            "point_count": len(centres),
            "clark_evans_ratio": clark_evans(centres, edges),
            "bragg_height": height,
            "bragg_wavelength": wavelength,
            "bragg_significance": significance,
            "typical_volume": float(fraction(v @ v, v.sum())) * math.prod(self.size),
        }


def _column_ratio(spectrum: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the power at long wavelengths across each direction, relative to all other."""
    across_modes = spectrum["in_plane_modes"][:, :_LONG]
    across = (np.nan_to_num(spectrum["in_plane"][:, :_LONG]) * across_modes).sum(axis=1)
    mode_count, mean = spectrum["modes"][:_LONG], np.nan_to_num(spectrum["mean"][:_LONG])
    elsewhere = (mean * mode_count).sum() - across
    across_count = across_modes.sum(axis=1)
    return fraction(
        fraction(across, across_count), fraction(elsewhere, mode_count.sum() - across_count)
    )


def _block_moran(volume: xr.Dataset, phase: str) -> xr.DataArray:
    """Return Moran's I of the porosity of 4 x 4 x 4 blocks, lazily."""
    block_counts = tuple(min(4, n) for n in volume["phase"].shape)
    porosities = block_porosity(volume, blocks=block_counts, phase=phase)["block_porosity"]
    dims = [list(porosities.dims)]
    correlation = xr.apply_ufunc(
        moran, porosities, input_core_dims=dims, dask="parallelized", output_dtypes=[float]
    )
    return correlation.assign_attrs({**attributes("block_moran"), "phase": phase})
