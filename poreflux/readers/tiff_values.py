"""What a TIFF file says of its values: how they are shown, packed, and which stand for none."""

import functools
import math
from collections.abc import Callable
from contextlib import suppress

import dask.array as da
import numpy as np
import tifffile

from poreflux.readers import ifd

#: compressions of TIFF that change values, or may
_LOSSY = {
    **dict.fromkeys((6, 7, 34892), "JPEG"),
    **dict.fromkeys((22610, 34934), "JPEG XR"),
    **dict.fromkeys((33003, 33004, 33005, 34712), "JPEG 2000"),
    34887: "LERC",
    **dict.fromkeys((34927, 50001), "WebP"),
    50002: "JPEG XL",
}
_GDAL_NODATA = 42113


def lossy(page: ifd.Page, name: str) -> list[str]:
    """Return what to say of pages whose compression may change grey values."""
    packing = _LOSSY.get(page.kind[4])
    return [f"{name} is compressed as {packing}: grey values may not be as measured"] * bool(
        packing
    )


def no_value(file: tifffile.TiffFile, page: ifd.Page) -> float | None:
    """Return the value that GDAL's tag says is none, where it is a number."""
    with suppress(Exception):
        said = float(file.pages[page.index].tags[_GDAL_NODATA].value)  # type: ignore[union-attr]
        return said if math.isfinite(said) else None
    return None


def shown(
    photometric: int, dtype: np.dtype, kind: str, name: str
) -> tuple[list[str], Callable[[da.Array], da.Array]]:
    """Return what to say of how low values are shown, and the function that makes them black."""
    if photometric == 3:
        return [f"{name} holds numbers of colours in a palette, which are taken as its values"], _as
    if photometric != 0:
        return [], _as
    if kind == "gray" and dtype.kind in "bu":
        most = 1 if dtype.kind == "b" else int(np.iinfo(dtype).max)
        said = f"{name} is WhiteIsZero: grey values are turned over (v becomes {most} - v), so "
        return [said + "that low is black as it is shown"], functools.partial(_turned, dtype=dtype)
    return [f"{name} is WhiteIsZero: low values are shown white; values are kept as stored"], _as


def _as(array: da.Array) -> da.Array:
    return array


def _turned(array: da.Array, dtype: np.dtype) -> da.Array:
    return da.map_blocks(_negative, array, dtype=dtype.newbyteorder("="))


def _negative(values: np.ndarray) -> np.ndarray:
    return ~values
