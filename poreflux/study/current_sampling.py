"""Sampling errors of the current at an electrode: tiles of its map are drawn again and again."""

import functools
import math

import numpy as np
import xarray as xr

from poreflux.schema import name_of, variable
from poreflux.statistics.block_bootstrap import bootstrap
from poreflux.uncertainty.errors import value_of

#: bins and tiles of a map of the current, and correlation lengths along the edge of a tile
_BINS, _TILES, _LENGTHS = 400, (3, 8), 2.0

#: statistics of a map whose sampling error its tiles tell
NUMBERS = ("current_density_cv", "current_density_p99")

#: draws of a sampling error, and their seed
_DRAWS, _SEED = 2000, 0


def with_current_sampling(results: xr.Dataset) -> xr.Dataset:
    """Return the Results of a sample with the sampling errors of its current.

    Parameters
    ----------
    results
        of one sample; those without a current are returned as they are.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((16, 16, 16), 0.1)
    >>> results = with_current_sampling(poreflux.interfacial_current(volume))
    >>> bool(0 < results.current_density_cv_sampling_error[0] < results.current_density_cv[0])
    True
    """
    errors = {}
    for name in NUMBERS:
        if name in results:
            rng = np.random.default_rng(_SEED)
            drawn = [
                again(results, name, str(direction), draws=_DRAWS, rng=rng)
                for direction in results["direction"].values
            ]
            spreads = [float(np.std(values)) for values in drawn]
            errors[f"{name}_sampling_error"] = variable(f"{name}_sampling_error", spreads)
    return results.assign(errors)


def again(
    results: xr.Dataset, name: str, direction: str, *, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Return a statistic of the map of the current, whose tiles are drawn again; NaN without one.

    Parameters
    ----------
    results
        of one sample.
    name
        of the statistic, ``"current_density_cv"`` or ``"current_density_p99"``.
    direction
        of the current.
    draws
        how many.
    rng
        random numbers.

    Notes
    -----
    Tiles are two correlation lengths of the current wide, where at least three of them fit along
    an edge; in narrower maps the error is too small.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((16, 16, 16), 0.1)
    >>> solved = poreflux.interfacial_current(volume)
    >>> rng = np.random.default_rng(0)
    >>> drawn = again(solved, "current_density_cv", "z", draws=200, rng=rng)
    >>> bool(0 < drawn.std() < solved.current_density_cv[0])
    True
    """
    maps = name_of("current_density", direction)
    if maps not in results:
        return np.full(draws, np.nan)
    image = results[maps].values
    if not np.isfinite(image).any():
        return np.full(draws, np.nan)
    length = value_of(results, "current_correlation_length", direction)
    step = _step(results[maps])
    counts, centres = _tiles(image, _LENGTHS * length / step)
    grid = np.arange(math.prod(counts.shape[:2])).reshape(counts.shape[:2])
    tables = counts.reshape(-1, counts.shape[-1])
    statistic = functools.partial(_of_tiles, tables=tables, centres=centres, name=name)
    return bootstrap(grid, statistic, draws=draws, rng=rng, together=1)


def _step(image: xr.DataArray) -> float:
    """Return the edge of a pixel in µm."""
    axis = image[image.dims[-1]].values
    return float(axis[1] - axis[0]) if axis.size > 1 else 1.0


def _tiles(image: np.ndarray, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the histogram of each tile of a map, and the values of the bins."""
    fewest, most = _TILES
    numbers = [
        int(np.clip(n / edge if edge > 0 else most, fewest, most)) if n >= fewest else 1
        for n in image.shape
    ]
    low, high = float(np.nanmin(image)), float(np.nanmax(image))
    edges = np.linspace(low, max(high, low + 1e-12), _BINS + 1)
    bands = np.array_split(image, numbers[0], axis=0)
    counts = np.array([
        [np.histogram(tile[np.isfinite(tile)], edges)[0]
         for tile in np.array_split(band, numbers[1], axis=1)]
        for band in bands
    ])  # fmt: skip
    return counts, (edges[1:] + edges[:-1]) / 2


def _of_tiles(
    drawn: np.ndarray, *, tables: np.ndarray, centres: np.ndarray, name: str
) -> np.ndarray:
    """Return a statistic of the current in tiles that are drawn, from their histograms."""
    times = np.zeros((len(drawn), len(tables)))
    np.add.at(times, (np.arange(len(drawn))[:, None], drawn), 1)
    counts = times @ tables
    number = counts.sum(axis=1)
    if name.endswith("p99"):
        place = np.argmax(counts.cumsum(axis=1) >= 0.99 * number[:, None], axis=1)
        return centres[place]
    mean = counts @ centres / number
    return np.sqrt(np.maximum(counts @ centres**2 / number - mean**2, 0)) / mean
