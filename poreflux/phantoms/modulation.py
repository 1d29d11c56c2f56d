"""Slow random variation of the local porosity: clusters, layers along z, clusters near faces."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from poreflux.phantoms.fields import GaussianField

#: where the tails of a modulation are cut, in its standard deviations
CUT = 3.0

#: distance of the points from which a field is bounded, in its correlation lengths; and the
#: steepest slope, in standard deviations of a slope: three normal numbers exceed 7 in 1e-10
_BOUND_SPACING, _STEEPEST = 0.12, 7.0


class _Part(NamedTuple):
    """A field, its standard deviation at given z, and the axes along which it varies."""

    amplitude: Callable[[np.ndarray], np.ndarray]
    field: GaussianField
    axes: tuple[int, ...]


@dataclass(frozen=True)
class Modulation:
    """The sum of Gaussian fields, cut at three standard deviations.

    One in space, one of z alone, and one near the faces of a pellet, where pressed powder may
    delaminate.

    Parameters
    ----------
    clusters, cluster_length
        standard deviation of the field in space and its correlation length in µm, one or three for
        (z, y, x): clusters may be flat.
    layers, layer_length
        those of the field of z.
    face_clusters, face_cluster_length
        those of the field near the faces; its standard deviation is the one at a face.
    face_depth
        distance in µm from a face over which that standard deviation falls to 1/e, as a Gaussian.
    faces
        where the faces are along z, in µm.

    Examples
    --------
    >>> Modulation(clusters=0.3, layers=0.4).amplitude
    0.5

    Near a face it is stronger:

    >>> pellet = Modulation(clusters=0.3, face_clusters=2.0, face_depth=30.0, faces=(0.0, 460.0))
    >>> [round(float(a), 2) for a in pellet.amplitude_at(np.array([0.0, 30.0, 230.0]))]
    [2.02, 0.79, 0.3]
    """

    clusters: float = 0.0
    cluster_length: float | tuple[float, float, float] = 25.0
    layers: float = 0.0
    layer_length: float = 40.0
    face_clusters: float = 0.0
    face_cluster_length: float | tuple[float, float, float] = 25.0
    face_depth: float = 30.0
    faces: tuple[float, ...] = ()

    @property
    def amplitude(self) -> float:
        """Standard deviation of the sum, far from faces."""
        return float(np.hypot(self.clusters, self.layers))

    @property
    def varies(self) -> bool:
        """Whether the standard deviation is another one near a face."""
        return bool(self.face_clusters and self.faces)

    def amplitude_at(self, z: np.ndarray) -> np.ndarray:
        """Return the standard deviation of the sum at these z in µm."""
        return np.hypot(self.amplitude, self._face_clusters_at(z))

    def _face_clusters_at(self, z: np.ndarray) -> np.ndarray:
        if not self.varies:
            return np.zeros(np.shape(z))
        away = np.abs(np.subtract.outer(z, self.faces)).min(axis=-1)
        return self.face_clusters * np.exp(-((away / self.face_depth) ** 2))

    def on_grid(self, positions: Sequence[np.ndarray], seed: int, stream: int) -> np.ndarray:
        """Return the modulation on a grid, float32, of length 1 along axes where it is constant."""
        total: np.ndarray = np.zeros((1, 1, 1), np.float32)
        z = np.asarray(positions[0], float)
        for amplitude, field, axes in self._fields(seed, stream):
            lines = [x if axis in axes else x[:1] for axis, x in enumerate(positions)]
            total = total + _column(amplitude(z)) * field.on_grid(lines)
        top = _column(CUT * self.amplitude_at(z if self.varies else z[:1]))
        return np.clip(total, -top, top)

    def at(self, points: np.ndarray, seed: int, stream: int) -> np.ndarray:
        """Return the modulation at scattered points, rows (z, y, x) in µm."""
        total = np.zeros(len(points))
        for amplitude, field, _ in self._fields(seed, stream):
            total += amplitude(points[:, 0]) * field.at(points)
        top = CUT * self.amplitude_at(points[:, 0])
        return np.clip(total, -top, top)

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
            at_points = field.on_grid(lines)[tuple(index)] + _STEEPEST * away
            total += amplitude(points[:, 0]) * at_points
        return np.minimum(total, CUT * self.amplitude_at(points[:, 0]))

    def mean(
        self, function: Callable[[np.ndarray], np.ndarray], amplitude: float | None = None
    ) -> float:
        """Return the mean over space of a function of the modulation, far from faces.

        Or where the modulation has another standard deviation, `amplitude`.
        """
        amplitude = self.amplitude if amplitude is None else amplitude
        if amplitude == 0:
            return float(function(np.zeros(1))[0])
        t = np.linspace(-8, 8, 1601)
        weights = np.exp(-(t**2) / 2)
        values = function(np.clip(t, -CUT, CUT) * amplitude)
        return float((weights * values).sum() / weights.sum())

    def _fields(self, seed: int, stream: int) -> Iterator[_Part]:
        if self.clusters:
            clusters = GaussianField(self.cluster_length, seed, stream)
            yield _Part(lambda z: np.full(len(z), self.clusters), clusters, (0, 1, 2))
        if self.layers:
            layers = GaussianField((self.layer_length, np.inf, np.inf), seed, stream + 1)
            yield _Part(lambda z: np.full(len(z), self.layers), layers, (0,))
        if self.varies:
            near_faces = GaussianField(self.face_cluster_length, seed, stream + 2)
            yield _Part(self._face_clusters_at, near_faces, (0, 1, 2))


def _column(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)[:, None, None]
