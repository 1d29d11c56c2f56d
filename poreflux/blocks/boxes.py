"""Cut a volume into sub-volumes and apply a function to each."""

import functools
import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph
from numpy.typing import DTypeLike

from poreflux.annotations import Progress
from poreflux.blocks.chunked import chunked
from poreflux.blocks.run import Scheduler, compute


def edges(n: int, count: int) -> np.ndarray:
    """Return the `count` + 1 edges that cut `n` voxels into parts as equal as can be.

    Raises
    ------
    ValueError
        if a part would be empty.

    Examples
    --------
    >>> edges(10, 4)
    array([ 0,  2,  5,  7, 10])
    """
    if not 1 <= count <= n:
        raise ValueError(f"{n} voxels cannot be cut into {count} blocks; choose 1 to {n}")
    return np.arange(count + 1) * n // count


def cuts(shape: Sequence[int], blocks: Sequence[int]) -> list[np.ndarray]:
    """Return the edges of sub-volumes along z, y and x.

    Raises
    ------
    ValueError
        if a sub-volume would be empty; the sentence names the axis.

    Examples
    --------
    >>> [edges.tolist() for edges in cuts((2, 8, 8), (1, 2, 2))]
    [[0, 2], [0, 4, 8], [0, 4, 8]]
    """
    wanted = tuple(blocks)
    if len(wanted) != 3:
        raise ValueError(f"blocks={blocks!r} is not three numbers for (z, y, x)")
    for dim, n, count in zip("zyx", shape, wanted):
        if not 1 <= count <= n:
            most = tuple(max(1, min(n, count)) for n, count in zip(shape, wanted))
            raise ValueError(
                f"{n} voxels along {dim} cannot be cut into {count} blocks; give such as "
                f"blocks={most}"
            )
    return [edges(n, count) for n, count in zip(shape, wanted)]


def block_map(
    arrays: Mapping[str, object],
    function: Callable[[dict[str, np.ndarray], tuple[slice, ...]], dict],
    *,
    blocks: Sequence[int] = (4, 4, 4),
    workers: int | None = None,
    progress: Progress | None = None,
    scheduler: Scheduler = None,
) -> dict[str, np.ndarray]:
    """Apply a function to each sub-volume, one task each, and return arrays over the blocks.

    Parameters
    ----------
    arrays
        arrays of one shape by name, of any chunks: the blocks need not be aligned with them.
    function
        picklable; takes a dict of plain arrays and the slices of the block in the volume, returns
        a dict of numbers or small arrays, the same names and shapes for each block.
    blocks
        number of blocks along (z, y, x).
    workers
        blocks at work at once in this process; by default the number of CPUs.
    progress, scheduler
        as in :func:`poreflux.blocks.compute`; `progress` counts blocks.

    Returns
    -------
    for each name an array whose first three dims are the blocks.

    Examples
    --------
    >>> ones = np.ones((4, 4, 4))
    >>> sums = block_map({"a": ones}, lambda a, box: {"n": a["a"].sum()}, blocks=(2, 1, 1))
    >>> sums["n"].ravel()
    array([32., 32.])
    """
    inputs = {name: chunked(array) for name, array in arrays.items()}
    shape = next(iter(inputs.values())).shape
    lines = cuts(shape, blocks)
    tasks = {
        index: _task(inputs, function, tuple(slice(c[i], c[i + 1]) for c, i in zip(lines, index)))
        for index in np.ndindex(*blocks)
    }
    results = compute(*tasks.values(), progress=progress, scheduler=scheduler, workers=workers)
    return _gather(dict(zip(tasks, results)), tuple(blocks))


def map_windows(
    function: Callable[[dict[str, np.ndarray]], np.ndarray],
    arrays: Mapping[str, object],
    chunks: Sequence[Sequence[int]],
    depth: Sequence[int],
    *,
    dtype: DTypeLike,
) -> da.Array:
    """Apply a function to blocks of given sizes, each with its surroundings, lazily.

    Blocks need not be aligned with the chunks of the arrays. A task takes whole chunks and cuts
    them itself: so no more than the chunks of a few blocks are held.

    Parameters
    ----------
    function
        takes a dict of plain arrays, a block with up to `depth` voxels more on each side where the
        volume goes on, and returns an array of that shape; what surrounds the block is cut off.
    arrays
        arrays of one shape by name, of any chunks.
    chunks
        sizes of the blocks along each axis.
    depth
        voxels more along each axis.
    dtype
        of the result.

    Examples
    --------
    >>> from scipy.ndimage import maximum_filter
    >>> array = np.eye(6)[:, :, None]
    >>> widened = map_windows(
    ...     lambda a: maximum_filter(a["x"], 3), {"x": array}, ((4, 2), (3, 3), (1,)), (1, 1, 0),
    ...     dtype=float,
    ... )
    >>> int(widened.sum().compute())
    24
    """
    inputs = {name: chunked(array) for name, array in arrays.items()}
    shape = next(iter(inputs.values())).shape
    array_names = [array.name for array in inputs.values()]
    name = f"windows-{tokenize(function, array_names, chunks, tuple(depth), np.dtype(dtype))}"
    window_edges = [np.cumsum([0, *sizes]).tolist() for sizes in chunks]
    tasks: dict[Any, Any] = {}
    for index in np.ndindex(*map(len, chunks)):
        inner = [(line[i], line[i + 1]) for line, i in zip(window_edges, index)]
        outer = [(max(a - d, 0), min(b + d, n)) for (a, b), d, n in zip(inner, depth, shape)]
        core = tuple(slice(a - c, b - c) for (a, b), (c, _) in zip(inner, outer))
        work = functools.partial(_core_of, function, core, np.dtype(dtype))
        tasks[(name, *index)] = _assembled(inputs, work, tuple(slice(a, b) for a, b in outer))
    graph = HighLevelGraph.from_collections(name, tasks, dependencies=list[Any](inputs.values()))
    meta = np.empty((0,) * len(shape), dtype)
    return da.Array(graph, name, chunks=tuple(map(tuple, chunks)), dtype=dtype, meta=meta)


def _core_of(
    function: Callable,
    core: tuple[slice, ...],
    dtype: DTypeLike,
    arrays: dict[str, np.ndarray],
    box: tuple[slice, ...],
) -> np.ndarray:
    return function(arrays)[core].astype(dtype)  # a copy: what surrounds it is not held


def _task(inputs: Mapping[str, da.Array], function: Callable, box: Sequence[slice]) -> Delayed:
    """Return the task of one block."""
    box = tuple(slice(int(s.start), int(s.stop)) for s in box)
    name = f"block-{uuid.uuid4().hex}"
    task: dict[Any, Any] = {name: _assembled(inputs, function, box)}
    graph = HighLevelGraph.from_collections(name, task, dependencies=list[Any](inputs.values()))
    return Delayed(name, graph, layer=name)


def _assembled(inputs: Mapping[str, da.Array], function: Callable, box: tuple[slice, ...]) -> tuple:
    """Return a call of the function with a box of each array, which it cuts out of whole chunks."""
    pieces, chunks = {}, []
    for name, array in inputs.items():
        pieces[name] = (array.dtype, list(_pieces(array.chunks, box)))
        chunks += [(array.name, *index) for index, _, _ in pieces[name][1]]
    return _Block(function, box, pieces), chunks


def _pieces(chunks: Sequence[Sequence[int]], box: Sequence[slice]) -> Iterator[tuple]:
    """Yield (index of a chunk, its slices, the slices of the block they fill)."""
    axes = []
    for sizes, part in zip(chunks, box):
        stops = np.cumsum(sizes)
        axis = []
        for i, (end, size) in enumerate(zip(stops.tolist(), sizes)):
            start = end - size
            low, high = max(start, part.start), min(end, part.stop)
            if low < high:
                source = slice(low - start, high - start)
                axis.append((i, source, slice(low - part.start, high - part.start)))
        axes.append(axis)
    for combination in itertools.product(*axes):
        yield tuple(tuple(part) for part in zip(*combination))


class _Block:
    """Assemble the arrays of one block and apply the function."""

    def __init__(self, function: Callable, box: tuple[slice, ...], pieces: Mapping[str, tuple]):
        self.function, self.box, self.pieces = function, box, pieces

    def __call__(self, chunks: Iterable[np.ndarray]) -> Any:
        chunks, arrays = iter(chunks), {}
        shape = tuple(s.stop - s.start for s in self.box)
        for name, (dtype, pieces) in self.pieces.items():
            arrays[name] = np.empty(shape, dtype)
            for _, source, target in pieces:
                arrays[name][target] = next(chunks)[source]
        return self.function(arrays, self.box)


def _gather(results: Mapping[tuple, Mapping], blocks: tuple[int, ...]) -> dict[str, np.ndarray]:
    block_results = list(results.values())
    stacked = {
        name: np.stack([result[name] for result in block_results]) for name in block_results[0]
    }
    return {name: values.reshape(blocks + values.shape[1:]) for name, values in stacked.items()}
