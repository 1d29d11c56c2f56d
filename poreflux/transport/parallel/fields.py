"""Fields that all processes write to one store, each the chunks of its own planes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from poreflux.transport.parallel.neighbours import Link
from poreflux.transport.parallel.partition import Partition, twos
from poreflux.transport.parallel.reading import StoredPhase

#: edge of a chunk, where the boxes permit it
CHUNK = 128


def write(
    link: Link,
    stored_phase: StoredPhase,
    layout: Partition,
    target: Path,
    attrs: Mapping[str, Mapping],
    slabs: Callable[[int], Iterator[tuple]],
) -> None:
    """Write the fields that `attrs` names and describes: called by all processes that have a box.

    ``slabs(planes)`` yields the first of so many planes of this box, and an array of each field.
    """
    from poreflux import store
    from poreflux.transport import field_output

    depth = chunk_planes(layout.edges)
    planes = field_output.planes_at_a_time(stored_phase.shape[1] * stored_phase.shape[2], depth)
    first = layout.span(link.rank)[0]
    with ExitStack() as making:
        with link.together():
            if link.rank == 0:
                fields = field_output.making(target, attrs, stored_phase.direction, depth)
                making.enter_context(fields)
        with link.together():
            folder = store.fields_folder(target)
            field_output.write(folder, list(attrs), stored_phase.direction, slabs(planes), first)
        with link.together():
            making.close()  # here, so that all hear of a failure


def chunk_planes(edges: tuple[int, ...]) -> int:
    """Return how many planes make a chunk, such that each chunk is in one box.

    >>> chunk_planes((0, 24, 40, 61)), chunk_planes((0, 61))
    (8, 128)
    """
    return min(CHUNK, 2 ** min(map(twos, edges[1:-1]), default=7))
