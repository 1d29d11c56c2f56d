"""Small Datasets become Results: evaluated in one pass, with where they come from."""

import datetime
from collections.abc import Sequence
from typing import Any

import xarray as xr

from poreflux import __version__, blocks
from poreflux.annotations import ShownProgress
from poreflux.blocks import Scheduler
from poreflux.progress import shows_progress
from poreflux.results.order import sorted_results, with_flat_attributes
from poreflux.results.settings import attributes_by_direction, differ, settings
from poreflux.segmentation.gray_histogram import gray_histogram
from poreflux.segmentation.segmentation_sensitivity import segmentation_sensitivity
from poreflux.uncertainty.tortuosity_band import carried


@shows_progress("collect")
def collect(
    *datasets: xr.Dataset,
    volume: xr.Dataset | None = None,
    progress: ShownProgress = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Evaluate metrics together, in one pass over the volume, into one Results Dataset.

    Parameters
    ----------
    datasets
        what metrics (lazy) and solvers (in memory) return; each variable once, but for those over
        (direction,), whose directions are put together.
    volume
        where they come from: its attributes (voxel size, source, history) become those of the
        results, and its grey-value histogram, thresholds and band of porosities join them where it
        was segmented here; so does the band of a tortuosity factor that
        :func:`poreflux.tortuosity_band` solved for.
    progress, scheduler
        as for :func:`poreflux.blocks.compute`.

    Returns
    -------
    Dataset in memory, with `program` and `collected` (the time) among its attributes. Attributes
    that are nested, such as `history`, are JSON text, so that ``to_netcdf`` writes them.

    Raises
    ------
    ValueError
        if two datasets hold different values of one variable, or numbers of one kind that were
        computed with unlike parameters, such as conductivities, sides or contact.

    Examples
    --------
    >>> from poreflux import porosity, porosity_profile
    >>> from poreflux.phantoms import random_sites
    >>> volume = random_sites((4, 5, 6), 0.2)
    >>> results = collect(porosity(volume), porosity_profile(volume), volume=volume)
    >>> sorted(results.data_vars)
    ['pore_voxels', 'porosity', 'porosity_profile', 'voxels']
    """
    computed = list(blocks.compute(*datasets, progress=progress, scheduler=scheduler))
    if volume is not None and "segmentation" in volume.get("phase", xr.DataArray()).attrs:
        computed.append(gray_histogram(volume))
        if "sensitivity" in volume["phase"].attrs["segmentation"]:
            computed.append(segmentation_sensitivity(volume))
    results = _together(computed)
    results = sorted_results(results.assign(carried(results).data_vars))
    results.attrs = {
        **_attributes(computed),
        **({} if volume is None else volume.attrs),
        "program": f"poreflux {__version__}",
        "collected": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    return with_flat_attributes(results)


def _together(datasets: Sequence[xr.Dataset]) -> xr.Dataset:
    if not datasets:
        return xr.Dataset()
    _refuse_mixed(datasets)
    try:
        merged = xr.merge(
            datasets, compat="no_conflicts", join="outer", combine_attrs="drop_conflicts"
        )
    except xr.MergeError as error:
        raise ValueError(
            f"two of the datasets hold different values of one variable ({error}); collect them "
            "apart"
        ) from error
    for name, array in merged.data_vars.items():
        parts = [dataset[name] for dataset in datasets if name in dataset]
        if len(parts) > 1 and "direction" in array.dims:
            array.attrs = attributes_by_direction(parts)
    return merged


def _refuse_mixed(datasets: Sequence[xr.Dataset]) -> None:
    """Raise where datasets of one family were computed with other parameters."""
    known: dict[str, dict[str, Any]] = {}
    for dataset in datasets:
        for family, parameters in settings(dataset).items():
            for key, value in parameters.items():
                first = known.setdefault(family, {}).setdefault(key, value)
                if differ(first, value):
                    raise ValueError(
                        f"the datasets are of unlike {key}: {first!r} and {value!r}; collect them "
                        "apart, or update one folder with each in turn"
                    )


def _attributes(datasets: Sequence[xr.Dataset]) -> dict:
    """Return what datasets say as a whole, the first first; nothing that describes a variable."""
    found = {key: value for data in reversed(datasets) for key, value in data.attrs.items()}
    return {key: value for key, value in found.items() if key not in ("units", "long_name")}
