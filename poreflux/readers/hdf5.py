"""HDF5, read by a process apart: its library dies of some damage that a file can have."""

import functools
from pathlib import Path
from typing import Any

import numpy as np

from poreflux.readers import apart
from poreflux.readers.description import Wanted
from poreflux.readers.image import Image, aligned_chunks, plane_chunks
from poreflux.readers.lazy import Box, from_chunks
from poreflux.readers.missing import filled


def read(path: Path, wanted: Wanted, *, reverse: bool = False) -> Image:
    """Read one dataset of an HDF5 file: NeXus' default, ``exchange/data`` or the only volume.

    With ``reverse`` its axes are taken from the last to the first, as MATLAB stores them.
    """
    found = apart.layout(path, wanted, reverse=reverse)
    itemsize = found.dtype.itemsize
    if found.native:
        chunks = aligned_chunks(found.shape, itemsize, found.native)
    else:
        chunks = plane_chunks(found.shape, itemsize)
    status = path.stat()
    box = functools.partial(_box, path, found.name, found.index, found.dtype)
    lazy = from_chunks(
        filled(box, found.lost, found.index, wanted.missing_as),
        found.shape,
        found.dtype,
        chunks,
        token=(str(path), status.st_size, status.st_mtime_ns, found.name, str(found.index),
               len(found.lost), str(wanted.missing_as)),
    )  # fmt: skip
    how: dict[str, Any] = {"dataset": found.name}
    if found.lost:
        how["missing_as"] = wanted.missing_as
    return Image(
        lazy.T if reverse else lazy,
        found.description,
        found.choice,
        found.files,
        how,
        no_value=found.no_value,
    )


def _box(
    path: Path, name: str, index: tuple[int | slice, ...], dtype: np.dtype, start: Box, stop: Box
) -> np.ndarray:
    return apart.box(path, name, index, dtype, start, stop)
