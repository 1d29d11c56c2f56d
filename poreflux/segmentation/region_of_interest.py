"""Region of interest: the part of a scan that is sample, as a mask that all metrics honour."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from scipy.ndimage import binary_fill_holes, gaussian_filter, label

from poreflux import blocks
from poreflux.annotations import AnyArray, PoreShade, ShownProgress
from poreflux.blocks import Scheduler
from poreflux.progress import shows_progress
from poreflux.readers.lazy import from_chunks
from poreflux.schema import DIMS, attributes
from poreflux.segmentation.coarse import box_means
from poreflux.segmentation.histogram import Histogram
from poreflux.segmentation.outside import inside
from poreflux.segmentation.solid_level import arrays_of, check_side
from poreflux.segmentation.thresholds import otsu
from poreflux.volume import require, voxel_size

#: boxes of the small image in which the sample is detected, along z and across
_ALONG, _ACROSS = 48, 192

#: blur of the small image, in boxes: pores vanish, the outline stays
_BLUR = 2.0

#: least overlap of an outline and its circle, of what either covers, and most of a slice it covers
_ROUND, _FULL_FIELD = 0.88, 0.97

#: how much darker than the darkest box what is NaN is taken to be, of the range of all boxes
_DARKER = 0.25


@shows_progress("region of interest")
def region_of_interest(
    volume: xr.Dataset,
    *,
    cylinder: Sequence[float] | None = None,
    mask: AnyArray = None,
    erosion: float = 5.0,
    pore: PoreShade = "dark",
    progress: ShownProgress = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Add a mask of the voxels that count: a cylinder that is found, or given, or any mask.

    A cylinder is found at once, in one pass; the mask is lazy.

    Parameters
    ----------
    volume
        with `gray`, dims (z, y, x). Of a mask that it has, and of what is not NaN, the common part
        is kept.
    cylinder
        (y, x, radius) in µm, along z; by default it is found.
    mask
        array (z, y, x) of booleans, of any kind, in place of a cylinder.
    erosion
        voxels by which a cylinder that is found is made smaller: its rim is blurred, and damaged.
    pore
        ``"dark"`` or ``"bright"``: the side of the grey values on which pores and air are.
    progress, scheduler
        as for :func:`poreflux.blocks.compute`.

    Returns
    -------
    Volume with `mask`. Porosity, structure factor and all else that counts voxels leave out what is
    outside, and solves take the cylinder alone.

    Raises
    ------
    ValueError
        if no cylinder is found: the sample fills the field, or is not round.

    Notes
    -----
    Means of boxes (at most 48 along z and 192 across) are blurred by 2 boxes in their plane, and
    parted by Otsu's threshold; in each plane the largest component, its holes filled, is one circle
    of its area. The axis is the straight line through the centres, the radius their median.

    Examples
    --------
    >>> from poreflux import from_array
    >>> y, x = np.indices((60, 60)) - 30
    >>> gray = from_array(np.where(np.hypot(y, x) < 20, 200, 10)[None].repeat(4, 0), kind="gray")
    >>> mask = region_of_interest(gray, erosion=2)["mask"]
    >>> bool(abs(mask.mean() - np.pi * 18**2 / 60**2) < 0.02)
    True
    """
    gray = require(volume, "gray")
    check_side(pore)
    if cylinder is not None and mask is not None:
        raise ValueError("give a cylinder or a mask, not both")
    entry: dict = {"operation": "region_of_interest"}
    if mask is not None:
        if tuple(mask.shape) != gray.shape:
            raise ValueError(f"the mask has shape {tuple(mask.shape)}, the volume {gray.shape}")
        region = blocks.map_blocks(_as_booleans, getattr(mask, "data", mask), dtype=bool)
        entry["mask"] = "given"
    else:
        if cylinder is None:
            line, radius = _cylinder(volume, pore, progress=progress, scheduler=scheduler)
            radius -= erosion * max(voxel_size(volume)[1:])
            entry["erosion"] = float(erosion)
        else:
            line, radius = _given(cylinder)
        if radius <= 0:
            raise ValueError(f"the cylinder has a radius of {radius:g} µm; make it larger")
        entry |= {"centre": line[0].tolist(), "lean": line[1].tolist(), "radius": radius}
        within = partial(_inside, line=line, radius=radius, size=voxel_size(volume))
        region = from_chunks(within, gray.shape, bool, blocks.chunked(gray.data).chunks)
    sample = inside(volume)
    if sample is not None:
        region = blocks.map_blocks(np.logical_and, region, sample, dtype=bool)
    masked = volume.assign(mask=(DIMS, region, attributes("mask")))
    return masked.assign_attrs(history=[*volume.attrs.get("history", []), entry])


def _given(cylinder: Sequence[float]) -> tuple[np.ndarray, float]:
    if len(cylinder) != 3 or not np.all(np.isfinite(cylinder)):
        raise ValueError(f"cylinder={cylinder!r} is not (y, x, radius) in µm")
    y, x, radius = map(float, cylinder)
    return np.array([[y, x], [0.0, 0.0]]), radius


def _cylinder(volume: xr.Dataset, pore: str, **options: Any) -> tuple[np.ndarray, float]:
    """Return centre (y, x) at z = 0 and its change with z, and the radius, in µm."""
    shape, size = volume["gray"].shape, voxel_size(volume)
    factors = [math.ceil(n / most) for n, most in zip(shape, (_ALONG, _ACROSS, _ACROSS))]
    means = box_means(arrays_of(volume.drop_vars("mask", errors="ignore")), factors, **options)
    means = means if pore == "dark" else -means
    # what is NaN is no sample: a little darker than all that is
    lowest, highest = float(np.nanmin(means)), float(np.nanmax(means))
    means = np.nan_to_num(means, nan=lowest - _DARKER * (highest - lowest))
    smooth = gaussian_filter(means, (0, _BLUR, _BLUR))
    counts, edges = np.histogram(smooth, 256)
    middles = (edges[1:] + edges[:-1]) / 2
    bright = smooth > otsu(Histogram(middles, counts, middles[0], middles[-1]))
    box = [f * h for f, h in zip(factors, size)]
    rows = [row for k, plane in enumerate(bright) if (row := _circle(plane, k, box))]
    if len(rows) < max(1, len(bright) / 3):
        raise ValueError(
            f"no cylinder is found in {len(bright) - len(rows)} of {len(bright)} slices: the "
            "sample is not round or fills the field; give the cylinder, a mask, or no region of "
            "interest"
        )
    z, y, x, radius = np.array(rows).T
    degree = 1 if len(rows) > 1 else 0
    fits = [np.polynomial.polynomial.polyfit(z, c, degree) for c in (y, x)]
    line = np.zeros((2, 2))
    line[: degree + 1] = np.stack(fits, axis=1)
    return line, float(np.median(radius))


def _circle(
    plane: np.ndarray, k: int, box: Sequence[float]
) -> tuple[float, float, float, float] | None:
    """Return z, y, x and radius in µm of the circle in a plane; None for no circle."""
    labels, count = label(plane)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    disc = binary_fill_holes(labels == np.argmax(sizes))
    if disc.mean() > _FULL_FIELD:
        return None
    y, x = (np.add(axis, 0.5) * h for axis, h in zip(np.nonzero(disc), box[1:]))
    radius = math.sqrt(len(y) * box[1] * box[2] / math.pi)
    offsets = [(np.arange(n) + 0.5) * h - c.mean() for n, h, c in zip(plane.shape, box[1:], (y, x))]
    circle = np.hypot(offsets[0][:, None], offsets[1]) < radius
    if (circle & disc).sum() < _ROUND * (circle | disc).sum():
        return None
    return (k + 0.5) * box[0], float(y.mean()), float(x.mean()), radius


def _inside(
    start: tuple[int, ...],
    stop: tuple[int, ...],
    *,
    line: np.ndarray,
    radius: float,
    size: Sequence[float],
) -> np.ndarray:
    z, y, x = ((np.arange(a, b) + 0.5) * h for a, b, h in zip(start, stop, size))
    centre = line[0] + z[:, None] * line[1]
    squared_distance = (y - centre[:, :1])[:, :, None] ** 2 + (x - centre[:, 1:])[:, None, :] ** 2
    return squared_distance < radius**2


def _as_booleans(mask: AnyArray) -> np.ndarray:
    return mask != 0
