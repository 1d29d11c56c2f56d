"""A block computation as data: measure each block, combine the partials, finish once."""

import itertools
import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import dask.array as da
import numpy as np
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer
from numpy.typing import DTypeLike

from poreflux.blocks.chunked import chunked
from poreflux.blocks.tasks import FAN_IN, Combine, Measure, below, gathered, read_by_one


@dataclass(frozen=True)
class Plan:
    """A computation on a chunked volume; every function is picklable (top-level, or a partial).

    Attributes
    ----------
    measure
        ``measure(blocks, start)``: from the blocks of one chunk, a dict of plain arrays by name,
        and the index of their first voxel, to a small *partial* of any type. It must neither
        change a block nor keep a view of it.
    combine
        ``combine(partials)``: from a list of partials, in any order and grouping, to one.
    finish
        ``finish(partial)``: from the partial of the whole volume to a dict of arrays.
    outputs
        shape and dtype of each array that `finish` returns.
    """

    measure: Callable[[dict[str, np.ndarray], tuple[int, ...]], Any]
    combine: Callable[[list], Any]
    finish: Callable[[Any], Any]
    outputs: Mapping[str, tuple[tuple[int, ...], Any]]


@dataclass(frozen=True)
class Patch:
    """Values that belong at `start` of a larger array, zero elsewhere."""

    start: tuple[int, ...]
    values: np.ndarray

    @property
    def stop(self) -> tuple[int, ...]:
        """Return the index after the last value."""
        return tuple(a + n for a, n in zip(self.start, self.values.shape))


def reduce(arrays: Mapping[str, Any], plan: Plan) -> dict[str, da.Array]:
    """Return the outputs of a plan as lazy arrays.

    Parameters
    ----------
    arrays
        arrays of one shape by name; all are brought to the chunks of the first.
    plan
        the block computation.

    Examples
    --------
    >>> plan = Plan(
    ...     measure=lambda blocks, start: int(blocks["phase"].sum()),
    ...     combine=sum,
    ...     finish=lambda total: {"total": np.asarray(total)},
    ...     outputs={"total": ((), int)},
    ... )
    >>> int(reduce({"phase": np.ones((200, 10, 10), int)}, plan)["total"].compute())
    20000
    """
    finished, graph = _finished(arrays, plan)
    return {name: _output(name, finished, graph, plan) for name in plan.outputs}


def run(arrays: Mapping[str, Any], plan: Plan) -> Delayed:
    """Return, lazily, what `finish` returns, of any type; for results whose shape is unknown."""
    finished, graph = _finished(arrays, plan)
    return Delayed(finished, graph, layer=finished)


def add_patches(partials: Sequence[Mapping[str, Patch]]) -> dict[str, Patch]:
    """Add up dicts of patches of counts: a `combine` for sums.

    Counts are kept in the smallest integers that hold them, so that the partials of a large volume
    stay small; sums of integers do not depend on their order.

    Examples
    --------
    >>> patches = [{"n": Patch((i,), np.ones(2, int))} for i in range(3)]
    >>> add_patches(patches)["n"].values
    array([1, 2, 2, 1], dtype=uint8)
    """
    return {name: _sum([partial[name] for partial in partials]) for name in partials[0]}


def smallest(counts: np.ndarray) -> np.ndarray:
    """Return counts (not negative) in the smallest unsigned integers that hold them."""
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))), copy=False)


def _sum(patches: Sequence[Patch]) -> Patch:
    if len(patches) == 1:
        return patches[0]
    start = tuple(map(min, zip(*(patch.start for patch in patches))))
    stop = tuple(map(max, zip(*(patch.stop for patch in patches))))
    total = np.zeros(tuple(b - a for a, b in zip(start, stop)), np.int64)
    for patch in patches:
        box = tuple(slice(a - o, b - o) for a, b, o in zip(patch.start, patch.stop, start))
        total[box] += patch.values
    return Patch(start, smallest(total) if total.min(initial=0) >= 0 else total)


class Pass(MaterializedLayer):
    """The graph layer of plans that read the same chunks; passes over one volume can be fused."""

    def __init__(self, name: str, plans: Sequence[Plan], inputs: Sequence[dict[str, da.Array]]):
        self.name = name
        self.plans = tuple(plans)
        self.inputs = tuple(inputs)
        super().__init__(_tasks(name, self.plans, self.inputs))

    def __reduce__(self) -> tuple:
        return MaterializedLayer, (dict(self.mapping),)

    @property
    def volume(self) -> da.Array:
        """Return the array whose chunks the pass reads, one at a time."""
        return next(iter(self.inputs[0].values()))

    @property
    def dependencies(self) -> set[str]:
        """Return the names of the layers that the pass reads."""
        if read_by_one(self.inputs):
            return set()
        return {array.name for inputs in self.inputs for array in inputs.values()}


def fuse(graph: HighLevelGraph) -> HighLevelGraph:
    """Return the graph with all passes over one volume made one: each chunk is visited once.

    Plans that measure and combine alike, such as those of two results of one quantity, become one.
    """
    passes = [layer for layer in graph.layers.values() if isinstance(layer, Pass)]
    layers, dependencies = dict(graph.layers), dict(graph.dependencies)
    for _, group in itertools.groupby(sorted(passes, key=_volume_name), key=_volume_name):
        members = list(group)
        if len(members) == 1:
            continue
        name = f"pass-{uuid.uuid4().hex}"
        work = [pair for member in members for pair in zip(member.plans, member.inputs)]
        distinct = _distinct(work)
        fused = Pass(name, *zip(*(work[i] for i in sorted(set(distinct)))))
        layers[name], dependencies[name] = fused, fused.dependencies
        places = {i: place for place, i in enumerate(sorted(set(distinct)))}
        first = 0
        for member in members:
            last = first + len(member.plans)
            indices = [places[i] for i in distinct[first:last]]
            alias = {(member.name,): (partial(_select, indices), (name,))}
            layers[member.name], dependencies[member.name] = MaterializedLayer(alias), {name}
            first = last
    return HighLevelGraph(layers, dependencies)


def _distinct(work: Sequence[tuple[Plan, dict[str, da.Array]]]) -> list[int]:
    """Return for each plan the first one that measures and combines the same of the same arrays.

    Functions are the same where they are equal: two partials never are, frozen dataclasses may be.
    """
    keys: list[tuple] = []
    for plan, inputs in work:
        keys.append((plan.measure, plan.combine, {k: array.name for k, array in inputs.items()}))
    return [keys.index(key) for key in keys]


def _finished(arrays: Mapping[str, Any], plan: Plan) -> tuple[str, HighLevelGraph]:
    """Return the key of what `finish` returns, and its graph."""
    inputs: dict[str, Any] = {}
    for name, array in arrays.items():
        inputs[name] = chunked(array, by_contents=False)
    first = next(iter(inputs.values()))
    for name, array in inputs.items():
        if array.shape != first.shape:
            raise ValueError(f"{name!r} has shape {array.shape}, the volume has {first.shape}")
        inputs[name] = array.rechunk(first.chunks)
    name = f"pass-{uuid.uuid4().hex}"
    read = [] if read_by_one([inputs]) else list(inputs.values())
    total = HighLevelGraph.from_collections(name, Pass(name, [plan], [inputs]), read)
    finished = f"finish-{name}"
    layer = MaterializedLayer({finished: (partial(_finish, plan.finish), (name,))})
    return finished, HighLevelGraph(
        {**total.layers, finished: layer}, {**total.dependencies, finished: {name}}
    )


def _output(name: str, finished: str, graph: HighLevelGraph, plan: Plan) -> da.Array:
    shape, dtype = plan.outputs[name]
    key = f"{name}-{finished}"
    pick = partial(_pick, name, shape, dtype)
    layer = MaterializedLayer({(key, *(0 for _ in shape)): (pick, finished)})
    graph = HighLevelGraph({**graph.layers, key: layer}, {**graph.dependencies, key: {finished}})
    return da.Array(graph, key, chunks=tuple((n,) for n in shape), dtype=dtype)


def _tasks(name: str, plans: Sequence[Plan], inputs: Sequence[dict[str, da.Array]]) -> dict:
    """Return the tasks: one for each chunk, and a tree that combines neighbours first."""
    volume = next(iter(inputs[0].values()))
    arrays = {array.name: array for arrays_of_plan in inputs for array in arrays_of_plan.values()}
    starts = [np.cumsum([0, *sizes[:-1]]).tolist() for sizes in volume.chunks]
    wanted = [
        {name: array.name for name, array in arrays_of_plan.items()} for arrays_of_plan in inputs
    ]
    work = list(zip([plan.measure for plan in plans], wanted))
    combines = [plan.combine for plan in plans]
    tasks: dict = {}
    grid, level, fan_in = volume.numblocks, 0, read_by_one(inputs)
    if fan_in:
        first = gathered(work, combines, arrays, volume.chunks, fan_in)
        grid, level = tuple(math.ceil(n / fan_in) for n in grid), int(fan_in > 1)
        tasks |= {(f"{name}-{level}", *index): (first, index) for index in np.ndindex(*grid)}
    else:
        for index in np.ndindex(*volume.numblocks):
            start = tuple(s[i] for s, i in zip(starts, index))
            blocks = [(array, *index) for array in arrays]
            tasks[(f"{name}-0", *index)] = (Measure(work, list(arrays), start), blocks)
    while math.prod(grid) > 1 or level == 0:
        finer, grid, level = grid, tuple(math.ceil(n / FAN_IN) for n in grid), level + 1
        for index in np.ndindex(*grid):
            children = [(f"{name}-{level - 1}", *child) for child in below(index, finer)]
            tasks[(f"{name}-{level}", *index)] = (Combine(combines), children)
    tasks[(name,)] = (_unchanged, (f"{name}-{level}", *(0 for _ in grid)))
    return tasks


def _volume_name(layer: Pass) -> str:
    return layer.volume.name


def _unchanged(value: Any) -> Any:
    return value


def _select(indices: Sequence[int], partials: Sequence) -> list:
    return [partials[i] for i in indices]


def _finish(finish: Callable, partials: Sequence) -> Any:
    return finish(partials[0])


def _pick(
    name: str, shape: tuple[int, ...], dtype: DTypeLike, results: Mapping[str, Any]
) -> np.ndarray:
    value = np.asarray(results[name], dtype=dtype)
    if value.shape != tuple(shape):
        raise ValueError(f"{name!r} has shape {value.shape}, its plan declares {shape}")
    return value
