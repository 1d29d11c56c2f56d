"""The voxels of a phase inside the page, for the picture that a reader can turn."""

import base64
import html
import zlib

import numpy as np
import xarray as xr

#: most voxels along an edge that are put into a page
MOST = 96


def turnable(coarse: xr.DataArray, sample: str = "") -> str:
    """Return the element of the page that holds a coarse phase, deflated, and its size.

    Parameters
    ----------
    coarse
        `phase_percent` of :func:`poreflux.preview`; of more than 96 voxels along an edge the means
        of cubes of 2 (3, …) voxels.
    sample
        whose it is, where there are several in one figure.

    Examples
    --------
    >>> import poreflux
    >>> text = turnable(poreflux.preview(poreflux.phantoms.layers((8, 8, 8)))["phase_percent"])
    >>> text.startswith('<div class="turn" hidden data-shape="8,8,8" data-size="1,1,1">')
    True
    """
    times = -(-max(coarse.shape) // MOST)
    percent = np.rint(_means(coarse.values, times)).astype(np.uint8)
    size = [2 * float(coarse[d][0]) * times for d in coarse.dims]
    data = base64.b64encode(zlib.compress(percent.tobytes(), 9)).decode()
    shape = ",".join(map(str, percent.shape))
    sizes = ",".join(f"{edge:.6g}" for edge in size)
    whose = f' data-sample="{html.escape(sample)}"' if sample else ""
    attributes = f'data-shape="{shape}" data-size="{sizes}"{whose}'
    return f'<div class="turn" hidden {attributes}>{data}</div>'


def _means(values: np.ndarray, times: int) -> np.ndarray:
    """Return the means of cubes of so many voxels, of what there is of them at the ends."""
    means = values.astype(float)
    for axis, count in enumerate(values.shape):
        starts = np.arange(0, count, times)
        lengths = np.minimum(times, count - starts)
        sums = np.add.reduceat(means, starts, axis=axis)
        means = sums / lengths.reshape([-1 if k == axis else 1 for k in range(3)])
    return means
