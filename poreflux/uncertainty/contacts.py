"""Narrow contacts between conducting grains: how much they decide, from a smoothed volume."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter

from poreflux.schema import DIMS
from poreflux.transport.tortuosity.tortuosity_factor import tortuosity_factor
from poreflux.volume import from_array, phase_labels, voxel_size

#: edge in voxels of the central part that is smoothed
_PART = 128

#: relative error of the solves
_RTOL = 1e-4

#: ``tau - 1`` that is taken for none
_STRAIGHT = 1e-3


def drop_by_smoothing(
    volume: xr.Dataset, direction: str, options: Mapping[str, Any], threads: int | None = None
) -> float:
    """Return by what factor ``tau - 1`` of the central part is larger than where it is smoothed.

    1 where nothing stands in the way, NaN where the part or the smoothed part has no path.

    Parameters
    ----------
    volume
        with `phase`, and with a `mask` where it has one.
    direction
        of transport.
    options
        `sides` of the solves, and the `conductivity` of the phases; those above 0 conduct alike.
    threads
        by default all cores that this process may use.

    Examples
    --------
    >>> from poreflux.phantoms import spheres
    >>> volume = spheres(32, [(16, 16, 16)], 24.0)
    >>> options = {"sides": "insulated", "conductivity": {"electrolyte": 1.0}}
    >>> 1 < drop_by_smoothing(volume, "z", options) < 1.2
    True
    """
    part = _central_part(volume, options["conductivity"])
    solve = partial(
        tortuosity_factor, direction=direction, conductivity={"electrolyte": 1.0},
        sides=options["sides"], rtol=_RTOL, threads=threads,
    )  # fmt: skip
    sharp, smooth = (float(solve(one)["tortuosity_factor"][0]) for one in (part, _smoothed(part)))
    if math.isinf(sharp) or math.isinf(smooth):
        return math.nan
    return 1.0 if sharp - 1 < _STRAIGHT else (sharp - 1) / max(smooth - 1, _STRAIGHT)


def _central_part(volume: xr.Dataset, conductivity: Mapping[str, float]) -> xr.Dataset:
    """Return the middle of a volume, what conducts as electrolyte and the rest as pores."""
    starts = {dim: max(0, (volume.sizes[dim] - _PART) // 2) for dim in DIMS}
    part = volume.isel({dim: slice(start, start + _PART) for dim, start in starts.items()})
    labels = phase_labels(volume)
    conducting = [labels[name] for name, value in conductivity.items() if value > 0]
    solid = np.isin(part["phase"].values, conducting)
    made = from_array(solid.astype(np.uint8), voxel_size=voxel_size(volume))
    if "mask" in part:
        made["mask"] = (DIMS, part["mask"].values)
    return made


def _smoothed(volume: xr.Dataset) -> xr.Dataset:
    """Return a volume of two phases blurred by one voxel, with a threshold in the middle."""
    solid = gaussian_filter(volume["phase"].values.astype(np.float32), 1.0, mode="nearest")
    phase = volume["phase"].copy(data=(solid > 0.5).astype(np.uint8))
    return volume.assign(phase=phase)
