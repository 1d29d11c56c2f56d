"""Ring artefacts of reconstructed slices: narrow circles about the axis of rotation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.stats import norm

from poreflux import blocks
from poreflux.annotations import AnyArray, PoreShade, ShownProgress
from poreflux.blocks import Scheduler
from poreflux.progress import shows_progress
from poreflux.segmentation.corrected import corrected, with_gray
from poreflux.segmentation.histogram import histogram
from poreflux.segmentation.levels import Levels, levels
from poreflux.segmentation.radius import Axis, axis_of_rotation
from poreflux.segmentation.solid_level import arrays_of, check_side
from poreflux.volume import require

#: steps of the contrast in which grey values are summed as integers, independent of their order
_STEPS = 2**16

#: voxels this far from the solid's level, in parts of the contrast, are not taken for solid
_WINDOW = 0.5


@shows_progress("rings")
def correct_rings(
    volume: xr.Dataset,
    *,
    width: int = 15,
    planes: int = 1,
    centre: Sequence[float] | None = None,
    pore: PoreShade = "dark",
    progress: ShownProgress = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Remove circles about the axis of rotation, brighter or darker than their surroundings.

    In polar coordinates, rings are narrow peaks of each slice's mean over the angle. They are
    measured at once, in two passes (three for floats); the corrected `gray` is lazy.

    Parameters
    ----------
    volume
        with `gray`, dims (z, y, x), as reconstructed; only voxels inside a `mask` are measured, all
        are corrected. Correct drift and cupping first.
    width
        of the median over the radius, in voxels: rings up to half of it are removed.
    planes
        neighbouring slices that are taken to have the same rings; more reduce noise near the axis.
    centre
        (y, x) of the axis in µm; by default the middle of the slices.
    pore
        ``"dark"`` or ``"bright"``: the side of the grey values on which the pores are.
    progress, scheduler
        as for :func:`poreflux.blocks.compute`.

    Returns
    -------
    Volume with another `gray`, of the same dtype (16 bits where it had 8).

    Notes
    -----
    p(z, r) is the mean of the solid's voxels, those within half the contrast of its level, in rings
    one voxel wide; the ring is o = p - median of p over r. Of an offset measured with standard
    error e, the part 1 - 4 e²/o² is removed, and none below 2 e, so that noise is not turned into
    rings near the axis. The part of a ring that the window hides is corrected for.

    References
    ----------
    Sijbers & Postnov, Phys. Med. Biol. 49, N247 (2004), for rings in polar coordinates.

    Examples
    --------
    >>> from poreflux.phantoms import Tomograph, fine_300, measure_gray
    >>> volume, no_faults = fine_300((8, 100, 100)), {"cupping": 0, "drift": 0}
    >>> clean = measure_gray(volume, Tomograph(rings=0, **no_faults))
    >>> gray = measure_gray(volume, Tomograph(rings=0.1, **no_faults))
    >>> def wrong(other):
    ...     return float((other["gray"] - clean["gray"].astype(float)).std())
    >>> wrong(correct_rings(gray)) < 0.4 * wrong(gray)
    True
    """
    if width < 3 or planes < 1:
        raise ValueError(f"width={width}, planes={planes}: give 3 or more, and 1 or more")
    check_side(pore)
    gray, arrays = require(volume, "gray"), arrays_of(volume)
    options: dict = {"progress": progress, "scheduler": scheduler}
    phase_levels = levels(histogram(arrays, **options), pore)
    axis = axis_of_rotation(volume, centre)
    ring_sums = _RingSums(axis, min(axis.size), phase_levels.solid, abs(phase_levels.contrast))
    plan = blocks.Plan(
        ring_sums, blocks.add_patches, partial(_finish, shape=ring_sums.table(gray)), {}
    )
    (sums,) = blocks.compute(blocks.run(arrays, plan), **options)
    offsets = _offsets(*_together(sums, planes), phase_levels, width)
    apply = partial(_apply, ring_sums=ring_sums, offsets=offsets.astype(np.float32))
    entry = {"operation": "correct_rings", "width": width, "planes": planes,
             "centre": list(axis.centre), "rms": float(np.sqrt(np.mean(offsets**2)))}  # fmt: skip
    return with_gray(volume, corrected(apply, gray.data), entry)


@dataclass(frozen=True)
class _RingSums:
    """Count and sum the solid's grey values in each plane and ring."""

    axis: Axis
    step: float
    solid: float
    contrast: float

    def ring(self, start: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
        """Return the number of the ring of each voxel of a plane of a block."""
        return (self.axis.radius(start, shape)[0] / self.step).astype(np.int64)

    def table(self, gray: AnyArray) -> tuple[int, int, int]:
        """Return the shape of counts and sums over planes and rings."""
        return 2, gray.shape[0], int(self.axis.furthest / self.step) + 1

    def __call__(self, arrays: Mapping[str, np.ndarray], start: tuple[int, ...]) -> dict:
        gray, mask = arrays["gray"], arrays.get("mask")
        deviation = (gray.astype(np.float32) - np.float32(self.solid)) / np.float32(self.contrast)
        chosen = np.abs(deviation) <= _WINDOW
        if mask is not None:
            chosen &= mask.astype(bool, copy=False)
        ring = self.ring(start, gray.shape)
        first = int(ring.min())
        rings = int(ring.max()) + 1 - first
        place = (ring - first)[None] + rings * np.arange(gray.shape[0])[:, None, None]
        place, steps = place[chosen], np.rint(deviation[chosen] * _STEPS)
        size = rings * gray.shape[0]
        sums = [np.bincount(place, weights, size) for weights in (None, steps)]
        table = np.stack(sums).reshape(2, gray.shape[0], rings).astype(np.int64)
        return {"sums": blocks.Patch((0, start[0], first), table)}


def _finish(total: Mapping[str, blocks.Patch], *, shape: tuple[int, ...]) -> np.ndarray:
    patch, table = total["sums"], np.zeros(shape, np.int64)
    table[tuple(slice(a, b) for a, b in zip(patch.start, patch.stop))] = patch.values
    return table


def _together(sums: np.ndarray, planes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return counts and sums of each plane with its neighbours."""
    if planes > 1:
        sums = uniform_filter1d(sums.astype(float), planes, axis=1, mode="constant") * planes
    return sums[0], sums[1] / _STEPS


def _offsets(counts: np.ndarray, sums: np.ndarray, phase_levels: Levels, width: int) -> np.ndarray:
    """Return the grey value of the ring in each plane and ring."""
    mean = np.divide(sums, counts, out=np.zeros(counts.shape), where=counts > 0)
    mean -= median_filter(mean, (1, width), mode="nearest")
    noise = (
        phase_levels.noise / abs(phase_levels.contrast) if np.isfinite(phase_levels.noise) else 0.0
    )
    # the mean within a window follows a shift only in part: some noise leaves it on one side
    reach = _WINDOW / max(noise, 1e-6)
    follows = max(1 - 2 * reach * norm.pdf(reach) / (2 * norm.cdf(reach) - 1), 0.2)
    error = noise**2 / np.maximum(counts, 1)
    size = np.maximum(mean**2, 1e-30)
    removed_share = np.where(counts > 0, np.maximum(1 - 4 * error / size, 0), 0)
    return mean / follows * removed_share * abs(phase_levels.contrast)


def _apply(
    start: tuple[int, ...], values: np.ndarray, *, ring_sums: _RingSums, offsets: np.ndarray
) -> np.ndarray:
    block_offsets = offsets[start[0] : start[0] + values.shape[0]]
    return values - block_offsets[:, ring_sums.ring(start, values.shape)]
