"""The solid's share of each voxel from its grey value, where a surface passes through."""

from functools import partial

import numpy as np
import xarray as xr
from scipy.ndimage import maximum_filter, minimum_filter

from poreflux import blocks
from poreflux.schema import DIMS, attributes
from poreflux.volume import label_of, require

#: added for each phase when both are packed into one number; the share itself is 0 to 1
_PACK = np.float32(4)


def solid_fraction(
    volume: xr.Dataset,
    *,
    levels: tuple[float, float] | None = None,
    everywhere: bool = False,
    phase: str = "pore",
) -> xr.Dataset:
    """Add the share of solid in each voxel, from grey values, lazily.

    It is what :func:`poreflux.tortuosity_factor` takes with ``geometry="partial"``.

    Parameters
    ----------
    volume
        with `gray` and the `phase` that :func:`poreflux.segment` made of it, two phases.
    levels
        grey values of pore and solid; by default those that the segmentation found.
    everywhere
        take the share of all voxels from their grey values. By default only that of voxels at
        a surface is, those with a voxel of the other phase among their 26 neighbours; others are
        wholly of their phase: noise, cut off at 0 and 1, would make pores of the solid.
    phase
        name of the phase that is pore.

    Returns
    -------
    Volume with `solid_fraction`, float32, 0 to 1.

    Notes
    -----
    s = (I - I_pore) / (I_solid - I_pore), cut off at 0 and 1.

    Examples
    --------
    >>> from poreflux import from_array, segment
    >>> gray = from_array(np.array([[[10, 10, 30, 90, 90, 90]]], np.uint8), kind="gray")
    >>> solid = solid_fraction(segment(gray), levels=(10, 90))
    >>> solid["solid_fraction"].values
    array([[[0.  , 0.  , 0.25, 1.  , 1.  , 1.  ]]], dtype=float32)
    """
    gray, labels = require(volume, "gray"), require(volume, "phase")
    if levels is None:
        record = labels.attrs.get("segmentation", {}).get("sensitivity")
        if record is None:
            raise KeyError(
                "the phases were not made by segment, or are not two; give the levels of both"
            )
        levels = record["gray_level_pore"], record["gray_level_solid"]
    dark, bright = map(float, levels)
    if dark == bright:
        raise ValueError(f"levels={levels} are one grey value; give those of pore and solid")
    pack = partial(_packed, dark=dark, contrast=bright - dark, label=label_of(volume, phase))
    values = blocks.map_blocks(pack, gray.data, labels.data, dtype=np.float32)
    if everywhere:
        share = blocks.map_blocks(_unpacked, values, dtype=np.float32)
    else:
        share = blocks.map_with_ghosts(_at_surfaces, values, 1)
    history = [*volume.attrs.get("history", []),
               {"operation": "solid_fraction", "levels": [dark, bright],
                "everywhere": everywhere}]  # fmt: skip
    added = volume.assign(solid_fraction=(DIMS, share, attributes("solid_fraction")))
    return added.assign_attrs(history=history)


def _packed(
    gray: np.ndarray, labels: np.ndarray, *, dark: float, contrast: float, label: int
) -> np.ndarray:
    share = (gray.astype(np.float32) - np.float32(dark)) / np.float32(contrast)
    share = np.nan_to_num(share, nan=0.0)  # no sample, which a mask leaves out
    return np.clip(share, 0, 1) + _PACK * (labels != label)


def _unpacked(values: np.ndarray) -> np.ndarray:
    return values - _PACK * (values >= _PACK)


def _at_surfaces(values: np.ndarray) -> np.ndarray:
    solid = values >= _PACK
    inside = minimum_filter(solid, 3)
    outside = ~maximum_filter(solid, 3)
    share = values - _PACK * solid
    share[inside] = 1
    share[outside] = 0
    return share
