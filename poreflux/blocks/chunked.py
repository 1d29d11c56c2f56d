"""Arrays in chunks, and functions of one block mapped over them, with or without ghosts."""

import weakref
from collections.abc import Callable, Sequence

import dask.array as da
import numpy as np
from dask.base import tokenize

#: edge in voxels of the blocks of an array that is whole in memory
_EDGE = 128

_names: dict[int, tuple[weakref.ref, str]] = {}


def chunked(array) -> da.Array:
    """Return the array as a dask array; one in memory is cut into blocks, not copied.

    The name is made of the contents, once for each array, so that computations on it share their
    blocks and results are known again in another process.

    Examples
    --------
    >>> chunked(np.zeros((200, 10, 10))).chunks
    ((128, 72), (10,), (10,))
    """
    if isinstance(array, da.Array):
        return array
    array = np.asarray(array)
    return da.from_array(array, chunks=(_EDGE,) * array.ndim, name=_name(array))


def map_blocks(function: Callable, *arrays, dtype) -> da.Array:
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
    others = [chunked(array).rechunk(first.chunks) for array in arrays[1:]]
    meta = np.empty((0,) * first.ndim, dtype)
    return da.map_blocks(function, first, *others, dtype=dtype, meta=meta)


def map_blocks_at(function: Callable, *arrays, dtype) -> da.Array:
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
    function: Callable, array, depth: int | Sequence[int], *, boundary="reflect", dtype=None
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
        ``"periodic"``, or a number.
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
    result = da.map_overlap(
        function,
        source,
        depth=dict(enumerate(depths)),
        boundary=boundary,
        dtype=dtype,
        meta=np.empty((0,) * source.ndim, dtype),
    )
    return result if result.chunks == source.chunks else result.rechunk(source.chunks)


class _At:
    """Give a function the start of its block."""

    def __init__(self, function: Callable):
        self.function = function

    def __call__(self, *blocks, block_info=None):
        start = tuple(first for first, _ in block_info[0]["array-location"])
        return self.function(start, *blocks)

    def __dask_tokenize__(self):
        return "_At", tokenize(self.function)


def _name(array: np.ndarray) -> str:
    key = id(array)
    known = _names.get(key)
    if known is None or known[0]() is not array:
        watch = weakref.ref(array, lambda _: _names.pop(key, None))
        known = _names[key] = (watch, f"in-memory-{tokenize(array, _EDGE)}")
    return known[1]
