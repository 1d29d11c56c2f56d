"""Smooth Gaussian random fields, evaluated in any window of endless space."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from poreflux.phantoms.noise import white_noise

#: distance of noise sites over the correlation length, and sites that act on a point
SPACING = 0.75
TAPS = 8


@dataclass(frozen=True)
class GaussianField:
    """A field of mean 0, variance 1 and covariance ``exp(-r**2 / (2 length**2))``.

    Parameters
    ----------
    length
        correlation length in µm, one or three for (z, y, x); infinite where the field is constant
        along an axis.
    seed, stream
        of the random numbers, see :func:`poreflux.phantoms.noise.cell_generator`.

    Notes
    -----
    White noise w_j sits on a fixed lattice x_j of spacing 0.75 length; the field is the sparse
    convolution ``g(x) = sum_j k(x - x_j) w_j / sqrt(sum_j k(x - x_j)**2)`` with
    ``k(r) = exp(-r**2 / length**2)`` over the 8 nearest sites of each axis. The variance is
    exactly 1 everywhere. The covariance is the product over axes of
    ``exp(-r**2 / (2 length**2))``, each to 1e-3: 3e-4 from the spacing (the lattice sum of k
    squared ripples by ``2 exp(-pi**2 / (2 * 0.75**2))``) and 1e-4 from leaving out far sites.

    The order of the sums does not depend on the window, so neither do the bits of the result.

    Examples
    --------
    >>> field = GaussianField(length=10.0, seed=1)
    >>> line = np.arange(50.0)
    >>> field.on_grid((line, line[:1], line[:1])).shape
    (50, 1, 1)
    """

    length: float | tuple[float, float, float]
    seed: int = 0
    stream: int = 0

    def on_grid(self, positions: Sequence[np.ndarray]) -> np.ndarray:
        """Return float32 values on the grid of three increasing lines of positions in µm."""
        first, weights = zip(*(_taps(x, l) for x, l in zip(positions, self.lengths)))
        start = [f[0] for f in first]
        stop = [f[-1] + w.shape[1] for f, w in zip(first, weights)]
        values = white_noise(self.seed, self.stream, start, stop)
        for axis in range(3):
            values = _contract(values, first[axis] - start[axis], weights[axis], axis)
        return values

    def at(self, points: np.ndarray) -> np.ndarray:
        """Return values at scattered points, rows (z, y, x) in µm."""
        points = np.asarray(points, float).reshape(-1, 3)
        if not len(points):
            return np.zeros(0)
        first, weights = zip(*(_taps(x, l) for x, l in zip(points.T, self.lengths)))
        start = [f.min() for f in first]
        stop = [f.max() + w.shape[1] for f, w in zip(first, weights)]
        noise = white_noise(self.seed, self.stream, start, stop)
        z, y, x = (
            (f - s)[:, None] + np.arange(w.shape[1]) for f, s, w in zip(first, start, weights)
        )
        site_values = noise[z[:, :, None, None], y[:, None, :, None], x[:, None, None, :]]
        return np.einsum("nzyx,nz,ny,nx->n", site_values, *weights, optimize=True)

    @property
    def lengths(self) -> tuple[float, float, float]:
        """Correlation length along (z, y, x)."""
        lengths = self.length if isinstance(self.length, tuple) else (self.length,) * 3
        if len(lengths) != 3 or not all(l > 0 for l in lengths):
            raise ValueError(f"length={self.length} is not one positive length in µm or three")
        return lengths


def _taps(x: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the first acting site of each position and the weights of all of them, squares summing
    to 1."""
    x = np.asarray(x, float)
    if np.isinf(length):
        return np.zeros(len(x), int), np.ones((len(x), 1), np.float32)
    spacing = SPACING * length
    first = np.floor(x / spacing).astype(int) - (TAPS // 2 - 1)
    distance = x[:, None] - (first[:, None] + np.arange(TAPS)) * spacing
    weights = np.exp(-((distance / length) ** 2))
    weights /= np.sqrt((weights**2).sum(axis=1, keepdims=True))
    return first, weights.astype(np.float32)


def _contract(values: np.ndarray, first: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    """Replace the sites along an axis by the weighted sums at each position."""
    column = (-1,) + (1,) * (2 - axis)
    out = np.take(values, first, axis) * weights[:, 0].reshape(column)
    for t in range(1, weights.shape[1]):
        term = np.take(values, first + t, axis)
        term *= weights[:, t].reshape(column)
        out += term
    return out
