"""Cut a volume into sub-volumes and apply a function to each."""

import itertools
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dask.array as da
import numpy as np
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph

from poreflux.blocks.chunked import chunked
from poreflux.blocks.run import compute


def edges(n: int, parts: int) -> np.ndarray:
    """Return the `parts` + 1 edges that cut `n` voxels into parts as equal as can be.

    Raises
    ------
    ValueError
        if a part would be empty.

    Examples
    --------
    >>> edges(10, 4)
    array([ 0,  2,  5,  7, 10])
    """
    if not 1 <= parts <= n:
        raise ValueError(f"{n} voxels cannot be cut into {parts} blocks; choose 1 to {n}")
    return np.arange(parts + 1) * n // parts


def block_map(
    arrays: Mapping[str, object],
    function: Callable[[dict[str, np.ndarray], tuple[slice, ...]], dict],
    *,
    blocks: Sequence[int] = (4, 4, 4),
    workers: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    scheduler=None,
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
    cuts = [edges(n, parts) for n, parts in zip(shape, blocks)]
    tasks = {
        index: _task(inputs, function, tuple(slice(c[i], c[i + 1]) for c, i in zip(cuts, index)))
        for index in np.ndindex(*blocks)
    }
    results = compute(*tasks.values(), progress=progress, scheduler=scheduler, workers=workers)
    return _gather(dict(zip(tasks, results)), tuple(blocks))


def _task(inputs: Mapping[str, da.Array], function, box) -> Delayed:
    """Return the task of one block: it takes whole chunks and cuts them itself."""
    box = tuple(slice(int(s.start), int(s.stop)) for s in box)
    pieces, chunks = {}, []
    for name, array in inputs.items():
        pieces[name] = (array.dtype, list(_pieces(array.chunks, box)))
        chunks += [(array.name, *index) for index, _, _ in pieces[name][1]]
    name = f"block-{uuid.uuid4().hex}"
    task: dict[Any, Any] = {name: (_Block(function, box, pieces), chunks)}
    graph = HighLevelGraph.from_collections(name, task, dependencies=list[Any](inputs.values()))
    return Delayed(name, graph, layer=name)


def _pieces(chunks, box):
    """Yield (index of a chunk, its slices, the slices of the block they fill)."""
    axes = []
    for sizes, part in zip(chunks, box):
        ends = np.cumsum(sizes)
        axis = []
        for i, (end, size) in enumerate(zip(ends.tolist(), sizes)):
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

    def __init__(self, function, box, pieces):
        self.function, self.box, self.pieces = function, box, pieces

    def __call__(self, chunks):
        chunks, arrays = iter(chunks), {}
        shape = tuple(s.stop - s.start for s in self.box)
        for name, (dtype, pieces) in self.pieces.items():
            arrays[name] = np.empty(shape, dtype)
            for _, source, target in pieces:
                arrays[name][target] = next(chunks)[source]
        return self.function(arrays, self.box)


def _gather(results: Mapping[tuple, Mapping], blocks) -> dict[str, np.ndarray]:
    each = list(results.values())
    stacked = {name: np.stack([result[name] for result in each]) for name in each[0]}
    return {name: values.reshape(blocks + values.shape[1:]) for name, values in stacked.items()}
