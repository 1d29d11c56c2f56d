"""Forecast the memory of a computation from shapes and dtypes, and refuse what cannot fit."""

import math
from typing import Any

import dask
import xarray as xr
from dask.delayed import Delayed

from poreflux.blocks.plan import Pass
from poreflux.errors import TooLarge
from poreflux.machine import available_cores, free_memory

#: copies of a chunk that a task holds at once: as stored, decoded, and two temporaries
_COPIES = 4

GIB = 2**30


def forecast(*datasets: xr.Dataset | Delayed, workers: int | None = None) -> int:
    """Return the bytes that evaluating lazy Datasets in this process will need at most.

    Parameters
    ----------
    datasets
        lazy results.
    workers
        threads; by default as many as dask will use.

    Notes
    -----
    Each thread holds four copies of the chunks of one box (stored, decoded, two temporaries), the
    results are held three times.

    Examples
    --------
    >>> forecast()
    0
    """
    workers = workers or dask.config.get("num_workers", None) or available_cores()
    lazy = [collection for collection in datasets if dask.is_dask_collection(collection)]
    graphs: list[Any] = [collection.__dask_graph__() for collection in lazy]
    passes = {
        id(layer): layer
        for graph in graphs
        for layer in graph.layers.values()
        if isinstance(layer, Pass)
    }
    inputs = {
        array.name: math.prod(array.chunksize) * array.dtype.itemsize
        for layer in passes.values()
        for collection in layer.inputs
        for array in collection.values()
    }
    results = sum(collection.nbytes for collection in lazy if isinstance(collection, xr.Dataset))
    return workers * _COPIES * sum(inputs.values()) + 3 * results


def refuse(needed: float, computation: str, *, do: str, free: float | None = None) -> None:
    """Raise :class:`~poreflux.errors.TooLarge`, with numbers, where memory will not suffice.

    Parameters
    ----------
    needed
        forecast in bytes.
    computation
        names the computation: the subject of the message.
    do
        what the user can do about it.
    free
        free bytes; by default those that this machine and its control group leave.

    Examples
    --------
    >>> try:
    ...     refuse(2**40, "the solve", do="use more ranks", free=2**33)
    ... except TooLarge as error:
    ...     print(error)
    the solve needs 1024.0 GiB, 8.0 GiB are free; use more ranks
    """
    free = free_memory() if free is None else free
    if needed > free:
        raise TooLarge(
            f"{computation} needs {needed / GIB:.1f} GiB, {free / GIB:.1f} GiB are free; {do}"
        )
