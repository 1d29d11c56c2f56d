"""The multigrid on boxes: fine grids are shared by processes, each works the coarse ones whole."""

import numpy as np

from poreflux.kernels import redblack
from poreflux.kernels.redblack import GHOST
from poreflux.kernels.rows import Faces
from poreflux.transport.laplace.boundary import coarser_ends
from poreflux.transport.laplace.operator import Alone, Operator, close
from poreflux.transport.solvers.multigrid import Multigrid, coarser


class SharedMultigrid(Multigrid):
    """The hierarchy below an operator on boxes: the same cycle as that of one process.

    The last of its levels is joined: every process gets the right-hand side of all boxes, and goes
    on in a hierarchy of its own. That takes no longer than to wait for one process that does it.
    """

    def __init__(self, operator: Operator):
        self.levels = [operator]
        for _ in range(operator.neighbours.grids):
            self.levels.append(coarser(self.levels[-1]))
        self.b = [None, *(level.vector(2, np.float32) for level in self.levels[1:])]
        self.x = [None, *(level.vector(2, np.float32) for level in self.levels[1:])]
        self.firsts: dict[int, np.ndarray] = {}
        self.scratch = [
            [np.zeros(work.shape, np.float32) for work in operator.scratch],
            *(level.scratch for level in self.levels[1:]),
        ]
        self.rest = Multigrid(whole(self.levels[-1], self.levels[-2]))
        self.whole_b = self.rest.levels[0].vector(2, np.float32)
        self.whole_x = self.rest.levels[0].vector(2, np.float32)

    def sound(self, at: int) -> bool:
        """Return whether a second step is sound, on the joined grids too."""
        return super().sound(at) and self.rest.sound(0)

    def renew_ends(self) -> None:
        """Follow the ends of the finest grid after they have changed, on the joined grids too."""
        joined = self.rest.levels[0]
        for fine, coarse in (*zip(self.levels, self.levels[1:]), (self.levels[-2], joined)):
            coarse.ends.follow(fine.ends)
            coarse.neighbours.fill_sides(coarse.ends.packed)
        self.rest.renew_ends()

    def solve_directly(self, b: np.ndarray, x: np.ndarray) -> None:
        """x = one cycle for A x = b on the joined grid."""
        box = self.levels[-1]
        neighbours = self.rest.levels[0].neighbours
        join(b, self.whole_b, box.neighbours)
        neighbours.fill_ghosts(self.whole_b)
        self.rest.cycle(0, self.whole_b, self.whole_x)
        start, planes = box.neighbours.span(0)[0], x.shape[1]
        x[:] = self.whole_x[:: _sign(start), start : start + planes]


def whole(box: Operator, finer: Operator) -> Operator:
    """Return the operator of all boxes of a grid from that of one box and of its `finer` grid."""
    planes = box.neighbours.span(0)[1]
    shape = (planes, *box.shape[1:])
    neighbours = Alone(box.neighbours.periodic)
    g = [np.zeros((2, *redblack.packed_shape(shape)), np.float32) for _ in range(3)]
    for part, array in zip((box.kernel.gz, box.kernel.gy, box.kernel.gx), g):
        join(part, array, box.neighbours)
    degree = close(g, neighbours, box.team)
    ends = coarser_ends(finer.ends, shape, 0, planes)
    neighbours.fill_sides(ends.packed)
    gz, gy, gx = g
    kernel = Faces(gz, gy, gx, degree, ends.packed, ends.of, neighbours.periodic[2])
    return Operator(kernel, shape, neighbours, box.team, np.float32, ends)


def join(part: np.ndarray, array: np.ndarray, neighbours) -> None:
    """Copy the own planes of `part` (2, Z, Y, H), of all boxes, into `array`, of the whole grid.

    A box that starts at an odd plane has the two colours the other way round.
    """
    start = neighbours.span(0)[0]
    own = part[:: _sign(start), GHOST:-GHOST].swapaxes(0, 1)
    lengths = np.diff(neighbours.edges)
    parts = neighbours.link.join(own, lengths)
    for first, planes in zip(neighbours.edges, parts):
        at = first + GHOST
        array[:, at : at + len(planes)] = planes.swapaxes(0, 1)


def _sign(start: int) -> int:
    return -1 if start % 2 else 1


def shared(operator: Operator) -> Multigrid:
    """Return the multigrid below an operator: on boxes where there are several."""
    if operator.neighbours.link.size == 1:
        return Multigrid(operator)
    return SharedMultigrid(operator)
