"""The tasks of a pass: measure a chunk, combine the partials of neighbours, or both at once.

A pass over very many chunks would be a graph that takes longer to plan than to work. Where chunks
are read from a file or a store, one task then reads and measures all those whose partials are
combined first, one after the other; the partials, and so the digits, are the same. Of an array in
memory each task takes its own block, too: a graph of what to copy would take longer than to copy.
"""

import itertools
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dask.array as da
import numpy as np

from poreflux.blocks.chunked import Cut
from poreflux.readers.lazy import Source, source_of

#: partials along each axis that are combined in one task
FAN_IN = 4

#: more chunks than this are read by fewer tasks than chunks
MANY = 16_384


def read_by_one(inputs: Sequence[Mapping[str, da.Array]]) -> int:
    """Return how many chunks along each axis a task reads itself; 0 where the graph reads them."""
    arrays = [array for arrays_of_plan in inputs for array in arrays_of_plan.values()]
    sources = [source_of(array) for array in arrays]
    if any(source is None for source in sources):
        return 0
    if math.prod(arrays[0].numblocks) > MANY:
        return FAN_IN
    return int(all(source is not None and isinstance(source.function, Cut) for source in sources))


def below(
    index: Sequence[int], finer: Sequence[int], fan_in: int = FAN_IN
) -> Iterable[tuple[int, ...]]:
    """Return the indices, in a finer grid, of the partials that are combined into one.

    Examples
    --------
    >>> list(below((0, 1), (2, 5)))
    [(0, 4), (1, 4)]
    """
    spans = zip(index, finer)
    return itertools.product(*(range(i * fan_in, min((i + 1) * fan_in, n)) for i, n in spans))


class Shared(Mapping[str, np.ndarray]):
    """The arrays of one block by name, with what several measures make of them, made once.

    Parameters
    ----------
    arrays
        of the block.
    lent
        whether they are parts of the caller's arrays, of which ``block[name]`` is a copy.

    Examples
    --------
    >>> block = Shared({"phase": np.array([0, 1])})
    >>> block.once("pore", lambda: block["phase"] == 0) is block.once("pore", lambda: None)
    True
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], *, lent: bool = False):
        self.arrays = dict(arrays)
        self.names_lent = set(arrays) if lent else set()
        self.made: dict[Hashable, Any] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name in self.names_lent:
            self.arrays[name] = self.arrays[name].copy()
            self.names_lent.remove(name)
        return self.arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrays)

    def __len__(self) -> int:
        return len(self.arrays)

    def lent(self, name: str) -> np.ndarray:
        """Return an array that is only read, once, and in any order of its voxels in memory."""
        return self.arrays[name]

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what was made under this key, or make it; nobody may change it."""
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]


@dataclass(frozen=True)
class Measure:
    """Measure all plans of a pass on one chunk."""

    work: list[tuple[Callable, dict[str, str]]]
    names: list[str]
    start: tuple[int, ...]
    lent: bool = False

    def __call__(self, blocks: Sequence) -> list:
        by_name = {name: np.asarray(block) for name, block in zip(self.names, blocks)}
        shared: dict[tuple, Shared] = {}
        partials = []
        for measure, wanted in self.work:
            arrays = shared.setdefault(
                tuple(wanted.items()),
                Shared({key: by_name[n] for key, n in wanted.items()}, lent=self.lent),
            )
            partials.append(measure(arrays, self.start))
        return partials


@dataclass(frozen=True)
class Combine:
    """Combine the partials of each plan of a pass."""

    combines: list[Callable]

    def __call__(self, partials: Sequence[Sequence]) -> list:
        return [
            combine(list(partials_of_plan))
            for combine, partials_of_plan in zip(self.combines, zip(*partials))
        ]


def gathered(
    work: list[tuple[Callable, dict[str, str]]],
    combines: list[Callable],
    arrays: Mapping[str, da.Array],
    chunks: Sequence[Sequence[int]],
    fan_in: int,
) -> "Gathered":
    """Return the task that reads, measures and combines the chunks below one index."""
    edges = [np.cumsum([0, *sizes]).tolist() for sizes in chunks]
    sources = {name: source_of(array) for name, array in arrays.items()}
    return Gathered(work, combines, {name: s for name, s in sources.items() if s}, edges, fan_in)


@dataclass(frozen=True)
class Gathered:
    """Measure all plans on the chunks below one index, in their order, and combine the partials."""

    work: list[tuple[Callable, dict[str, str]]]
    combines: list[Callable]
    sources: dict[str, Source]
    edges: list[list[int]]
    fan_in: int

    def __call__(self, index: Sequence[int]) -> list:
        if self.fan_in == 1:
            return self._measured(index)
        counts = [len(edges) - 1 for edges in self.edges]
        chunks = below(index, counts, self.fan_in)
        return Combine(self.combines)([self._measured(chunk) for chunk in chunks])

    def _measured(self, chunk: Sequence[int]) -> list:
        spans = [(edges[i], edges[i + 1]) for i, edges in zip(chunk, self.edges)]
        box = tuple(slice(*span) for span in spans)
        cuts = [s.function for s in self.sources.values() if isinstance(s.function, Cut)]
        lent = len(cuts) == len(self.sources)
        measure = Measure(self.work, list(self.sources), tuple(a for a, _ in spans), lent)
        return measure(
            [cut.lend(box) for cut in cuts]
            if lent
            else [source[box] for source in self.sources.values()]
        )
