"""Drift of the grey values along z: each plane is brought to the same level of the solid."""

from functools import partial
from typing import get_args

import numpy as np
import xarray as xr

from poreflux.annotations import DriftCorrection, PoreShade, ShownProgress
from poreflux.blocks import Scheduler
from poreflux.progress import shows_progress
from poreflux.segmentation.corrected import corrected, with_gray
from poreflux.segmentation.solid_level import arrays_of, solid_levels
from poreflux.segmentation.thresholds import class_means, otsu
from poreflux.volume import require


@shows_progress("drift")
def correct_drift(
    volume: xr.Dataset,
    *,
    how: DriftCorrection = "gain",
    pore: PoreShade = "dark",
    progress: ShownProgress = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Bring the solid to the same grey value in each plane across z.

    The solid of each plane is measured at once, in two passes (three for floats); the corrected
    `gray` is lazy.

    Parameters
    ----------
    volume
        with `gray`, dims (z, y, x); only voxels inside a `mask` are measured, all are corrected.
    how
        ``"gain"`` multiplies each plane, as where the beam decays; ``"offset"`` adds to it.
    pore
        ``"dark"`` or ``"bright"``: the side of the grey values on which the pores are.
    progress, scheduler
        as for :func:`poreflux.blocks.compute`.

    Returns
    -------
    Volume with another `gray`, of the same dtype (16 bits where it had 8).

    Notes
    -----
    I'(z) = I(z) L / l(z), or I(z) + L - l(z), with l(z) the most frequent grey value of the solid
    in a plane and L the median of all planes. Planes without solid take l from their neighbours.

    Examples
    --------
    >>> from poreflux.phantoms import Tomograph, fine_300, measure_gray
    >>> gray = measure_gray(fine_300((40, 60, 60)), Tomograph(rings=0, cupping=0, drift=0.3))
    >>> planes = correct_drift(gray)["gray"].median(("y", "x"))
    >>> bool(planes.std() / planes.mean() < 0.01)
    True
    """
    if how not in get_args(DriftCorrection):
        raise ValueError(f"how={how!r} is not known; choose 'gain' or 'offset'")
    gray = require(volume, "gray")
    options: dict = {"progress": progress, "scheduler": scheduler}
    levels, voxels, counted = solid_levels(
        arrays_of(volume), _plane, gray.shape[0], pore, **options
    )
    dark, bright = class_means(counted, otsu(counted))
    middle = float(np.nanmedian(levels))
    distance = np.abs(levels - middle)
    reliable = (voxels > 0) & (distance <= max((bright - dark) / 2, 4 * np.nanmedian(distance)))
    planes = np.arange(gray.shape[0])
    levels = np.interp(planes, planes[reliable], levels[reliable])
    change = middle / levels if how == "gain" else middle - levels
    if how == "gain" and not (np.isfinite(change).all() and (change > 0).all()):
        raise ValueError(
            "the grey value of the solid is 0 or changes its sign, so that no gain corrects it; "
            "choose how='offset'"
        )
    apply = partial(_apply, how=how, change=change.astype(np.float32))
    entry = {"operation": "correct_drift", "how": how,
             "solid_lowest": float(levels.min()), "solid_highest": float(levels.max()),
             "solid": middle}  # fmt: skip
    return with_gray(volume, corrected(apply, gray.data), entry)


def _plane(start: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    return (start[0] + np.arange(shape[0]))[:, None, None]


def _apply(
    start: tuple[int, ...], values: np.ndarray, *, how: str, change: np.ndarray
) -> np.ndarray:
    block_change = change[start[0] : start[0] + values.shape[0], None, None]
    return values * block_change if how == "gain" else values + block_change
