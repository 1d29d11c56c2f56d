"""Grey-value histogram: how many voxels have each grey value, and the thresholds."""

import xarray as xr

from poreflux.schema import attributes
from poreflux.volume import require


def gray_histogram(volume: xr.Dataset) -> xr.Dataset:
    """Return the histogram and the thresholds that a segmentation recorded.

    Parameters
    ----------
    volume
        made by :func:`poreflux.segment`, or read from where it was stored.

    Returns
    -------
    Dataset with `gray_histogram` over (gray_value,), in bins where there are many grey values,
    `threshold` over (cut,), and `separability`.

    Examples
    --------
    >>> import numpy as np
    >>> from poreflux import from_array, segment
    >>> gray = from_array(np.array([[[10, 12, 12], [90, 91, 95]]], np.uint8), kind="gray")
    >>> gray_histogram(segment(gray))["gray_histogram"].sel(gray_value=12).item()
    2
    """
    record = require(volume, "phase").attrs.get("segmentation")
    if record is None:
        raise KeyError("the phases of the volume were not made by segment; there is no histogram")
    counts = ("gray_value", record["histogram"]["counts"], attributes("gray_histogram"))
    values = (
        "gray_value",
        record["histogram"]["values"],
        {"units": "1", "long_name": "grey value"},
    )
    return xr.Dataset(
        {
            "gray_histogram": counts,
            "threshold": ("cut", record["thresholds"], attributes("threshold")),
            "separability": ((), record["separability"], attributes("separability")),
        },
        coords={"gray_value": values},
    )
