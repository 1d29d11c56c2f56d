"""The tasks of a pass: measure a chunk, combine the partials of neighbours, or both at once.

A pass over very many chunks would be a graph that takes longer to plan than to work. Where chunks
are read from a file or a store, one task then reads and measures all those whose partials are
combined first, one after the other; the partials, and so the digits, are the same.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import dask.array as da
import numpy as np

from poreflux.readers.lazy import Source, source_of

#: partials along each axis that are combined in one task
FAN_IN = 4

#: more chunks than this are read by fewer tasks than chunks
MANY = 16_384


def gathers(inputs: Sequence[Mapping[str, da.Array]]) -> bool:
    """Return whether the chunks of these arrays are read by the tasks that measure them."""
    arrays = [array for arrays_of_plan in inputs for array in arrays_of_plan.values()]
    many = math.prod(arrays[0].numblocks) > MANY
    return many and all(source_of(array) is not None for array in arrays)


def below(index: Sequence[int], finer: Sequence[int]) -> Iterable[tuple[int, ...]]:
    """Return the indices, in a finer grid, of the partials that are combined into one.

    Examples
    --------
    >>> list(below((0, 1), (2, 5)))
    [(0, 4), (1, 4)]
    """
    spans = zip(index, finer)
    return itertools.product(*(range(i * FAN_IN, min((i + 1) * FAN_IN, n)) for i, n in spans))


@dataclass(frozen=True)
class Measure:
    """Measure all plans of a pass on one chunk."""

    work: list[tuple[Callable, dict[str, str]]]
    names: list[str]
    start: tuple[int, ...]

    def __call__(self, blocks: Sequence) -> list:
        by_name = {name: np.asarray(block) for name, block in zip(self.names, blocks)}
        return [
            measure({key: by_name[name] for key, name in wanted.items()}, self.start)
            for measure, wanted in self.work
        ]


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
) -> "Gathered":
    """Return the task that reads, measures and combines the chunks below one index."""
    edges = [np.cumsum([0, *sizes]).tolist() for sizes in chunks]
    sources = {name: source_of(array) for name, array in arrays.items()}
    return Gathered(work, combines, {name: s for name, s in sources.items() if s}, edges)


@dataclass(frozen=True)
class Gathered:
    """Measure all plans on the chunks below one index, in their order, and combine the partials."""

    work: list[tuple[Callable, dict[str, str]]]
    combines: list[Callable]
    sources: dict[str, Source]
    edges: list[list[int]]

    def __call__(self, index: Sequence[int]) -> list:
        counts = [len(edges) - 1 for edges in self.edges]
        return Combine(self.combines)([self._measured(chunk) for chunk in below(index, counts)])

    def _measured(self, chunk: Sequence[int]) -> list:
        spans = [(edges[i], edges[i + 1]) for i, edges in zip(chunk, self.edges)]
        box = tuple(slice(*span) for span in spans)
        measure = Measure(self.work, list(self.sources), tuple(start for start, _ in spans))
        return measure([source[box] for source in self.sources.values()])
