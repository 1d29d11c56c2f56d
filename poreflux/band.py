"""The band of a segmentation carried on to the tortuosity factor, on a coarse volume."""

import numpy as np
import xarray as xr

from poreflux.segment import segment, segmentation_sensitivity
from poreflux.transport.effective import tortuosity_factor
from poreflux.volume import axis_of, from_array, label_of, phase_labels, require, voxel_size

#: voxels along an edge that become one
_COARSE = 2


def tortuosity_band(
    volume: xr.Dataset, *, direction: str = "z", rtol: float = 1e-4, progress=None, scheduler=None
) -> xr.Dataset:
    """Solve for the tortuosity factor at the threshold of a segmentation, and moved both ways.

    Parameters
    ----------
    volume
        that :func:`poreflux.segment` made, two phases, one of them `pore`, with the `gray` it was
        made of. Of a mask, it must leave out whole planes across z only.
    direction
        of transport.
    rtol
        relative error of the solves.
    progress, scheduler
        as for :func:`poreflux.blocks.compute`; `progress` counts solves.

    Returns
    -------
    the Volume, with the tortuosity factors at the lower, the same and the higher threshold in the
    record that :func:`poreflux.segmentation_sensitivity` reads, as `tortuosity_at_threshold`.

    Notes
    -----
    Voxels are made twice as large, as most of their eight are, so that the three solves cost less
    than one: what counts is how the three differ, not the values, which rough walls raise.

    Examples
    --------
    >>> from poreflux.phantoms import Tomograph, measure_gray, regular_500
    >>> gray = measure_gray(regular_500(48), Tomograph(rings=0, cupping=0, drift=0))
    >>> band = segmentation_sensitivity(tortuosity_band(segment(gray, denoise="median")))
    >>> lower, same, higher = band["tortuosity_at_threshold"].values[0]
    >>> bool(1 < lower < same < higher)
    True
    """
    axis_of(direction)
    require(volume, "gray")
    segmentation_sensitivity(volume)  # which says what is missing
    record = volume["phase"].attrs["segmentation"]
    label_of(volume, "pore")
    box = _box(volume)
    factors = []
    for step in (-1, 0, 1):
        cuts = record["sensitivity"]["moved_thresholds"][step + 1]
        moved = volume["phase"] if step == 0 else _moved(volume, record, cuts, scheduler)
        solved = tortuosity_factor(_coarse(volume, moved, box), direction=direction, rtol=rtol)
        factors.append(float(solved["tortuosity_factor"][0]))
        if progress:
            progress(step + 2, 3, "solves")
    known = record["sensitivity"].get("tortuosity", {})
    sensitivity = {**record["sensitivity"], "tortuosity": {**known, direction: factors}}
    phase = volume["phase"].assign_attrs(segmentation={**record, "sensitivity": sensitivity})
    return volume.assign(phase=phase)


def _moved(volume: xr.Dataset, record: dict, cuts: list[float], scheduler) -> xr.DataArray:
    """Return the phases by other thresholds, denoised and grown alike."""
    pore = label_of(volume, "pore")
    names = {label: name for name, label in phase_labels(volume).items()}
    names = {pore: names.pop(pore), **names}  # from the side of the pores on
    method = record["method"] if len(cuts) > 1 else "threshold"
    denoise = None if record["denoise"] == "none" else record["denoise"]
    return segment(
        volume, method=method, threshold=cuts, phases=names, pore=record["pore"], denoise=denoise,
        scheduler=scheduler,
    )["phase"]  # fmt: skip


def _box(volume: xr.Dataset) -> slice:
    """Return the planes across z that count; refuse a mask of any other shape."""
    mask = volume.get("mask")
    if mask is None:
        return slice(None)
    full, any_of_it = mask.all(("y", "x")).values, mask.any(("y", "x")).values
    if not np.array_equal(full, any_of_it) or not full.any():
        raise ValueError(
            "a solve needs a box, and the mask is none; cut one out of it, such as "
            "volume.isel(y=slice(100, 300), x=slice(100, 300)), and segment that"
        )
    planes = np.flatnonzero(full)
    return slice(int(planes[0]), int(planes[-1]) + 1)


def _coarse(volume: xr.Dataset, phase: xr.DataArray, box: slice) -> xr.Dataset:
    """Return the phases with voxels twice as large: what most of the eight are."""
    solid = (phase != label_of(volume, "pore")).isel(z=box)
    windows = {dim: min(_COARSE, n) for dim, n in solid.sizes.items()}
    share = solid.coarsen(windows, boundary="trim").mean()
    size = [h * windows[dim] for h, dim in zip(voxel_size(volume), ("z", "y", "x"))]
    return from_array(share.data >= 0.5, voxel_size=size)
