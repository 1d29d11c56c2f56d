"""Bytes without a header: shape and dtype must be told."""

import functools
import math
from collections.abc import Sequence
from io import FileIO
from pathlib import Path

import dask.array as da
import numpy as np
from numpy.typing import DTypeLike

from poreflux.errors import UnreadableImage
from poreflux.readers.description import Description, Wanted, choose, named_axes
from poreflux.readers.image import Image, plane_chunks
from poreflux.readers.lazy import Box, from_chunks

#: mean step to the neighbour over the mean difference of any two voxels: of noise it is 1
_NOISE, _SMOOTH = 0.75, 0.5
#: planes that are looked at
_LOOKED_AT = 3


def read(
    path: Path,
    wanted: Wanted,
    *,
    shape: Sequence[int] | None,
    dtype: DTypeLike | None,
    header: int = 0,
) -> Image:
    """Read a raw file of this shape and dtype behind a header of so many bytes."""
    if shape is None or dtype is None:
        raise ValueError(
            f"{path} has no header that is known; give its shape=(z, y, x) and dtype, such as '<u2'"
        )
    try:
        shape = tuple(int(n) for n in shape)
        dtype = np.dtype(dtype)
    except TypeError as error:
        raise ValueError(f"shape={shape}, dtype={dtype!r}: {error}") from error
    if dtype.kind not in "biuf" or not shape or min(shape) < 1:
        raise ValueError(f"shape={shape}, dtype={dtype} is no volume of numbers")
    described = Description("raw numbers", named_axes(shape), str(dtype))
    try:
        choice = choose(described, path, wanted)
    except UnreadableImage as error:
        raise ValueError(f"shape={shape}: {error}") from error
    need, there = math.prod(shape) * dtype.itemsize + header, path.stat().st_size
    if header < 0 or need != there:
        raise UnreadableImage(
            f"{path} has {there} bytes; shape {'x'.join(map(str, shape))} of {dtype.itemsize} "
            f"bytes with a header of {header} makes {need}; give the right shape, dtype or header"
        )
    array = flat(path, header, shape, dtype, index=choice.index)
    return Image(array, described.noting(*_doubts(path, array, dtype)), choice, [path])


def _doubts(path: Path, array: da.Array, dtype: np.dtype) -> list[str]:
    """Return what in the voxels speaks against the byte order or the shape that was given."""
    middle = array.shape[0] // 2
    with np.errstate(all="ignore"):
        planes = np.asarray(array[middle : middle + _LOOKED_AT].compute())
        along = {dim: roughness(planes, axis) for axis, dim in ((1, "y"), (2, "x"))}
        swapped = roughness(planes.byteswap(), 2) if dtype.itemsize > 1 else math.nan
        # NaN, where numbers are not finite, is rough
        rough = not along["x"] <= max(_NOISE, swapped)
        strange = dtype.kind == "f" and _usual(planes) < 0.5 and _usual(planes.byteswap()) > 0.99
        if strange or (rough and swapped < 0.6 * _NOISE):
            other = dtype.newbyteorder("S").str
            return [
                f"as {dtype.str} the voxels of {path.name} look like noise, as {other} they do "
                f"not: is the byte order dtype={other!r}?"
            ]
        if along["x"] < _SMOOTH and along["y"] > _NOISE:
            return [
                f"the rows of {path.name} do not fit to each other as the voxels in a row do: is "
                f"shape={array.shape} in the order z, y, x?"
            ]
    return []


def _usual(values: np.ndarray) -> float:
    """Return the share of numbers of a size that grey values have; of swapped bytes few have it."""
    size = np.abs(values)
    return float(np.mean((size == 0) | ((size > 1e-12) & (size < 1e12))))


def roughness(values: np.ndarray, axis: int) -> float:
    """Return the mean step to the next voxel over the mean difference of any two; 1 for noise.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.integers(0, 99, (20, 20, 20))
    >>> bool(roughness(noise, 2) > 0.9), bool(roughness(np.sort(noise, axis=2), 2) < 0.2)
    (True, True)
    """
    numbers = values.astype(float)
    if values.shape[axis] < 2 or not np.all(np.isfinite(numbers)):
        return math.nan
    steps = np.abs(np.diff(numbers, axis=axis)).mean()
    anyhow = numbers.ravel()[np.random.default_rng(0).permutation(numbers.size)]
    apart = np.abs(np.diff(anyhow)).mean()
    return float(steps / apart) if apart > 0 else math.nan


def flat(
    path: Path,
    offset: int,
    shape: Sequence[int],
    dtype: np.dtype,
    *,
    index: Sequence[int | slice] | None = None,
    fortran: bool = False,
) -> da.Array:
    """Return a lazy array of numbers that lie one after the other in a file.

    `index` has a number for each axis that is chosen from, and leaves three slices. With
    ``fortran`` the first axis varies fastest.
    """
    stored, at = _as_stored(shape, index, fortran)
    status = path.stat()
    if offset + math.prod(stored) * dtype.itemsize > status.st_size:
        raise UnreadableImage(
            f"{path} is cut short: it has {status.st_size} bytes, its header announces "
            f"{offset + math.prod(stored) * dtype.itemsize}; fetch it again"
        )
    stored, at, skipped = leading(stored, at)
    lazy = from_chunks(
        functools.partial(read_flat, path, offset + skipped * dtype.itemsize, stored, at, dtype),
        [n for n, i in zip(stored, at) if isinstance(i, slice)],
        dtype.newbyteorder("="),
        chunks_within(stored, at, dtype.itemsize),
        token=(str(path), status.st_size, status.st_mtime_ns, offset, dtype.str, stored, str(at)),
    )
    return lazy.T if fortran else lazy


def _as_stored(
    shape: Sequence[int], index: Sequence[int | slice] | None, fortran: bool
) -> tuple[tuple[int, ...], tuple[int | slice, ...]]:
    at = tuple(index) if index is not None else (slice(None),) * len(shape)
    return (tuple(shape[::-1]), at[::-1]) if fortran else (tuple(shape), at)


def leading(
    stored: Sequence[int], at: Sequence[int | slice]
) -> tuple[tuple[int, ...], tuple[int | slice, ...], int]:
    """Return shape and index without the numbers they begin with, and the values these skip.

    Examples
    --------
    >>> leading((2, 20, 32, 40), (1, slice(None), slice(None), slice(None)))[::2]
    ((20, 32, 40), 25600)
    """
    stored, at, skipped = tuple(stored), tuple(at), 0
    while not isinstance(at[0], slice):
        skipped += at[0] * math.prod(stored[1:])
        stored, at = stored[1:], at[1:]
    return stored, at, skipped


def chunks_within(
    stored: Sequence[int], at: Sequence[int | slice], itemsize: int
) -> tuple[int, ...]:
    """Return chunks of whole planes of what is left, of which all is read to choose from."""
    planes = plane_chunks(stored, itemsize)[0]
    return (planes, *(n for n, i in zip(stored[1:], at[1:]) if isinstance(i, slice)))


def read_flat(
    path: Path,
    offset: int,
    shape: Sequence[int],
    at: Sequence[int | slice],
    dtype: np.dtype,
    start: Box,
    stop: Box,
) -> np.ndarray:
    """Read one box: whole planes in one piece, or each plane's rows where nothing is chosen."""
    planes, lines = stop[0] - start[0], stop[1] - start[1]
    with path.open("rb", buffering=0) as file:
        if len(shape) > 3:
            whole = np.empty((planes, *shape[1:]), dtype)
            plane = math.prod(shape[1:]) * dtype.itemsize
            fill(file, offset + start[0] * plane, whole, path)
            values = whole[(slice(None), *at[1:])][:, start[1] : stop[1]]
        else:
            values = np.empty((planes, lines, *shape[2:]), dtype)
            rows = math.prod(shape[2:]) * dtype.itemsize
            if lines == shape[1]:
                fill(file, offset + start[0] * shape[1] * rows, values, path)
            else:
                for k in range(planes):
                    first = (start[0] + k) * shape[1] + start[1]
                    fill(file, offset + first * rows, values[k], path)
    return values[:, :, start[2] : stop[2]].astype(dtype.newbyteorder("="), copy=False)


def fill(file: FileIO, position: int, values: np.ndarray, path: Path) -> None:
    """Read the numbers from a byte of an open file on into an array that is contiguous."""
    file.seek(position)
    buffer = values.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(buffer):
        count = file.readinto(buffer[done:])
        if not count:
            raise UnreadableImage(f"{path} was cut short while it was read; fetch it again")
        done += count
