"""Arrays in chunks, and functions of one block mapped over them, with or without ghosts."""

import uuid
import weakref
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import dask.array as da
import google_crc32c
import numpy as np
from dask.base import tokenize
from numpy.typing import DTypeLike

from poreflux.annotations import AnyArray
from poreflux.readers.lazy import from_chunks

#: edge in voxels of the blocks of an array that is whole in memory
_EDGE = 128

#: of arrays in memory: a weak reference, a checksum, and the name of the contents
_tokens: dict[int, tuple[weakref.ref, int, str]] = {}


#: of arrays in memory: a weak reference, and the name of the object
_objects: dict[int, tuple[weakref.ref, str]] = {}


def chunked(array: AnyArray, *, by_contents: bool = True) -> da.Array:
    """Return the array as a dask array; one in memory is cut into blocks, each copied when used.

    Its name depends on its contents alone, so that computations on it share their blocks, and names
    are the same in another process. With ``by_contents=False``, for what is saved under no name,
    it is that of the object: the contents need not be read for it.

    Examples
    --------
    >>> chunked(np.zeros((200, 10, 10))).chunks
    ((128, 72), (10,), (10,))
    """
    if isinstance(array, da.Array):
        return array
    array = np.asarray(array)
    token = _token(array) if by_contents else _name_of_object(array)
    # and not dask's from_array, which would copy the whole array at once
    edges: Any = _EDGE if by_contents else _wide(array.shape)
    return from_chunks(Cut(array, token), array.shape, array.dtype, edges, token=token)


def _wide(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the edges of blocks of long rows, which are quicker to take out of an array in memory.

    Examples
    --------
    >>> _wide((512, 512, 512)), _wide((250, 250, 250)), _wide((100, 100, 100))
    ((64, 64, 512), (128, 64, 250), (128, 128, 128))
    """
    edges = [_EDGE] * len(shape)
    for axis in range(len(shape) - 2, -1, -1):
        if edges[-1] < min(shape[-1], 4 * _EDGE):
            edges[-1] *= 2
            edges[axis] //= 2
    edges[-1] = min(edges[-1], max(shape[-1], _EDGE))
    return tuple(edges)


def map_blocks(function: Callable, *arrays: AnyArray, dtype: DTypeLike) -> da.Array:
    """Apply a function of blocks to arrays of one shape, lazily; the result has that shape.

    Parameters
    ----------
    function
        takes one block of each array, all of the same box, and returns one of that shape.
    arrays
        of one shape; all are brought to the chunks of the first.
    dtype
        of the result.

    Examples
    --------
    >>> map_blocks(np.negative, np.ones((2, 2, 2)), dtype=float).sum().compute()
    np.float64(-8.0)
    """
    first = chunked(arrays[0])
    rechunked = [chunked(array).rechunk(first.chunks) for array in arrays[1:]]
    meta = np.empty((0,) * first.ndim, dtype)
    return da.map_blocks(function, first, *rechunked, dtype=dtype, meta=meta)


def map_blocks_at(function: Callable, *arrays: AnyArray, dtype: DTypeLike) -> da.Array:
    """Apply a function that also takes the index of the block's first voxel, as the first argument.

    Otherwise as :func:`map_blocks`.

    Examples
    --------
    >>> rows = map_blocks_at(lambda start, a: a + start[0], np.zeros((200, 2, 2)), dtype=float)
    >>> rows[:, 0, 0].compute()[[0, 127, 128, 199]]
    array([  0.,   0., 128., 128.])
    """
    return map_blocks(_At(function), *arrays, dtype=dtype)


def map_with_ghosts(
    function: Callable,
    array: AnyArray,
    depth: int | Sequence[int],
    *,
    boundary: str | float = "reflect",
    dtype: DTypeLike | None = None,
) -> da.Array:
    """Apply a function of one block and its surroundings to an array, lazily.

    The answer does not depend on the chunks, as long as what the function returns for a voxel
    depends on no voxel farther than `depth`.

    Parameters
    ----------
    function
        takes a block with `depth` ghosts on each side and returns an array of that shape; the
        ghosts of what it returns are cut off.
    array
        of any chunks, also thinner than `depth`.
    depth
        ghosts in voxels, one number or one for each axis.
    boundary
        what lies outside the array: ``"reflect"`` (d c b a | a b c d), ``"nearest"``,
        ``"periodic"``, a number, or ``"none"``: then blocks have no ghosts there.
    dtype
        of the result; that of the array by default.

    Examples
    --------
    >>> from scipy.ndimage import maximum_filter
    >>> array = np.zeros((4, 4, 4))
    >>> array[1, 1, 1] = 1
    >>> widened = map_with_ghosts(lambda block: maximum_filter(block, 3), array, 1)
    >>> int(widened.sum().compute())
    27
    """
    source = chunked(array)
    depths = tuple(np.broadcast_to(depth, source.ndim).tolist())
    dtype = np.dtype(dtype or source.dtype)
    if not any(depths):
        return map_blocks(function, source, dtype=dtype)
    thin = [axis for axis, (n, d) in enumerate(zip(source.shape, depths)) if n < d]
    if thin:  # dask takes no ghosts of these axes: each block spans them, and is padded
        added = tuple(d if axis in thin else 0 for axis, d in enumerate(depths))
        padded = function if boundary == "none" else _Padded(function, added, boundary)
        remaining = [0 if axis in thin else d for axis, d in enumerate(depths)]
        rechunked = source.rechunk(dict.fromkeys(thin, -1))
        result = map_with_ghosts(padded, rechunked, remaining, boundary=boundary, dtype=dtype)
        return result.rechunk(source.chunks)
    result = da.map_overlap(
        function,
        source,
        depth=dict(enumerate(depths)),
        boundary=boundary,
        dtype=dtype,
        meta=np.empty((0,) * source.ndim, dtype),
    )
    return result if result.chunks == source.chunks else result.rechunk(source.chunks)


def map_with_ghosts_at(
    function: Callable,
    array: AnyArray,
    depth: int | Sequence[int],
    *,
    boundary: str | float = "reflect",
    dtype: DTypeLike | None = None,
) -> da.Array:
    """Apply a function that also takes the index of the first voxel, a ghost, of its block.

    Otherwise as :func:`map_with_ghosts`; the index is negative where ghosts lie outside the array.

    Examples
    --------
    >>> starts = []
    >>> def record(start, block):
    ...     starts.append(start)
    ...     return block
    >>> array = map_with_ghosts_at(record, np.zeros((200, 2, 2)), (1, 0, 0)).compute()
    >>> sorted(starts)
    [(-1, 0, 0), (127, 0, 0)]
    """
    depths = tuple(np.broadcast_to(depth, 3).tolist())
    if not any(depths):
        return map_blocks_at(function, array, dtype=np.dtype(dtype or chunked(array).dtype))
    located = _WithGhostsAt(function, depths)
    return map_with_ghosts(located, array, depths, boundary=boundary, dtype=dtype)


class _At:
    """Give a function the start of its block."""

    __name__ = "at"  # which dask would otherwise make of the address in memory

    def __init__(self, function: Callable):
        self.function = function

    def __call__(self, *blocks: np.ndarray, block_info: Any = None) -> np.ndarray:
        start = tuple(first for first, _ in block_info[0]["array-location"])
        return self.function(start, *blocks)

    def __dask_tokenize__(self) -> Any:
        return "_At", tokenize(self.function)


class _Padded:
    """Give a function a block with ghosts along axes that are thinner than these."""

    __name__ = "padded"
    _MODES: ClassVar[dict[str, Any]] = {
        "reflect": "symmetric",
        "nearest": "edge",
        "periodic": "wrap",
    }

    def __init__(self, function: Callable, added: Sequence[int], boundary: str | float):
        self.function, self.added, self.boundary = function, added, boundary

    def __call__(self, block: np.ndarray) -> np.ndarray:
        pads: list[tuple[int, int]] = [(d, d) for d in self.added]
        if self.boundary in self._MODES:
            padded = np.pad(block, pads, self._MODES[self.boundary])
        else:
            padded = np.pad(block, pads, constant_values=self.boundary)
        result = self.function(padded)
        return result[tuple(slice(d, d + n) for d, n in zip(self.added, block.shape))]

    def __dask_tokenize__(self) -> Any:
        return "_Padded", tokenize(self.function), self.added, self.boundary


class _WithGhostsAt:
    """Give a function the start of its block with the ghosts."""

    __name__ = "with_ghosts_at"

    def __init__(self, function: Callable, depths: Sequence[int]):
        self.function, self.depths = function, depths

    def __call__(self, block: np.ndarray, block_info: Any = None) -> np.ndarray:
        where = block_info[0]
        # blocks are listed with their ghosts on: each one before moved this one by two depths
        spans = zip(where["array-location"], where["chunk-location"], self.depths)
        return self.function(tuple(low - 2 * d * i - d for (low, _), i, d in spans), block)

    def __dask_tokenize__(self) -> Any:
        return "_WithGhostsAt", tokenize(self.function), self.depths


class Cut:
    """Take one block out of an array in memory."""

    def __init__(self, array: np.ndarray, token: str):
        self.array, self.token = array, token

    def __call__(self, start: tuple[int, ...], stop: tuple[int, ...]) -> np.ndarray:
        # contiguous, and the caller's array stays as it is
        return self.lend(tuple(map(slice, start, stop))).copy()

    def lend(self, box: tuple[slice, ...]) -> np.ndarray:
        """Return a part of the caller's array, which nobody may change."""
        return self.array[box]

    def __dask_tokenize__(self) -> Any:
        return self.token


def _token(array: np.ndarray) -> str:
    """Return a name of the contents, made once, and again where a checksum finds them changed."""
    if isinstance(array, np.memmap):  # known by its file, which is not read for it
        return tokenize(array)
    key, checksum = id(array), _checksum(array)
    entry = _tokens.get(key)
    if entry is None or entry[0]() is not array or entry[1] != checksum:
        reference = weakref.ref(array, lambda _: _tokens.pop(key, None))
        entry = _tokens[key] = (reference, checksum, tokenize(array))
    return entry[2]


def _name_of_object(array: np.ndarray) -> str:
    """Return a name that no other array has while this one is in use."""
    if isinstance(array, np.memmap):
        return tokenize(array)
    key, entry = id(array), _objects.get(id(array))
    if entry is None or entry[0]() is not array:
        reference = weakref.ref(array, lambda _: _objects.pop(key, None))
        entry = _objects[key] = (reference, uuid.uuid4().hex)
    return entry[1]


def _checksum(array: np.ndarray) -> int:
    return google_crc32c.value(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
