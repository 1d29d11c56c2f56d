"""A phase seen from outside: an image by casting parallel rays into the volume, in NumPy alone.

Each ray begins where it enters the volume, and stops where the phase's fraction first exceeds one
half. Light comes from the normals of the field, depth from the distance,
and shade from how far a pixel lies behind its surroundings.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

#: degrees; direction of the viewer about z and above the (y, x) plane
AZIMUTH, ELEVATION = 32.0, 24.0

#: steps of a ray at once
_STRIDE = 8


@dataclass(frozen=True)
class View:
    """Image of a phase from outside: one value a pixel, NaN where a ray meets no phase.

    `light` is 0 to 1; `height` is the z of the surface in µm; `corners` are the box's eight corners
    (z, y, x bits) in pixels (column, row) with their depth.
    """

    light: np.ndarray
    height: np.ndarray
    corners: dict[tuple[int, int, int], tuple[float, float, float]]


def cast(
    fraction: np.ndarray,
    voxel_size: Sequence[float] = (1.0, 1.0, 1.0),
    *,
    pixels: int = 560,
    azimuth: float = AZIMUTH,
    elevation: float = ELEVATION,
) -> View:
    """Cast rays into a volume and stop them where a phase begins.

    Parameters
    ----------
    fraction
        of the phase in each voxel, axes (z, y, x), 0 to 1.
    voxel_size
        edges of a voxel (z, y, x) in µm.
    pixels
        width of the picture.
    azimuth, elevation
        degrees, of the viewer about the z axis and above the (y, x) plane.

    Returns
    -------
    View of the surface on which the fraction is one half, and of the box's faces where they cut it.

    Notes
    -----
    A point r is seen at column r·right, row r·down, depth r·forward; z points down in the picture,
    as slices are numbered. The light is 0.45 + 0.55 max(0, n·l), n the normal and l the direction
    of the lamp, less where a pixel lies behind the blurred depth around it (Luft et al.).

    References
    ----------
    T. Luft, C. Colditz, O. Deussen, ACM Trans. Graph. 25 (2006) 1206.

    Examples
    --------
    >>> ball = np.indices((16, 16, 16)) - 7.5
    >>> view = cast((np.sum(ball**2, axis=0) < 36).astype(np.float32), pixels=64)
    >>> bool(np.isnan(view.light).any()), bool(np.nanmax(view.light) <= 1)
    (True, True)
    """
    size = np.asarray(voxel_size, dtype=float)
    extent = size * fraction.shape
    axes = _frame(azimuth, elevation)
    corners = _corners(extent, axes)
    projected = np.array(list(corners.values()))
    low, high = projected.min(0), projected.max(0)
    step = (high[0] - low[0]) / pixels
    steps = np.array([max(step, 0.7 * size.min()), step, step])  # along the ray, down, right
    shape = tuple(int(n) + 1 for n in np.ceil((high - low)[::-1] / steps))
    depth = _first_hit(fraction, size, axes, low, steps, shape)
    points = _points(depth, axes, low, step)
    light = _light(fraction, size, points, depth, step, axes)
    pixel_corners = {
        bits: ((c - low[0]) / step, (r - low[1]) / step, d) for bits, (c, r, d) in corners.items()
    }
    return View(light, points[0], pixel_corners)


def _frame(azimuth: float, elevation: float) -> np.ndarray:
    """Return the unit vectors right, down, forward as rows, components (z, y, x), z downwards."""
    a, e = np.deg2rad([azimuth, elevation])
    right = np.array([0.0, np.sin(a), np.cos(a)])
    forward = np.array([np.sin(e), np.cos(e) * np.cos(a), -np.cos(e) * np.sin(a)])
    down = np.cross(right, forward)
    down *= np.sign(down[0])
    return np.stack([right, down, forward])


def _corners(extent: np.ndarray, axes: np.ndarray) -> dict:
    bits = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    return {b: tuple(axes @ (np.array(b) * extent)) for b in bits}


def _first_hit(
    fraction: np.ndarray,
    size: np.ndarray,
    axes: np.ndarray,
    low: np.ndarray,
    steps: np.ndarray,
    shape: tuple[int, ...],
) -> np.ndarray:
    """Return the depth in µm at which each ray meets the phase, NaN where none."""
    padded = np.pad(fraction.astype(np.float32, copy=False), 1)
    matrix = (axes.T / size[:, None])[:, ::-1] * steps  # (depth, row, column) -> voxel index
    origin = axes.T @ low / size + 0.5  # voxel centres at i + 0.5, one padded voxel
    start = origin[:, None] + matrix[:, 1:] @ np.indices(shape[1:]).reshape(2, -1)
    first, last = _within(start, matrix[:, 0], padded.shape)
    depth = np.full(start.shape[1], np.nan, np.float32)
    ray = np.flatnonzero(first <= last)
    at, before = first[ray], np.zeros(ray.size, np.float32)
    while ray.size:  # rays that met nothing yet and are still inside
        ahead = at[:, None] + np.arange(_STRIDE)
        places = start[:, ray, None] + matrix[:, 0][:, None, None] * ahead
        values = ndimage.map_coordinates(padded, places, order=1)
        values = np.column_stack([before, values])
        hit, k = (values[:, 1:] > 0.5).any(axis=1), (values[:, 1:] > 0.5).argmax(axis=1)
        previous, value = (np.take_along_axis(values, k[:, None] + n, 1)[:, 0] for n in (0, 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            back = (value - 0.5) / (value - previous)  # between this sample and the one before
        depth[ray[hit]] = ((at + k - back) * steps[0])[hit]
        left = ~hit & (at + _STRIDE <= last[ray])
        ray, at, before = ray[left], at[left] + _STRIDE, values[left, -1]
    return (depth + np.float32(low[2])).reshape(shape[1:])


def _within(
    start: np.ndarray, step: np.ndarray, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the last step at which each ray lies within an array.

    Examples
    --------
    >>> first, last = _within(np.array([[-2.0], [1.0]]), np.array([1.0, 0.0]), (4, 4))
    >>> first.tolist(), last.tolist()
    ([2], [5])
    """
    low, high = np.full(start.shape[1], 0.0), np.full(start.shape[1], np.inf)
    for begin, along, count in zip(start, step, shape):
        if abs(along) < 1e-12:
            inside = (begin >= 0) & (begin <= count - 1)
            high = np.where(inside, high, -1.0)
            continue
        ends = np.sort([-begin / along, (count - 1 - begin) / along], axis=0)
        low, high = np.maximum(low, ends[0]), np.minimum(high, ends[1])
    return np.ceil(low).astype(int), np.floor(np.minimum(high, 1e9)).astype(int)


def _points(depth: np.ndarray, axes: np.ndarray, low: np.ndarray, step: float) -> np.ndarray:
    """Return (z, y, x) in µm of each pixel's surface point."""
    rows, columns = np.indices(depth.shape, dtype=np.float32)
    eye = np.stack([columns * step + low[0], rows * step + low[1], depth])
    return np.tensordot(axes.T, eye, 1)


def _light(
    fraction: np.ndarray,
    size: np.ndarray,
    points: np.ndarray,
    depth: np.ndarray,
    step: float,
    axes: np.ndarray,
) -> np.ndarray:
    normal = _normals(fraction, size, points)
    lamp = axes.T @ np.array([-0.45, -0.75, -0.6])  # from the upper left, in front
    lamp /= np.linalg.norm(lamp)
    diffuse = np.clip(np.tensordot(lamp, normal, 1), 0, 1)
    light = 0.45 + 0.55 * diffuse
    hit = np.isfinite(depth)
    farthest = np.nanmax(depth) if hit.any() else 0.0
    filled = np.where(hit, depth, farthest)
    reach = 0.02 * depth.shape[1]
    behind = np.clip((filled - ndimage.gaussian_filter(filled, reach)) / (6 * reach * step), 0, 1)
    nearest = np.nanmin(depth) if hit.any() else 0.0
    haze = 0.25 * (filled - nearest) / max(farthest - nearest, step)
    return np.where(hit, np.clip(light * (1 - 0.6 * behind) * (1 - haze), 0, 1), np.nan)


def _normals(fraction: np.ndarray, size: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return outward unit normals; the faces of the box count as surface."""
    padded = np.pad(ndimage.uniform_filter(fraction.astype(np.float32), 3, mode="nearest"), 2)
    inside = np.isfinite(points[0])
    index = np.where(inside, points / size[:, None, None] + 1.5, 0)
    normal = np.empty((3, *inside.shape), np.float32)
    for axis in range(3):
        shift = np.zeros((3, 1, 1))
        shift[axis] = 1.0
        ahead = ndimage.map_coordinates(padded, index + shift, order=1)
        back = ndimage.map_coordinates(padded, index - shift, order=1)
        normal[axis] = (back - ahead) / size[axis]
    length = np.sqrt(np.sum(normal**2, axis=0))
    return normal / np.maximum(length, 1e-6)
