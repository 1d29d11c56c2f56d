"""The multigrid on boxes: processes share the fine grids; each solves the coarse ones alone."""

from typing import cast

import numpy as np

from poreflux.kernels import redblack
from poreflux.kernels.rows import Faces
from poreflux.transport.laplace.boundary import coarser_boundary
from poreflux.transport.laplace.neighbours import SingleBox
from poreflux.transport.laplace.operator import Operator, with_degree
from poreflux.transport.parallel.neighbours import Ranks, colour_order
from poreflux.transport.solvers.multigrid import Multigrid, coarser, hierarchy


def hierarchy_on_boxes(operator: Operator) -> Multigrid:
    """Return the multigrid below an operator among :class:`Ranks`: the same cycle as that of one
    process.
    """
    ranks = _ranks(operator)
    if ranks.link.size == 1:
        return hierarchy(operator)
    levels = [operator]
    for _ in range(ranks.grids):
        levels.append(coarser(levels[-1]))
    return Multigrid(levels, JoinedBottom(levels[-1], levels[-2]))


class JoinedBottom:
    """The coarsest grid that is shared, solved by a cycle on all of it.

    Every process gets the right-hand side of all boxes, and continues in its own hierarchy. That
    takes no longer than waiting for a single process to do it.
    """

    def __init__(self, level: Operator, finer: Operator):
        self.ranks = _ranks(level)
        self.joined = hierarchy(join_boxes(level, finer))
        self.b = self.joined.levels[0].vector(2, np.float32)
        self.x = self.joined.levels[0].vector(2, np.float32)

    @property
    def allows_two_visits(self) -> bool:
        """Return whether the joined grids allow a second visit."""
        return self.joined.allows_two_visits(0)

    def solve(self, b: np.ndarray, x: np.ndarray) -> None:
        """x = one cycle for A x = b on the joined grid."""
        self.ranks.join(b, self.b)
        self.joined.levels[0].neighbours.fill_ghosts(self.b)
        self.joined.cycle(0, self.b, self.x)
        first, planes = self.ranks.first, x.shape[1]
        x[:] = self.x[:: colour_order(first), first : first + planes]

    def boundary_changed(self, levels: list[Operator]) -> None:
        """Follow the boundary of the grid above the joined one."""
        self.joined.levels[0].boundary.follow(levels[-2].boundary)
        self.joined.boundary_changed()


def join_boxes(level: Operator, finer: Operator) -> Operator:
    """Return the operator of all boxes of a grid from that of one box and of its `finer` grid."""
    ranks, kernel = _ranks(level), cast(Faces, level.kernel)
    shape = (ranks.planes, *level.shape[1:])
    neighbours = SingleBox(ranks.planes, ranks.periodic)
    g = [level.engine.zeros((2, *redblack.packed_shape(shape)), np.float32) for _ in range(3)]
    for conductance, packed in zip((kernel.gz, kernel.gy, kernel.gx), g):
        ranks.join(conductance, packed)
    boundary = coarser_boundary(finer.boundary, shape, neighbours, level.engine)
    kernel = with_degree(g, neighbours, level.engine, boundary)
    return Operator(kernel, shape, neighbours, level.engine, np.float32, boundary)


def _ranks(operator: Operator) -> Ranks:
    return cast(Ranks, operator.neighbours)
