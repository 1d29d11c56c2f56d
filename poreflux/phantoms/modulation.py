"""Slow random variation of the local porosity: clusters in space, layers along z."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from poreflux.phantoms.fields import GaussianField

#: where the tails of a modulation are cut, in its standard deviations
CUT = 3.0

#: distance of the points from which a field is bounded, in its correlation lengths; and the
#: steepest slope, in standard deviations of a slope: three normal numbers exceed 7 in 1e-10
_BOUND_SPACING, _STEEPEST = 0.12, 7.0


@dataclass(frozen=True)
class Modulation:
    """The sum of a Gaussian field in space and one of z alone, cut at three standard deviations.

    Parameters
    ----------
    clusters, cluster_length
        standard deviation of the field in space and its correlation length in µm, one or three for
        (z, y, x): clusters may be flat.
    layers, layer_length
        those of the field of z.

    Examples
    --------
    >>> Modulation(clusters=0.3, layers=0.4).amplitude
    0.5
    """

    clusters: float = 0.0
    cluster_length: float | tuple[float, float, float] = 25.0
    layers: float = 0.0
    layer_length: float = 40.0

    @property
    def amplitude(self) -> float:
        """Standard deviation of the sum."""
        return float(np.hypot(self.clusters, self.layers))

    def on_grid(self, positions: Sequence[np.ndarray], seed: int, stream: int) -> np.ndarray:
        """Return the modulation on a grid, float32, of length 1 along axes where it is constant."""
        total: np.ndarray = np.zeros((1, 1, 1), np.float32)
        for amplitude, field, axes in self._fields(seed, stream):
            lines = [x if axis in axes else x[:1] for axis, x in enumerate(positions)]
            total = total + np.float32(amplitude) * field.on_grid(lines)
        top = np.float32(CUT * self.amplitude)
        return np.clip(total, -top, top)

    def at(self, points: np.ndarray, seed: int, stream: int) -> np.ndarray:
        """Return the modulation at scattered points, rows (z, y, x) in µm."""
        total = np.zeros(len(points))
        for amplitude, field, _ in self._fields(seed, stream):
            total += amplitude * field.at(points)
        return np.clip(total, -CUT * self.amplitude, CUT * self.amplitude)

    def bound(
        self, points: np.ndarray, low: np.ndarray, edge: float, seed: int, stream: int
    ) -> np.ndarray:
        """Return numbers that the modulation does not exceed at scattered points of a cube.

        It costs a small part of :meth:`at`, where there are many points.
        """
        total = np.zeros(len(points))
        for amplitude, field, axes in self._fields(seed, stream):
            index, lines, away = [], [], 0.0
            for axis, length in enumerate(field.lengths):
                count = int(np.ceil(edge / (_BOUND_SPACING * length))) if axis in axes else 0
                lines.append(low[axis] + edge * np.arange(count + 1) / max(count, 1))
                index.append(np.rint((points[:, axis] - low[axis]) * (count / edge)).astype(int))
                away = np.hypot(away, edge / (2 * count * length) if count else 0.0)
            total += amplitude * (field.on_grid(lines)[tuple(index)] + _STEEPEST * away)
        return np.minimum(total, CUT * self.amplitude)

    def mean(self, function: Callable[[np.ndarray], np.ndarray]) -> float:
        """Return the mean over space of a function of the modulation."""
        if self.amplitude == 0:
            return float(function(np.zeros(1))[0])
        t = np.linspace(-8, 8, 1601)
        weights = np.exp(-(t**2) / 2)
        values = function(np.clip(t, -CUT, CUT) * self.amplitude)
        return float((weights * values).sum() / weights.sum())

    def _fields(
        self, seed: int, stream: int
    ) -> Iterator[tuple[float, GaussianField, tuple[int, ...]]]:
        if self.clusters:
            yield self.clusters, GaussianField(self.cluster_length, seed, stream), (0, 1, 2)
        if self.layers:
            lengths = (self.layer_length, np.inf, np.inf)
            yield self.layers, GaussianField(lengths, seed, stream + 1), (0,)
