"""What of a scan is no sample: NaN, and what a mask leaves out, is absent for every step."""

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import AnyArray


def inside(volume: xr.Dataset) -> AnyArray | None:
    """Return which voxels are sample, lazily; None where all are, for sure.

    Examples
    --------
    >>> from poreflux import from_array
    >>> gray = from_array(np.array([[[np.nan, 1.0, 2.0]]]), kind="gray")
    >>> inside(gray).compute()
    array([[[False,  True,  True]]])
    """
    gray = blocks.chunked(volume["gray"].data)
    masks = [volume["mask"].data] if "mask" in volume else []
    if gray.dtype.kind != "f":
        return masks[0] if masks else None
    return blocks.map_blocks(_known, gray, *masks, dtype=bool)


def marked(values: AnyArray, sample: AnyArray) -> AnyArray:
    """Return grey values as floats, lazily, with NaN outside of the sample."""
    dtype = values.dtype if values.dtype.kind == "f" else _float(values.dtype)
    return blocks.map_blocks(_marked, values, sample, dtype=dtype)


def _float(dtype: np.dtype) -> np.dtype:
    """Return the float that holds these integers exactly."""
    return np.dtype(np.float32 if dtype.itemsize <= 2 else np.float64)


def _known(gray: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    known = ~np.isnan(gray)
    return known if mask is None else known & mask.astype(bool, copy=False)


def _marked(values: np.ndarray, sample: np.ndarray) -> np.ndarray:
    dtype = values.dtype if values.dtype.kind == "f" else _float(values.dtype)
    return np.where(sample, values, dtype.type(np.nan)).astype(dtype, copy=False)
