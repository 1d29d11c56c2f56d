"""A function that makes one box of an array becomes a lazy array."""

import weakref
from collections.abc import Callable, Sequence

import dask.array as da
import numpy as np
from dask.base import tokenize
from numpy.typing import DTypeLike

Box = tuple[int, ...]

#: of the lazy arrays that are in use, by their names
_SOURCES: "weakref.WeakValueDictionary[str, Source]" = weakref.WeakValueDictionary()


def from_chunks(
    function: Callable[[Box, Box], np.ndarray],
    shape: Sequence[int],
    dtype: DTypeLike,
    chunks: int | str | Sequence[int | Sequence[int]],
    *,
    token: object = None,
) -> da.Array:
    """Make a lazy array of a function that is called once for each chunk.

    Parameters
    ----------
    function
        ``function(start, stop)`` returns the values of the box ``start <= index < stop``. It may be
        called for any box, from several threads at once, and in other processes (so it should be
        picklable: a function of a module, or a ``functools.partial`` of one).
    shape, dtype
        of the whole array.
    chunks
        as dask takes them: one number, one for each axis, or all sizes.
    token
        anything that identifies the values (file, size, time of change); by default the function.
        Equal tokens mean equal arrays: an interrupted import goes on only where they agree.

    Examples
    --------
    >>> def height(start, stop):
    ...     return np.add.outer(np.arange(start[0], stop[0]), np.zeros(stop[1] - start[1]))
    >>> lazy = from_chunks(height, (4, 6), float, 3)
    >>> lazy.chunks
    ((3, 1), (3, 3))
    >>> float(lazy.sum().compute())
    36.0
    """
    source = Source(function, tuple(int(n) for n in shape), np.dtype(dtype))
    name = "chunks-" + tokenize(
        function if token is None else token, source.shape, source.dtype, chunks
    )
    _SOURCES[name] = source
    return da.from_array(
        source,
        chunks=chunks,
        name=name,
        lock=False,
        asarray=False,
        fancy=False,
        meta=np.empty((0,) * source.ndim, source.dtype),
        inline_array=True,
    )


def source_of(array: da.Array) -> "Source | None":
    """Return what an array of `from_chunks` is cut from, None for any other array.

    Examples
    --------
    >>> lazy = from_chunks(lambda start, stop: np.zeros(stop[0] - start[0]), (4,), float, 3)
    >>> source_of(lazy).shape, source_of(lazy + 1)
    ((4,), None)
    """
    return _SOURCES.get(array.name)


class Source:
    """What dask slices: the function with a shape and a dtype."""

    def __init__(self, function: Callable[[Box, Box], np.ndarray], shape: Box, dtype: np.dtype):
        self.function = function
        self.shape = shape
        self.dtype = dtype
        self.ndim = len(shape)

    def __getitem__(self, slices: tuple[slice, ...]) -> np.ndarray:
        spans = [s.indices(n) for s, n in zip(slices, self.shape)]
        start = tuple(span[0] for span in spans)
        stop = tuple(span[1] for span in spans)
        values = self.function(start, stop)
        expected = tuple(b - a for a, b in zip(start, stop))
        if values.shape != expected:
            raise ValueError(
                f"the box from {start} to {stop} came with shape {values.shape}, not {expected}"
            )
        return values.astype(self.dtype, copy=False)
