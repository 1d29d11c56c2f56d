"""End faces of a sample that are tilted against the slices: detected, and cut off or levelled."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter

from poreflux import blocks
from poreflux.annotations import PoreShade, ShownProgress, TiltCorrection
from poreflux.blocks import Scheduler
from poreflux.progress import shows_progress
from poreflux.readers.lazy import from_chunks
from poreflux.schema import DIMS, attributes
from poreflux.segmentation.coarse import box_means
from poreflux.segmentation.corrected import with_gray
from poreflux.segmentation.histogram import histogram
from poreflux.segmentation.levels import levels
from poreflux.segmentation.solid_level import arrays_of, check_side
from poreflux.volume import require, voxel_size

#: columns along y and x and planes of the small image at most, and voxels of a column at least
_COLUMNS, _PLANES, _LEAST = 96, 1024, 4

#: blur of the small image along z, in boxes
_BLUR = 1.0

#: columns agree with a plane that passes within so many voxels along z of their end
_TOLERANCE = 1.0

#: triples of columns that are tried, and the least gain in columns of an accepted plane
_TRIALS, _GAIN = 500, 0.05


@shows_progress("tilt")
def correct_tilt(
    volume: xr.Dataset,
    *,
    how: TiltCorrection = "mask",
    erosion: float = 5.0,
    pore: PoreShade = "dark",
    progress: ShownProgress = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Find where the sample ends along z; leave out, or level, what a tilted end face cuts.

    Beyond a tilted end face there is air, which counts as pores: the porosity of the planes there
    rises to 1. The faces are found at once, in two passes (three for floats); the rest is lazy.

    Parameters
    ----------
    volume
        with `gray`, dims (z, y, x), and a `mask` where the sample does not fill the slices.
    how
        ``"mask"`` leaves out all planes in which any column is not sample. ``"shear"`` shifts each
        column by whole voxels, until the faces are parallel to the slices, and then leaves out what
        is not sample, or came from outside; angles beyond some 10° distort the sample.
    erosion
        voxels left out in front of a face as well: it is blurred, and may be rough.
    pore
        ``"dark"`` or ``"bright"``: the side of the grey values on which pores and air are.
    progress, scheduler
        as for :func:`poreflux.blocks.compute`.

    Returns
    -------
    Volume with `mask`, and another `gray` for ``"shear"``. The last entry of ``attrs["history"]``
    tells, for each face found, its plane z = a + b y + c x in µm and its angle in degrees, and the
    `valid_range` along z in µm.

    Notes
    -----
    Each column (of at least 4×4 voxels) ends where its smoothed grey value last crosses the middle
    between the levels of pore and solid. Through the ends goes the plane that most columns agree
    with, of 500 through random triples, refitted to those columns by least squares; a plane that
    fits hardly more columns than the end of the volume does is no face. The angle is
    atan √(b² + c²).

    References
    ----------
    Fischler & Bolles, Commun. ACM 24, 381 (1981), for the plane (RANSAC).

    Examples
    --------
    >>> from poreflux.phantoms import Tomograph, fine_300, measure_gray
    >>> tilted = Tomograph(rings=0, cupping=0, drift=0, tilt=(4, 0))
    >>> record = correct_tilt(measure_gray(fine_300(64), tilted)).attrs["history"][-1]
    >>> bool(abs(record["last"]["angle"] - 4) < 0.3), "first" in record
    (True, False)
    """
    if how not in get_args(TiltCorrection):
        raise ValueError(f"how={how!r} is not known; choose 'mask' or 'shear'")
    check_side(pore)
    require(volume, "gray")
    faces = _faces(volume, pore, progress=progress, scheduler=scheduler)
    entry: dict = {"operation": "correct_tilt", "how": how, "erosion": float(erosion)}
    entry |= {name: {"plane": face.plane, "angle": face.angle} for name, face in faces.items()}
    return (_masked if how == "mask" else _sheared)(volume, faces, entry)


@dataclass(frozen=True)
class EndFace:
    """An end face: z = a + b y + c x in µm, and the columns (y, x) in µm where there is sample."""

    plane: list[float]
    columns: np.ndarray

    @property
    def angle(self) -> float:
        """Return the angle to the slices in degrees."""
        return math.degrees(math.atan(math.hypot(*self.plane[1:])))

    def heights(self) -> np.ndarray:
        """Return where the face is in each column of the sample, in µm."""
        return self.plane[0] + self.columns @ np.array(self.plane[1:])


def _faces(volume: xr.Dataset, pore: str, **options: Any) -> dict[str, EndFace]:
    """Return the end faces that are detected: ``"first"`` at low z, ``"last"`` at high z."""
    arrays, size = arrays_of(volume), voxel_size(volume)
    phase_levels = levels(histogram(arrays, **options), pore)
    shape = arrays["gray"].shape
    factors = [math.ceil(shape[0] / _PLANES),
               *(max(min(_LEAST, n), math.ceil(n / _COLUMNS)) for n in shape[1:])]  # fmt: skip
    means = (box_means(arrays, factors, **options) - phase_levels.pore) / phase_levels.contrast
    inside = np.isfinite(means).any(axis=0)
    solid = gaussian_filter(np.nan_to_num(means), (_BLUR, 0, 0), mode="nearest") - 0.5
    sample = inside & (solid > 0).any(axis=0)
    y, x = ((np.arange(n) + 0.5) * f * h for n, f, h in zip(inside.shape, factors[1:], size[1:]))
    places = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)[sample]
    step, depth = factors[0] * size[0], shape[0] * size[0]
    faces = {}
    for name, columns in (("first", solid[::-1]), ("last", solid)):
        column_ends = _column_ends(columns[:, sample]) * step
        column_ends = np.where(
            column_ends < len(solid) * step, np.minimum(column_ends, depth), np.inf
        )
        plane = _plane(places, column_ends, depth, _TOLERANCE * size[0])
        if plane is not None and name == "first":
            plane = np.array([depth - plane[0], -plane[1], -plane[2]])
        if plane is not None:
            faces[name] = EndFace([float(p) for p in plane], places)
    return faces


def _column_ends(solid: np.ndarray) -> np.ndarray:
    """Return where columns last cross zero, in boxes from the first face; the end where not."""
    count = len(solid)
    last = count - 1 - np.argmax(solid[::-1] > 0, axis=0)
    column = np.arange(solid.shape[1])
    inside, outside = solid[last, column], solid[np.minimum(last + 1, count - 1), column]
    part = inside / np.where(last < count - 1, inside - outside, 1.0)
    return np.where(last < count - 1, last + 0.5 + part, float(count))


def _plane(
    places: np.ndarray, column_ends: np.ndarray, depth: float, tolerance: float
) -> np.ndarray | None:
    """Return [a, b, c] of the plane that most ends agree with; None where there is no face."""
    detected = np.flatnonzero(np.isfinite(column_ends))
    if detected.size < 3:
        return None
    design = np.column_stack((np.ones(len(places)), places))
    # a column without a detected end is taken to end outside the volume
    visible_ends = np.minimum(column_ends, depth)

    def inliers_of(planes: np.ndarray) -> np.ndarray:
        distance = np.abs(np.minimum(design @ planes, depth) - visible_ends[:, None])
        return distance <= tolerance

    rng = np.random.default_rng(0)
    triples = detected[rng.integers(0, detected.size, (_TRIALS, 3))]
    corners = design[triples]
    square = np.abs(np.linalg.det(corners)) > 1e-9 * np.ptp(places, axis=0).prod()
    if not square.any():
        return None
    planes = np.linalg.solve(corners[square], column_ends[triples[square]][..., None])[..., 0].T
    best = planes[:, np.argmax(inliers_of(planes).sum(axis=0))]
    for _ in range(5):
        inlier = inliers_of(best[:, None])[:, 0] & np.isfinite(column_ends)
        if inlier.sum() < 3:
            return None
        best = np.linalg.lstsq(design[inlier], column_ends[inlier], rcond=None)[0]
    gain = inliers_of(best[:, None]).mean() - (np.abs(visible_ends - depth) <= tolerance).mean()
    return best if gain > _GAIN else None


def _masked(volume: xr.Dataset, faces: dict[str, EndFace], entry: dict) -> xr.Dataset:
    """Return the Volume with the planes masked in which not every column is sample."""
    h, n = voxel_size(volume)[0], volume.sizes["z"]
    margin = entry["erosion"] * h
    low = faces["first"].heights().max() + margin if "first" in faces else 0.0
    high = faces["last"].heights().min() - margin if "last" in faces else n * h
    planes = _require_planes(max(math.ceil(low / h), 0), min(math.floor(high / h), n))
    return _between(volume, planes, entry)


def _sheared(volume: xr.Dataset, faces: dict[str, EndFace], entry: dict) -> xr.Dataset:
    """Return the Volume with columns shifted until the faces are parallel to the slices."""
    if not faces:
        return _masked(volume, faces, entry)
    size, n = voxel_size(volume), volume.sizes["z"]
    slope = np.mean([face.plane[1:] for face in faces.values()], axis=0)
    y, x = (volume[dim].values for dim in DIMS[1:])
    offsets = [axis - axis.mean() for axis in (y, x)]
    shifts = np.rint((slope[0] * offsets[0][:, None] + slope[1] * offsets[1]) / size[0]).astype(int)
    margin, centre = entry["erosion"] * size[0], np.array([y.mean(), x.mean()])
    heights = {  # the slope that remains of two faces is cut off too
        name: face.heights() - (face.columns - centre) @ slope for name, face in faces.items()
    }
    low = heights["first"].max() + margin if "first" in heights else -shifts.min() * size[0]
    high = heights["last"].min() - margin if "last" in heights else (n - shifts.max()) * size[0]
    low, high = max(low, -shifts.min() * size[0]), min(high, (n - shifts.max()) * size[0])
    planes = _require_planes(math.ceil(low / size[0]), math.floor(high / size[0]))
    depth, shear = int(np.abs(shifts).max()), partial(_shear, shifts=shifts)
    moves = partial(blocks.map_with_ghosts_at, shear, depth=(depth, 0, 0), boundary="nearest")
    gray = moves(volume["gray"].data)
    moved = volume.drop_vars("phase", errors="ignore")
    moved = moved.assign(gray=(DIMS, gray, volume["gray"].attrs))
    if "mask" in volume:
        moved = moved.assign(mask=(DIMS, moves(volume["mask"].data), volume["mask"].attrs))
    return _between(moved, planes, entry)


def _shear(start: tuple[int, ...], values: np.ndarray, *, shifts: np.ndarray) -> np.ndarray:
    """Return the block with each column moved down by its shift; ghosts are not filled."""
    block_shifts = shifts[tuple(slice(a, a + n) for a, n in zip(start[1:], values.shape[1:]))]
    rows = np.arange(len(values))[:, None, None] + block_shifts
    return np.take_along_axis(values, np.clip(rows, 0, len(values) - 1), axis=0)


def _require_planes(low: int, high: int) -> tuple[int, int]:
    if high <= low:
        raise ValueError(
            f"no plane across z is sample in all columns: the faces found leave {low} to {high}; "
            "choose how='shear', a region of interest, or a smaller erosion"
        )
    return low, high


def _between(volume: xr.Dataset, planes: tuple[int, int], entry: dict) -> xr.Dataset:
    """Return the Volume with all planes masked but from the first to before the second."""
    h, shape = voxel_size(volume)[0], tuple(volume["gray"].shape)
    chunks = blocks.chunked(volume["gray"].data).chunks
    mask = from_chunks(partial(_planes, low=planes[0], high=planes[1]), shape, bool, chunks)
    if "mask" in volume:
        mask = blocks.map_blocks(np.logical_and, mask, volume["mask"].data, dtype=bool)
    masked = volume.assign(mask=(DIMS, mask, attributes("mask")))
    entry = {**entry, "valid_range": [n * h for n in planes]}
    return with_gray(masked, masked["gray"].data, entry)


def _planes(start: tuple[int, ...], stop: tuple[int, ...], *, low: int, high: int) -> np.ndarray:
    z = np.arange(start[0], stop[0])[:, None, None]
    shape = tuple(b - a for a, b in zip(start, stop))
    return np.broadcast_to((z >= low) & (z < high), shape).copy()
