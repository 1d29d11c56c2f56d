"""Fourier modes of a field on a grid: their power, and its averages over shells and directions.

Plain arrays in and out; lengths in µm, wavenumbers in rad/µm, spectral densities in µm³.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np
from scipy import fft

from poreflux.annotations import Taper

TAPERS = get_args(Taper)

#: power relative to the strongest wave's below which it is rounding: of a lattice, all other waves
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Power:
    """Spectral density of a field at half of its modes; the others are their mirror images."""

    values: np.ndarray
    shape: tuple[int, ...]
    size: tuple[float, float, float]

    @cached_property
    def lines(self) -> tuple[np.ndarray, ...]:
        """Wavenumbers along each axis, shaped to broadcast."""
        frequencies = (fft.fftfreq, fft.fftfreq, fft.rfftfreq)
        lines = (f(n, h) for f, n, h in zip(frequencies, self.shape, self.size))
        return np.ix_(*(2 * math.pi * line for line in lines))

    @cached_property
    def weights(self) -> np.ndarray:
        """How many modes each one along the last axis stands for: 2, but 1 on the mirror planes."""
        number = np.full(self.values.shape[2], 2)
        number[0] = 1
        if self.shape[2] % 2 == 0:
            number[-1] = 1
        return number

    def planes(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, float]]:
        """Yield for each plane: power, |k|, number of modes, and its kz."""
        kz, ky, kx = self.lines
        across = (ky**2 + kx**2)[0]
        number = np.broadcast_to(self.weights, across.shape)
        for i, k in enumerate(kz.ravel()):
            yield self.values[i], np.sqrt(k**2 + across), number, float(k)


def power(
    field: np.ndarray, weight: np.ndarray, size: tuple[float, float, float], taper: str
) -> Power:
    """Return the spectral density of a field that has been freed of its mean.

    Parameters
    ----------
    field
        integral of the phase over each cell, in cells.
    weight
        share of each cell that is valid.
    size
        edges (z, y, x) of a cell in µm.
    taper
        ``"hann"`` for a field that does not repeat, ``"none"`` for a periodic one.

    Notes
    -----
    χ(k) = v |Σ W (I - p) exp(-i k x)|² / Σ W², with p the mean under the taper W, v the volume of a
    cell. Without a taper, mask or coarsening (1 / V) Σ χ(k) = p (1 - p). What is left by
    rounding of waves that a lattice does not have is set to zero.

    Examples
    --------
    >>> field = (np.random.default_rng(0).random((6, 5, 4)) > 0.7).astype(float)
    >>> spectrum, p = power(field, np.ones_like(field), (1.0, 1.0, 1.0), "none"), field.mean()
    >>> bool(np.isclose((spectrum.values * spectrum.weights).sum() / field.size, p * (1 - p)))
    True
    """
    window = taper_of(field.shape, taper)
    norm = (weight * window**2).sum(dtype=float)
    mean = (field * window).sum(dtype=float) / (weight * window).sum(dtype=float)
    modes = fft.rfftn((field - np.asarray(mean, field.dtype) * weight) * window)
    values = modes.real**2
    values += modes.imag**2
    values *= math.prod(size) / norm
    values[values < _ROUNDING * values.max(initial=0.0)] = 0.0
    return Power(values, field.shape, size)


def taper_of(shape: tuple[int, ...], taper: str) -> np.ndarray:
    """Return the weights of a taper; they do not vanish at the outermost cells.

    Examples
    --------
    >>> taper_of((1, 1, 3), "hann").ravel()
    array([0.25, 1.  , 0.25], dtype=float32)
    """
    if taper not in TAPERS:
        raise ValueError(f"taper={taper!r} is not known; choose one of {TAPERS}")
    if taper == "none":
        return np.ones((1, 1, 1), np.float32)
    z, y, x = (np.sin(np.pi * (np.arange(n) + 0.5) / n).astype(np.float32) ** 2 for n in shape)
    return z[:, None, None] * y[:, None] * x


def alike(taper: str, *, dims: int = 3) -> float:
    """Return how many neighbouring waves a taper blurs into one, as far as variances go.

    Of waves in a plane, `dims` is 2.

    Notes
    -----
    Of a taper w it is N Σ w⁴ / (Σ w²)² along each axis, 35 / 18 for Hann's.
    """
    return (35 / 18) ** dims if taper == "hann" else 1.0


def shell_width(shape: Sequence[float], size: Sequence[float]) -> float:
    """Return the width of a shell, 2π over the cube root of the volume, in rad/µm.

    Examples
    --------
    >>> shell_width((10, 10, 10), (np.pi / 5,) * 3).round(4)
    np.float64(1.0)
    """
    return 2 * math.pi / math.prod(np.multiply(shape, size)) ** (1 / 3)


def shells(spectrum: Power, step: float, last: int, *, factor: int = 1) -> dict[str, np.ndarray]:
    """Return averages over shells 1 to `last` of the given width around multiples of it.

    Parameters
    ----------
    spectrum
        power of the modes.
    step
        width of a shell in rad/µm.
    last
        number of shells.
    factor
        voxels along a cell, whose averaging is undone.

    Returns
    -------
    ``mean``, ``modes`` (how many), ``squares`` (the sum of the squares of power) and ``largest``
    over (shell,); over (direction, shell) ``in_plane`` of modes across the direction,
    ``in_plane_modes`` how many, ``in_plane_squares``, and ``along`` of those within 30 degrees of
    it; means are NaN where there is none.
    """
    sums, across, along = (np.zeros((3, *leading, last + 1)) for leading in ((), (3,), (3,)))
    largest = np.zeros(last + 1)
    ky, kx = spectrum.lines[1][0], spectrum.lines[2][0]
    for values, k, number, kz in spectrum.planes():
        shell = np.rint(k / step).astype(np.intp)
        in_range = (shell >= 1) & (shell <= last)
        undone = values * _undone(spectrum, factor, (kz, ky, kx))
        sums += _binned(shell, undone, number, in_range, last)
        np.maximum.at(largest, shell[in_range], undone[in_range])
        for axis, component in enumerate((kz, ky, kx)):
            across_axis = in_range & (np.abs(component) < 1e-9 * step)
            across[:, axis] += _binned(shell, undone, number, across_axis, last)
            cone = in_range & (np.abs(component) > math.cos(math.pi / 6) * k)
            along[:, axis] += _binned(shell, undone, number, cone, last)
    return {
        "mean": _mean(sums),
        "modes": sums[1, 1:],
        "squares": sums[2, 1:],
        "largest": largest[1:],
        "in_plane": _mean(across),
        "in_plane_modes": across[1, :, 1:],
        "in_plane_squares": across[2, :, 1:],
        "along": _mean(along),
    }


def at_origin(mean: np.ndarray, modes: np.ndarray, first: int) -> float:
    """Return the limit of the mean power for k to 0, by a line in k² through three shells.

    Parameters
    ----------
    mean, modes
        of each shell, from the first on.
    first
        the first shell to use: 1 without a taper, 2 with it, since it distorts the first.

    Notes
    -----
    Where the line does not rise, or ends below zero, the limit is the mean of the three.

    Examples
    --------
    >>> at_origin(4 + 0.5 * np.arange(1, 9) ** 2.0, np.ones(8), 1)
    4.0
    """
    weights = origin_weights(mean, modes, first)
    return math.nan if weights is None else float(np.round(weights @ np.nan_to_num(mean), 12))


def origin_weights(mean: np.ndarray, modes: np.ndarray, first: int) -> np.ndarray | None:
    """Return the weights of shells with which :func:`at_origin` is their sum; None if too few."""
    m = np.arange(1, len(mean) + 1)
    use = (m >= first) & (m < first + 3) & (modes > 0)
    if use.sum() < 2:
        return None
    weights = np.zeros((2, len(mean)))
    columns = np.stack((np.ones(use.sum()), m[use] ** 2.0), axis=1) * np.sqrt(modes[use, None])
    weights[:, use] = np.linalg.pinv(columns) * np.sqrt(modes[use])
    origin, slope = weights @ np.where(use, mean, 0.0)
    if origin > 0 and slope > 0:
        return weights[0]
    return np.where(use, modes, 0.0) / modes[use].sum()


def _undone(spectrum: Power, factor: int, wave: Iterable[np.ndarray | float]) -> np.ndarray | float:
    """Return by what averaging over cells has lowered the power of waves of less than two cells."""
    total: np.ndarray | float = 1.0
    for k, cell in zip(wave, spectrum.size if factor > 1 else ()):
        half = np.abs(k) * cell / 2
        half = np.where((half > 0) & (half < math.pi / 2), half, 1e-9)
        total = total * (factor * np.sin(half / factor) / np.sin(half)) ** 2
    return total


def _binned(
    shell: np.ndarray, values: np.ndarray, number: np.ndarray, selected: np.ndarray, last: int
) -> np.ndarray:
    """Return sums of values, numbers of modes, and sums of squares of values in each shell."""
    index, weight = shell[selected], np.broadcast_to(number, shell.shape)[selected]
    weighted = values[selected] * weight
    total, squares = (
        np.bincount(index, w, last + 1) for w in (weighted, weighted * values[selected])
    )
    return np.stack((total, np.bincount(index, weight, last + 1), squares))


def _mean(sums: np.ndarray) -> np.ndarray:
    total, number = sums[:2, ..., 1:]
    return np.divide(total, number, np.full(total.shape, np.nan), where=number > 0)
