"""Maps inside the page as whole numbers, which its script writes as a table."""

import base64
import html
import math
import zlib

import numpy as np
import xarray as xr

#: stands for no value
MISSING = -32768


def packed(array: xr.DataArray, sample: str) -> str:
    """Return the element of the page that holds a map: deflated, and rounded to four digits.

    Parameters
    ----------
    array
        on two evenly spaced dims.
    sample
        whose it is.

    Examples
    --------
    >>> image = xr.DataArray([[0.5, 1.25]], {"y": [1.0], "x": [1.0, 3.0]}, name="current")
    >>> print(packed(image, "a").partition(">")[0])
    <div class="grid" hidden data-sample="a" data-header="y,x,current" data-shape="1,2" \
data-start="1,1" data-spacing="0,2" data-step="0.001"
    """
    values = array.values.astype(float)
    known = np.isfinite(values)
    largest = float(np.abs(values[known]).max()) if known.any() else 0.0
    step = 10.0 ** (math.floor(math.log10(largest)) - 3 if largest > 0 else 0)
    whole = np.full(values.shape, MISSING, "<i2")
    whole[known] = np.rint(values[known] / step)
    data = base64.b64encode(zlib.compress(whole.tobytes(), 9)).decode()
    places = [array[dim].values.astype(float) for dim in array.dims]
    attributes = {
        "sample": sample,
        "header": ",".join(_titled(one) for one in (*(array[d] for d in array.dims), array)),
        "shape": ",".join(map(str, array.shape)),
        "start": ",".join(f"{place[0]:.7g}" for place in places),
        "spacing": ",".join(f"{_spacing(place):.7g}" for place in places),
        "step": f"{step:g}",
    }
    shown = " ".join(f'data-{key}="{html.escape(text)}"' for key, text in attributes.items())
    return f'<div class="grid" hidden {shown}>{data}</div>'


def _spacing(places: np.ndarray) -> float:
    return float((places[-1] - places[0]) / (places.size - 1)) if places.size > 1 else 0.0


def _titled(array: xr.DataArray) -> str:
    """Return the name of a column with its unit."""
    unit = array.attrs.get("units", "1")
    return str(array.name) if unit == "1" else f"{array.name} [{unit}]"
