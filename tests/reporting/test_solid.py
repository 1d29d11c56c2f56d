"""The voxels in the page are those of the preview, or means of them."""

import base64
import re
import zlib

import numpy as np
import xarray as xr

from poreflux.reporting.solid import turnable


def test_large_volumes_are_turned_as_means_of_cubes():
    wide = np.zeros((3, 4, 100), np.uint8)
    wide[:, :, 0] = 100
    centres = {f"coarse_{d}": (np.arange(n) + 0.5) * 2.0 for d, n in zip("zyx", wide.shape)}
    text = turnable(xr.DataArray(wide, dims=tuple(centres), coords=centres))
    assert 'data-shape="2,2,50" data-size="4,4,4"' in text
    held = zlib.decompress(base64.b64decode(re.search(r">([^<]+)<", text).group(1)))
    assert np.frombuffer(held, np.uint8).reshape(2, 2, 50)[:, :, :2].tolist() == [[[50, 0]] * 2] * 2
