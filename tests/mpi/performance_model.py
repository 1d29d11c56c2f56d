"""What an iteration on boxes sends and how long it takes: counted from the algorithm.

The test of messages compares these counts with those of real runs; deploy/README.md has the table
of large volumes that follows from them and from measured speeds.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from poreflux.kernels.redblack import GHOST, packed_shape
from poreflux.transport.parallel.partition import Partition, halved

#: sums over all processes that an iteration waits for: two of conjugate gradients, one of ours
REDUCTIONS = 3

#: those of a proof: energy and power are added up, and for each of the seven arrays of the coarse
#: network the lengths are gathered first
PROOF_REDUCTIONS = 2 + 7

#: bytes of an edge of the coarse network: two nodes, two conductances, a distance; of a node:
#: surplus and cells
EDGE_BYTES, NODE_BYTES = 2 * 4 + 2 * 8 + 1, 2 * 8


class Traffic(NamedTuple):
    """What the process of one box sends in one iteration: to its neighbours, and to all."""

    messages: int
    message_bytes: int
    joins: int
    joined_bytes: int


@dataclass(frozen=True)
class Machine:
    """Speeds of one process: voxels a second, seconds of a message, bytes a second of its link."""

    voxels: float
    latency: float
    link: float


def traffic(shape: tuple[int, int, int], layout: Partition, box: int) -> Traffic:
    """Count what one box of a problem of `shape` cells with insulated sides sends in an iteration.

    Notes
    -----
    The finest grid exchanges p in float64 and r in float32, one colour each. Grid l is visited
    2^(l - 1) times; each visit exchanges three vectors of two colours, or joins one on the first
    grid that is not worked on boxes. An exchange is of two planes with each neighbour.
    """
    if layout.boxes == 1:
        return Traffic(0, 0, 0, 0)
    neighbours = (box > 0) + (box < layout.boxes - 1)
    messages = message_bytes = 0
    edges, cells = layout.edges, list(shape)
    for grid in range(layout.grids):
        _, rows, pairs = packed_shape((1, cells[1], cells[2]))
        vectors, numbers = (2, 8 + 4) if grid == 0 else (3 * 2 ** (grid - 1), 0)
        plane = GHOST * rows * pairs
        messages += neighbours * vectors
        message_bytes += neighbours * plane * (numbers if grid == 0 else vectors * 2 * 4)
        edges, cells = halved(edges), [(n + 1) // 2 for n in cells]
    _, rows, pairs = packed_shape((1, cells[1], cells[2]))
    joins = 2 ** (layout.grids - 1)
    joined = joins * 2 * 4 * (edges[box + 1] - edges[box]) * rows * pairs
    return Traffic(messages, message_bytes, joins, joined)


def proof_traffic(
    shape: tuple[int, int, int], layout: Partition, box: int, edges: int, nodes: int
) -> Traffic:
    """Count what one box sends in one proof of the error, once its blocks are known.

    Notes
    -----
    The potential is handed out and its energy computed, with its ghosts in float64 each time; the
    `edges` of the box go to all, and what it knows of all `nodes`.
    """
    if layout.boxes == 1:
        return Traffic(0, 0, 7, edges * EDGE_BYTES + nodes * NODE_BYTES)
    neighbours = (box > 0) + (box < layout.boxes - 1)
    _, rows, pairs = packed_shape((1, shape[1], shape[2]))
    messages = 2 * neighbours
    ghosts = messages * GHOST * rows * pairs * 8
    return Traffic(messages, ghosts, 7, edges * EDGE_BYTES + nodes * NODE_BYTES)


def iteration_seconds(shape: tuple[int, int, int], layout: Partition, machine: Machine) -> float:
    """Return the time of one iteration on the widest of the boxes.

    Notes
    -----
    Work of the box and of the grids that every process works whole, at the same speed, the coarse
    ones visited twice as often each (a third more in all); then latencies and bytes, one after the
    other; a sum or a join over P processes takes log2 P latencies.
    """
    widths = [b - a for a, b in (layout.span(box) for box in range(layout.boxes))]
    box = max(range(layout.boxes), key=widths.__getitem__)
    plane = shape[1] * shape[2]
    voxels = widths[box] * plane
    sent = traffic(shape, layout, min(box, max(layout.boxes - 2, 0)))
    stages = math.log2(layout.boxes) if layout.boxes > 1 else 0.0
    if layout.boxes > 1:
        # a grid that is worked whole costs 3/4 of the coarse share of a finest grid of its size
        visits = 2 ** (layout.grids - 1)
        voxels += visits * shape[0] * plane / 8**layout.grids
    waits = sent.messages + (REDUCTIONS + sent.joins) * stages
    carried = sent.message_bytes + sent.joined_bytes * layout.boxes
    return voxels / machine.voxels + waits * machine.latency + carried / machine.link
