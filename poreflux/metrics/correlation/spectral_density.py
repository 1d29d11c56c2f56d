"""Spectral density: how strongly the phase varies on each length scale."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import AnyArray, Taper
from poreflux.metrics.correlation.modes import TAPERS, power, shell_width, shells
from poreflux.metrics.correlation.spectral_error import spectral_error, window_factor
from poreflux.metrics.density.coarse import GRID, MeasureCells, cells, coarsening
from poreflux.metrics.density.counting import dataset, fraction, inputs, select
from poreflux.schema import DIMS
from poreflux.volume import label_of, require, voxel_size

#: edge of a window in voxels, where the volume is too large for one FFT
WINDOW = 128


def spectral_density(
    volume: xr.Dataset, *, taper: Taper = "hann", grid: int = GRID, phase: str = "pore"
) -> xr.Dataset:
    """Measure the spectral density of a phase, averaged over directions and along each.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` do not count.
    taper
        ``"hann"`` for a volume that does not repeat, ``"none"`` for a periodic one.
    grid
        most cells along an edge of the grid that is transformed as a whole. A larger volume is
        averaged over cells for the long waves, and cut into windows of about 128 voxels for the
        short ones; 512 takes 2 GB.
    phase
        name of the phase.

    Returns
    -------
    lazy Dataset over (wavenumber,) in rad/µm: `spectral_density` in µm³, its standard error
    `spectral_density_error` (by the number of modes and the spread of sub-volumes) and
    `spectral_density_modes`; over (direction, wavenumber) `spectral_density_in_plane`, of waves
    across the direction, which is the power spectrum of the structure factor map along it, and
    `spectral_density_along`, of waves within 30 degrees of it. NaN where there is no mode.

    Notes
    -----
    ``χ(k) = |∫ (I - p) exp(-i k x) dx|² / V``. Σ χ / V over all waves is p (1 - p) (Parseval), its
    limit for long waves the variance of the volume fraction in large volumes times their volume.

    References
    ----------
    .. [1] S. Torquato, Random Heterogeneous Materials, Springer (2002).
    .. [2] P. D. Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967), for windows.

    Examples
    --------
    >>> from poreflux.phantoms import layers
    >>> waves = spectral_density(layers((32, 32, 32), thickness=4), taper="none")
    >>> k = waves["spectral_density"].idxmax("wavenumber")
    >>> round(float(2 * np.pi / k))
    8
    """
    if taper not in TAPERS:
        raise ValueError(f"taper={taper!r} is not known; choose one of {TAPERS}")
    shape, size = require(volume, "phase").shape, voxel_size(volume)
    factor, label = coarsening(shape, grid), label_of(volume, phase)
    finish = FinishWhole(shape, size, factor, taper)
    measure = MeasureCells(label, factor, shape)
    plan = blocks.Plan(measure, blocks.add_patches, finish, _outputs(finish.last))
    note = {"phase": phase, "taper": taper}
    lazy = blocks.reduce(inputs(volume), plan)
    coarse = _labelled(volume, lazy, finish.step * np.arange(1, finish.last + 1), note)
    if factor == 1:
        return coarse
    windows = Windows(shape, size, finish.step * (finish.last + 0.5))
    plan = blocks.Plan(MeasureWindow(label, windows), _add, windows.finish, _outputs(windows.count))
    arrays = {name: windows.cut(array) for name, array in inputs(volume).items()}
    fine = _labelled(volume, blocks.reduce(arrays, plan), windows.wavenumber, note)
    return xr.concat([coarse, fine], "wavenumber", data_vars="minimal", combine_attrs="override")


@dataclass(frozen=True)
class FinishWhole:
    """Transform the volume, averaged over cells where it is large."""

    shape: tuple[int, ...]
    size: tuple[float, float, float]
    factor: int
    taper: str

    @property
    def step(self) -> float:
        """Width of a shell in rad/µm."""
        return shell_width(self.shape, self.size)

    @property
    def last(self) -> int:
        """Number of shells: to the shortest wave, or to waves of four cells."""
        shortest = max(self.size) * self.factor * (1 if self.factor == 1 else 2)
        return max(1, int(math.pi / shortest / self.step))

    def __call__(self, total: Mapping[str, Any]) -> dict[str, np.ndarray]:
        grid = cells(total, self.factor, self.shape, self.size)
        modes = power(grid.phase, grid.valid, grid.size, self.taper)
        spectrum = shells(modes, self.step, self.last, factor=self.factor)
        wavenumber = self.step * np.arange(1, self.last + 1)
        error = spectral_error(grid, spectrum, wavenumber, self.taper)
        return _named(spectrum, error, spectrum["modes"])


@dataclass(frozen=True)
class Windows:
    """Windows of a large volume, for its short waves: those beyond a wavenumber."""

    shape: tuple[int, ...]
    size: tuple[float, float, float]
    beyond: float

    @property
    def edges(self) -> tuple[tuple[int, ...], ...]:
        """Edges of the windows along each axis in voxels."""
        return tuple(
            tuple(np.diff(blocks.edges(n, max(1, round(n / WINDOW)))).tolist()) for n in self.shape
        )

    @property
    def step(self) -> float:
        """Width of a shell in rad/µm."""
        return shell_width([float(np.mean(lengths)) for lengths in self.edges], self.size)

    @property
    def last(self) -> int:
        """Shells to the shortest wave."""
        return int(math.pi / max(self.size) / self.step)

    @property
    def count(self) -> int:
        """Number of shells beyond those of the whole volume."""
        return max(0, self.last - int(np.ceil(self.beyond / self.step + 0.5)) + 1)

    @property
    def wavenumber(self) -> np.ndarray:
        """Middle of each shell beyond those of the whole volume."""
        return self.step * np.arange(self.last - self.count + 1, self.last + 1)

    def cut(self, array: AnyArray) -> AnyArray:
        """Return the array in windows."""
        return blocks.chunked(array).rechunk(self.edges)

    def finish(self, total: dict[str, Any]) -> dict[str, np.ndarray]:
        """Average over the windows; their scatter is the error."""
        n = total["windows"]
        factor = window_factor(total["levels"])
        mean = {key: fraction(total[key], n) for key in ("mean", "square")}
        deviation = np.sqrt(np.maximum(mean["square"] - mean["mean"] ** 2, 0))
        error = fraction(deviation, np.sqrt(np.maximum(n - 1, 0))) * math.sqrt(factor)
        for key in ("in_plane", "along"):
            mean[key] = fraction(total[key], total[f"{key} windows"])
        return _named(mean, error, total["modes"], self.count)


@dataclass(frozen=True)
class MeasureWindow:
    """Transform one window."""

    label: int
    windows: Windows

    def __call__(self, arrays: Mapping[str, np.ndarray], start: tuple[int, ...]) -> dict[str, Any]:
        chosen, mask = select(arrays, self.label)
        valid = np.ones(chosen.shape, np.float32) if mask is None else mask.astype(np.float32)
        last = self.windows.last
        zero = np.zeros(last)
        if valid.mean() < 0.5:
            sums: dict = {"mean": zero, "square": zero, "modes": zero}
            spectrum = {"in_plane": np.full((3, last), np.nan), "along": np.full((3, last), np.nan)}
        else:
            modes = power(chosen.astype(np.float32), valid, self.windows.size, "hann")
            spectrum = shells(modes, self.windows.step, last)
            mean = np.nan_to_num(spectrum["mean"])
            sums = {"mean": mean, "square": mean**2, "modes": spectrum["modes"]}
        for key in ("in_plane", "along"):
            sums[key] = np.nan_to_num(spectrum[key])
            sums[f"{key} windows"] = np.isfinite(spectrum[key]).astype(float)
        level = float(sums["mean"] @ sums["modes"])
        return {**sums, "windows": (sums["modes"] > 0).astype(float), "levels": {start: level}}


def _add(windows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    levels = {start: level for window in windows for start, level in window["levels"].items()}
    numbers = windows[0].keys() - {"levels"}
    return {**{key: sum(window[key] for window in windows) for key in numbers}, "levels": levels}


def _named(
    spectrum: Mapping[str, np.ndarray],
    error: np.ndarray,
    modes: np.ndarray,
    count: int | None = None,
) -> dict[str, np.ndarray]:
    """Return the results by their names; of the last `count` shells."""
    results = {
        "spectral_density": spectrum["mean"],
        "spectral_density_error": error,
        "spectral_density_modes": modes,
        "spectral_density_in_plane": spectrum["in_plane"],
        "spectral_density_along": spectrum["along"],
    }
    first = 0 if count is None else len(modes) - count
    return {name: array[..., first:] for name, array in results.items()}


def _outputs(count: int) -> dict:
    outputs: dict = {name: ((count,), float) for name in ("", "_error", "_modes")}
    outputs |= {name: ((3, count), float) for name in ("_in_plane", "_along")}
    return {f"spectral_density{name}": value for name, value in outputs.items()}


def _labelled(volume: xr.Dataset, lazy: dict, wavenumber: np.ndarray, note: dict) -> xr.Dataset:
    dims = ("direction", "wavenumber")
    variables = {name: (dims[-array.ndim :], array) for name, array in lazy.items()}
    attrs = {"units": "um^-1", "long_name": "wavenumber"}
    coords = {"direction": list(DIMS), "wavenumber": ("wavenumber", wavenumber, attrs)}
    return dataset(volume, variables, coords=coords, note=note)
