"""Bytes without a header: shape and dtype must be told."""

import functools
import math
from collections.abc import Sequence
from pathlib import Path

import dask.array as da
import numpy as np

from poreflux.errors import UnreadableImage
from poreflux.readers.image import Image, plane_chunks, three_axes
from poreflux.readers.lazy import from_chunks


def read(path: Path, *, shape: Sequence[int] | None, dtype, header: int = 0) -> Image:
    """Read a raw file of this shape and dtype behind a header of so many bytes."""
    if shape is None or dtype is None:
        raise ValueError(
            f"{path} has no header that is known; give its shape=(z, y, x) and dtype, such as '<u2'"
        )
    try:
        shape = three_axes(shape, path)
        dtype = np.dtype(dtype)
    except (TypeError, UnreadableImage) as error:
        raise ValueError(f"shape={shape}, dtype={dtype!r}: {error}") from error
    if dtype.kind not in "biuf" or min(shape) < 1:
        raise ValueError(f"shape={shape}, dtype={dtype} is no volume of numbers")
    need, there = math.prod(shape) * dtype.itemsize + header, path.stat().st_size
    if header < 0 or need != there:
        raise UnreadableImage(
            f"{path} has {there} bytes; shape {'x'.join(map(str, shape))} of {dtype.itemsize} "
            f"bytes with a header of {header} makes {need}; give the right shape, dtype or header"
        )
    return Image(flat(path, header, shape, dtype), files=[path])


def flat(
    path: Path, offset: int, shape: Sequence[int], dtype: np.dtype, *, fortran: bool = False
) -> da.Array:
    """Return a lazy array of numbers that lie one after the other in a file.

    With ``fortran`` the first axis varies fastest.
    """
    stored = tuple(shape[::-1]) if fortran else tuple(shape)
    status = path.stat()
    if offset + math.prod(stored) * dtype.itemsize > status.st_size:
        raise UnreadableImage(
            f"{path} is cut short: it has {status.st_size} bytes, its header announces "
            f"{offset + math.prod(stored) * dtype.itemsize}; fetch it again"
        )
    lazy = from_chunks(
        functools.partial(read_flat, path, offset, stored, dtype),
        stored,
        dtype.newbyteorder("="),
        plane_chunks(stored, dtype.itemsize),
        token=(str(path), status.st_size, status.st_mtime_ns, offset, dtype.str),
    )
    return lazy.T if fortran else lazy


def read_flat(path: Path, offset: int, shape, dtype: np.dtype, start, stop) -> np.ndarray:
    """Read one box; whole planes in one piece, otherwise each plane's rows."""
    rows = math.prod(shape[2:]) * dtype.itemsize
    planes, lines = stop[0] - start[0], stop[1] - start[1]
    values = np.empty((planes, lines, *shape[2:]), dtype)
    with path.open("rb", buffering=0) as file:
        if lines == shape[1]:
            _fill(file, offset + start[0] * shape[1] * rows, values, path)
        else:
            for k in range(planes):
                first = (start[0] + k) * shape[1] + start[1]
                _fill(file, offset + first * rows, values[k], path)
    return values[:, :, start[2] : stop[2]].astype(dtype.newbyteorder("="), copy=False)


def _fill(file, position: int, values: np.ndarray, path: Path) -> None:
    file.seek(position)
    buffer = values.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(buffer):
        count = file.readinto(buffer[done:])
        if not count:
            raise UnreadableImage(f"{path} was cut short while it was read; fetch it again")
        done += count
