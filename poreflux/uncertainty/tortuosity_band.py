"""The band of a segmentation propagated to the tortuosity factor, on a coarse volume."""

import math

import xarray as xr

from poreflux.annotations import SegmentMethod, ShownProgress
from poreflux.blocks import Scheduler
from poreflux.progress import shows_progress
from poreflux.schema import DIMS, Direction, attributes
from poreflux.segmentation.segment import segment
from poreflux.segmentation.segmentation_sensitivity import segmentation_sensitivity
from poreflux.transport.tortuosity.tortuosity_factor import tortuosity_factor
from poreflux.volume import (
    axis_of,
    box_of_mask,
    from_array,
    label_of,
    phase_labels,
    require,
    voxel_size,
)

#: voxels along an edge that become one
_COARSE = 2


@shows_progress("tortuosity by thresholds")
def tortuosity_band(
    volume: xr.Dataset,
    *,
    direction: Direction = "z",
    rtol: float = 1e-4,
    progress: ShownProgress = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Solve for the tortuosity factor at the threshold of a segmentation, a lower and a higher one.

    Parameters
    ----------
    volume
        that :func:`poreflux.segment` made, two phases, one of them `pore`, with the `gray` it was
        made of; the part inside a `mask`.
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
    than one: the ratios of the three count, not the values, which rough walls raise.
    :func:`poreflux.collect` carries them to the tortuosity factor of all voxels, as
    `tortuosity_factor_segmentation_low` and `tortuosity_factor_segmentation_high`.

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
    segmentation_sensitivity(volume)  # raises where the record is missing
    record = volume["phase"].attrs["segmentation"]
    label_of(volume, "pore")
    box = box_of_mask(volume)
    factors = []
    for step in (-1, 0, 1):
        cuts = record["sensitivity"]["moved_thresholds"][step + 1]
        moved = volume["phase"] if step == 0 else _moved(volume, record, cuts, scheduler)
        solved = tortuosity_factor(_coarse(volume, moved, box), direction=direction, rtol=rtol)
        factors.append(float(solved["tortuosity_factor"][0]))
        if progress:
            progress(step + 2, 3, "solves")
    earlier = record["sensitivity"].get("tortuosity", {})
    sensitivity = {**record["sensitivity"], "tortuosity": {**earlier, direction: factors}}
    phase = volume["phase"].assign_attrs(segmentation={**record, "sensitivity": sensitivity})
    return volume.assign(phase=phase)


def carried(results: xr.Dataset) -> xr.Dataset:
    """Return the band of the tortuosity factors in the results, by the solves for the band.

    Parameters
    ----------
    results
        with `tortuosity_at_threshold` and `tortuosity_factor`; without either there is no band.

    Returns
    -------
    Dataset with `tortuosity_factor_segmentation_low` and `tortuosity_factor_segmentation_high`
    (direction), the ends of the band.

    Notes
    -----
    A tortuosity factor less 1 is as much larger or smaller with another threshold as it is on the
    coarse voxels; where nothing on the way is coarse enough to make a difference there, by as much.

    Examples
    --------
    >>> along = {"direction": ["z"], "threshold_step": ["lower", "as is", "higher"]}
    >>> coarse = [[1.18, 1.2, 1.22]]
    >>> found = xr.Dataset({"tortuosity_factor": ("direction", [1.1]),
    ...     "tortuosity_at_threshold": (("direction", "threshold_step"), coarse)}, coords=along)
    >>> band = carried(found)
    >>> [round(float(end[0]), 3) for end in band.data_vars.values()]
    [1.09, 1.11]
    """
    names = {"tortuosity_factor", "tortuosity_at_threshold"}
    if not names <= set(results.data_vars):
        return xr.Dataset()
    ends: dict[str, list[float]] = {"low": [], "high": []}
    for along in results["direction"].values:
        at = results.sel(direction=along)
        moved = _as_coarse(
            float(at["tortuosity_factor"]), *map(float, at["tortuosity_at_threshold"])
        )
        ends["low"].append(min(moved))
        ends["high"].append(max(moved))
    band = {f"tortuosity_factor_segmentation_{end}": values for end, values in ends.items()}
    return xr.Dataset(
        {name: ("direction", values, attributes(name)) for name, values in band.items()},
        coords={"direction": results["direction"]},
    )


def _as_coarse(factor: float, lower: float, same: float, higher: float) -> list[float]:
    """Return a tortuosity factor at three thresholds, by those of a coarse volume."""
    if not (math.isfinite(factor) and math.isfinite(same)):
        known = not any(map(math.isnan, (factor, lower, same, higher)))
        return [lower, factor, higher] if known else [math.nan] * 3
    if same > 1:
        return [1 + (factor - 1) * (one - 1) / (same - 1) for one in (lower, same, higher)]
    return [factor + one - same for one in (lower, same, higher)]


def _moved(
    volume: xr.Dataset, record: dict, cuts: list[float], scheduler: Scheduler
) -> xr.DataArray:
    """Return the phases by other thresholds, denoised and grown alike."""
    pore = label_of(volume, "pore")
    names = {label: name for name, label in phase_labels(volume).items()}
    names = {pore: names.pop(pore), **names}  # from the side of the pores on
    method: SegmentMethod = record["method"] if len(cuts) > 1 else "threshold"
    denoise = None if record["denoise"] == "none" else record["denoise"]
    return segment(
        volume, method=method, threshold=cuts, phases=names, pore=record["pore"], denoise=denoise,
        scheduler=scheduler,
    )["phase"]  # fmt: skip


def _coarse(volume: xr.Dataset, phase: xr.DataArray, box: dict[str, slice]) -> xr.Dataset:
    """Return the phases with voxels twice as large: what most of the eight, or of those inside of
    the mask, are."""
    solid = (phase != label_of(volume, "pore")).isel(box)
    windows = {dim: min(_COARSE, n) for dim, n in solid.sizes.items()}
    size = [h * windows[dim] for h, dim in zip(voxel_size(volume), DIMS)]
    if "mask" not in volume:
        share = solid.coarsen(windows, boundary="trim").mean()
        return from_array(share.data >= 0.5, voxel_size=size)
    mask = volume["mask"].isel(box)
    inside = mask.coarsen(windows, boundary="trim").mean()
    share = (solid & mask).coarsen(windows, boundary="trim").mean()
    coarse = from_array((share >= inside / 2).data, voxel_size=size)
    return coarse.assign(mask=(DIMS, (inside >= 0.5).data))
