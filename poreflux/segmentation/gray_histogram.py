"""Grey-value histogram: how many voxels have each grey value, and the thresholds."""

import xarray as xr

from poreflux.schema import attributes
from poreflux.segmentation.histogram import histogram
from poreflux.segmentation.solid_level import arrays_of
from poreflux.volume import require

#: bins at most
_BINS = 256


def gray_histogram(volume: xr.Dataset) -> xr.Dataset:
    """Return the histogram and the thresholds that a segmentation recorded, or that of a scan.

    Parameters
    ----------
    volume
        made by :func:`poreflux.segment`, or read from where it was stored; without `phase` the grey
        values of the sample are counted at once, in one pass (two for floats).

    Returns
    -------
    Dataset with `gray_histogram` over (gray_value,), in bins where there are many grey values, and
    of a segmentation `threshold` over (cut,), and `separability`.

    Examples
    --------
    >>> import numpy as np
    >>> from poreflux import from_array, segment
    >>> gray = from_array(np.array([[[10, 12, 12], [90, 91, 95]]], np.uint8), kind="gray")
    >>> gray_histogram(segment(gray))["gray_histogram"].sel(gray_value=12).item()
    2
    """
    if "phase" not in volume:
        require(volume, "gray")
        return _dataset(histogram(arrays_of(volume)).grouped(_BINS))
    record = volume["phase"].attrs.get("segmentation")
    if record is None:
        raise KeyError("the phases of the volume were not made by segment; there is no histogram")
    return _dataset(record["histogram"]).assign(
        {
            "threshold": ("cut", record["thresholds"], attributes("threshold")),
            "separability": ((), record["separability"], attributes("separability")),
        }
    )


def _dataset(bins: dict) -> xr.Dataset:
    counts = ("gray_value", bins["counts"], attributes("gray_histogram"))
    values = ("gray_value", bins["values"], {"units": "1", "long_name": "grey value"})
    return xr.Dataset({"gray_histogram": counts}, coords={"gray_value": values})
