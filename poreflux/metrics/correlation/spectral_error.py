"""By how much the spectral density of one sample differs from that of the material."""

import math
from collections.abc import Mapping

import numpy as np

from poreflux.metrics.correlation.modes import alike, power, shell_width, shells
from poreflux.metrics.density.coarse import Cells
from poreflux.statistics.mean_error import mean_error

#: windows along an edge, and cells that each must have along it
_WINDOWS, _LEAST = (3, 2), 10

#: shells over which the scatter between windows is averaged
_SMOOTH = 5


def _dependent(taper: str) -> float:
    """Return how many waves of a shell have the information of one that is independent.

    A wave and its mirror image are one. The neighbours that a taper makes alike count along the
    shell; those across it are of other shells.
    """
    return 2 * alike(taper, dims=2)


def spectral_error(
    grid: Cells, spectrum: Mapping[str, np.ndarray], wavenumber: np.ndarray, taper: str
) -> np.ndarray:
    """Return the standard error of the mean power of each shell.

    Parameters
    ----------
    grid
        of the sample.
    spectrum
        of :func:`poreflux.metrics.correlation.modes.shells`.
    wavenumber
        of each shell.
    taper
        of the spectrum.

    Notes
    -----
    Two parts add as squares. The power of one wave of a random field scatters by its own mean: a
    shell of n waves by 1 / √n, more where few of them, as those of layers, hold most of the power.
    And the power of all short waves is that of the pores that are in the sample, however many waves
    there are: this part is what the scatter between windows exceeds the first part by.
    """
    waves = np.maximum(spectrum["modes"], 1)
    even = fraction_of(spectrum["squares"], 2 * waves * np.nan_to_num(spectrum["mean"]) ** 2)
    own = np.minimum(_dependent(taper) / waves * np.maximum(even, 1), 1)
    return spectrum["mean"] * np.sqrt(own + _common(grid, wavenumber))


def window_factor(levels: Mapping[tuple[int, ...], float]) -> float:
    """Return the variance of the mean over windows, over that of independent ones.

    Parameters
    ----------
    levels
        power of each window, by its first voxel; 0 where it does not count.

    Examples
    --------
    >>> window_factor({(i, 0, 0): 1.0 + (i > 3) for i in range(8)}) > 1
    True
    """
    lines = [sorted(set(line)) for line in zip(*levels)]
    grid = np.zeros([len(line) for line in lines])
    for start, level in levels.items():
        grid[tuple(line.index(at) for line, at in zip(lines, start))] = level
    used = (grid > 0).astype(float)
    return _together(grid[grid > 0], used) if used.sum() > 1 else 1.0


def fraction_of(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0)


def _common(grid: Cells, wavenumber: np.ndarray) -> np.ndarray:
    """Return the relative variance that all waves of the sample have in common."""
    parts = next((m for m in _WINDOWS if min(grid.phase.shape) // m >= _LEAST), None)
    if parts is None:
        return np.zeros(len(wavenumber))
    cut = [n // parts for n in grid.phase.shape]
    step = shell_width(cut, grid.size)
    last = max(1, int(math.pi / max(grid.size) / step))
    rows, modes, used = [], np.zeros(last), np.zeros((parts,) * 3)
    for place in np.ndindex(parts, parts, parts):
        box = tuple(slice(i * n, (i + 1) * n) for i, n in zip(place, cut))
        if grid.valid[box].mean() < 0.5:
            continue
        found = shells(power(grid.phase[box], grid.valid[box], grid.size, "hann"), step, last)
        rows.append(np.nan_to_num(found["mean"]))
        modes, used[place] = found["modes"], 1
    number = len(rows)
    if number < 4:
        return np.zeros(len(wavenumber))
    relative = fraction_of(np.array(rows), np.mean(rows, axis=0) + np.zeros((number, 1)))
    excess = relative.var(axis=0, ddof=1) - _dependent("hann") / np.maximum(modes, 1)
    width = min(_SMOOTH, last)
    kernel = np.ones(width)
    smooth = np.convolve(excess, kernel, "same") / np.convolve(np.ones(last), kernel, "same")
    together = _together(relative.mean(axis=1), used)
    common = np.maximum(smooth, 0) / number * together
    return np.interp(wavenumber, step * np.arange(1, last + 1), common)


def _together(level: np.ndarray, used: np.ndarray) -> float:
    """Return the variance of the mean of windows, over that of independent ones."""
    values = np.zeros(used.shape)
    values[used > 0] = level
    edges = [np.arange(n + 1.0) for n in used.shape]
    error = mean_error(values, used, edges).standard_error
    independent = level.std(ddof=1) / math.sqrt(len(level))
    return float(max(1.0, (error / independent) ** 2)) if independent > 0 else 1.0
