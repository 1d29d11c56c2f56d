"""A store of grey values gains its phases, or another store has them and the corrected grey."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from poreflux.annotations import AnyArray
from poreflux.blocks import map_blocks, running_on
from poreflux.schema import Direction
from poreflux.segmentation.segment import segment
from poreflux.segmentation.solid_fraction import solid_fraction as with_solid_fraction
from poreflux.store import add, save
from poreflux.store import open as open_store
from poreflux.study.correcting import corrected
from poreflux.study.watching import Watch, unwatched
from poreflux.uncertainty.tortuosity_band import tortuosity_band

_OURS = ("segment", "solid_fraction")


def segment_store(
    store: Path,
    *,
    options: Mapping[str, Any],
    corrections: Mapping[str, Any],
    solid_fraction: bool = False,
    tau: Direction | None = None,
    out: Path | None = None,
    overwrite: bool = False,
    wait: bool = False,
    scheduler: str | None = None,
    watch: Watch = unwatched,
) -> Path:
    """Correct and segment the grey values of a store; return the store that has the phases.

    Parameters
    ----------
    store
        with `gray`.
    options
        of :func:`poreflux.segment`.
    corrections
        of :func:`poreflux.study.correcting.corrected`.
    solid_fraction
        whether the share of solid in each voxel is stored too.
    tau
        direction along which the band of the tortuosity factor is solved for.
    out
        store to make, with the corrected grey values; by default the phases join the store.
    overwrite, wait
        as for :func:`poreflux.save`.
    scheduler
        of dask; by default threads.
    watch
        shows the progress of each part.
    """
    volume = open_store(store)
    raw = _before(volume)
    pore = options.get("pore", "dark")
    fixed = corrected(raw, pore=pore, scheduler=scheduler, watch=watch, **corrections)
    with watch("histogram") as progress:
        result = segment(fixed, progress=progress, scheduler=scheduler, **options)
    if tau is not None:
        with watch("tortuosity") as progress:
            result = tortuosity_band(result, direction=tau, progress=progress)
    if solid_fraction or (out is None and "solid_fraction" in volume):  # never one of other phases
        result = with_solid_fraction(result)
    with running_on(scheduler), watch("segment") as progress:
        writing: dict[str, Any] = {"overwrite": overwrite, "wait": wait, "progress": progress}
        if out is not None:
            return save(result, out, **writing)
        return add(_added(result, volume, raw), store, **writing)


def _before(volume: xr.Dataset) -> xr.Dataset:
    """Return the volume without what an earlier segmentation added to its store."""
    history = volume.attrs.get("history", [])
    earlier = [entry for entry in history if entry["operation"] in _OURS]
    kept = [entry for entry in history if entry not in earlier]
    masks = ("region_of_interest", "correct_tilt")
    ours = any(step["operation"] in masks for e in earlier for step in e.get("before", []))
    of_gray = any(entry["operation"] in masks for entry in kept)
    dropped = ["phase", "solid_fraction", *(["mask"] if ours and not of_gray else [])]
    return volume.drop_vars(dropped, errors="ignore").assign_attrs(history=kept)


def _added(result: xr.Dataset, volume: xr.Dataset, raw: xr.Dataset) -> xr.Dataset:
    """Return what is added to the store: grey values stay, the phases record corrections."""
    if "mask" in volume and "mask" not in result:  # of an earlier segmentation
        result = result.assign(mask=volume["mask"].copy(data=_everywhere(volume)))
    kept = raw.attrs["history"]
    operations = [e for e in result.attrs["history"][len(kept) :] if e["operation"] in _OURS]
    return result.assign(gray=volume["gray"]).assign_attrs(history=[*kept, *operations])


def _everywhere(volume: xr.Dataset) -> AnyArray:
    """Return a mask of all voxels."""
    return map_blocks(_yes, volume["mask"].data, dtype=bool)


def _yes(mask: AnyArray) -> AnyArray:
    return mask == mask
