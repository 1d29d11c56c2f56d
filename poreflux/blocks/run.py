"""Evaluate lazy Datasets together: one pass, by threads or on a cluster."""

import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import dask
import dask.array as da
import xarray as xr
from dask.callbacks import Callback
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph

from poreflux.annotations import Progress, ShownProgress
from poreflux.blocks.cluster import PAUSE, Scheduler, cluster_of, compute_on
from poreflux.blocks.memory import forecast, refuse
from poreflux.blocks.plan import fuse
from poreflux.machine import available_cores
from poreflux.progress import shows_progress

if TYPE_CHECKING:
    pass


@shows_progress("compute")
def compute(
    *datasets: xr.Dataset | Delayed,
    progress: ShownProgress = None,
    scheduler: Scheduler = None,
    workers: int | None = None,
) -> tuple:
    """Evaluate lazy Datasets together, each chunk of a volume read once for all of them.

    Parameters
    ----------
    datasets
        results of metrics, or what :func:`poreflux.blocks.run` returns.
    progress
        True for a bar (the default in notebooks), False for none; or what is called as
        ``progress(done, total, note)`` at intervals, with counts of tasks.
    scheduler
        None for the active dask cluster if there is one, else threads; ``"threads"``,
        ``"synchronous"``, ``"processes"``; the address ``"tcp://..."`` of a dask scheduler, or a
        ``distributed.Client``.
    workers
        threads or processes of this machine; by default the number of CPUs.

    Returns
    -------
    tuple of the same Datasets with their values in memory.

    Raises
    ------
    TooLarge
        if the forecast of memory exceeds what is free, before any work.

    Examples
    --------
    >>> lazy = xr.Dataset({"a": ("x", da.arange(3))})
    >>> compute(lazy)[0]["a"].values
    array([0, 1, 2])
    """
    lazy = _lazy(datasets)
    with cluster_of(scheduler) as client:
        if client is None:
            workers = workers or dask.config.get("num_workers", None) or available_cores()
            needed = forecast(*datasets, workers=workers)
            refuse(needed, "the block computation", do="store the volume in smaller chunks")
            values = _in_process(_fused(lazy), progress, scheduler=scheduler, num_workers=workers)
        else:
            values = compute_on(_fused(lazy), progress, client)
    values_by_key = dict(zip(map(_key, lazy), values))
    return tuple(_filled(dataset, values_by_key) for dataset in datasets)


def _lazy(datasets: Iterable[xr.Dataset | Delayed]) -> list:
    """Return the dask arrays of all Datasets, each once."""
    collections: dict[str, Any] = {}
    for dataset in datasets:
        if isinstance(dataset, xr.Dataset):
            collections |= {
                variable.data.name: variable.data
                for variable in dataset.variables.values()
                if isinstance(variable.data, da.Array)
            }
        else:
            collections[dataset.key] = dataset
    return list(collections.values())


def _key(collection: da.Array | Delayed) -> str:
    return collection.name if isinstance(collection, da.Array) else collection.key


def _fused(lazy: Sequence) -> list:
    """Return the collections on one common graph, with the passes over a volume fused."""
    if not lazy:
        return []
    graph = fuse(HighLevelGraph.merge(*(collection.dask for collection in lazy)))
    return [
        da.Array(
            graph, collection.name, collection.chunks, dtype=collection.dtype, meta=collection._meta
        )
        if isinstance(collection, da.Array)
        else Delayed(collection.key, graph, layer=collection.key)
        for collection in lazy
    ]


def _filled(dataset: xr.Dataset | Delayed, values_by_key: dict) -> Any:
    if not isinstance(dataset, xr.Dataset):
        return values_by_key[dataset.key]
    values = {
        name: variable.copy(data=values_by_key[variable.data.name])
        for name, variable in dataset.variables.items()
        if isinstance(variable.data, da.Array)
    }
    return dataset.assign(
        {name: v for name, v in values.items() if name not in dataset.coords}
    ).assign_coords({name: v for name, v in values.items() if name in dataset.coords})


def _in_process(lazy: Sequence, progress: Progress | None, **options: Any) -> tuple:
    options = {name: value for name, value in options.items() if value is not None}
    with _Counter(progress) if progress else nullcontext():
        return dask.compute(*lazy, **options)


class _Counter(Callback):
    """Report to `progress` how many tasks of the running graph are done."""

    def __init__(self, progress: Progress):
        super().__init__()
        self.progress, self.last = progress, 0.0

    def _posttask(self, key: Any, result: Any, graph: Any, state: Any, worker: Any) -> None:
        now, done = time.monotonic(), len(state["finished"])
        total = done + len(state["waiting"]) + len(state["ready"]) + len(state["running"])
        if now - self.last > PAUSE or done == total:
            self.last = now
            self.progress(done, total, "blocks")
