"""The preconditioner of hard media: a cycle of multigrid on the graph of conducting cells.

A coarse cell of 2 x 2 x 2 voxels (:mod:`poreflux.transport.solvers.multigrid`) joins whatever lies
in it: paths that pass each other without meeting, and islands of a good conductor with what they
lie in. An aggregate of the graph holds about as many cells, of those that are joined best: three
times, each takes the neighbour that it is joined to best, unless all are joined badly. What
conducts alike throughout takes longer so; sparse, winding and uneven media take far fewer
iterations, and a sparse one less time for each, for only conducting cells are nodes.

Each coarse graph is visited twice. Its matrix is that of Galerkin with constants, so that a visit
lowers the error; a correction is half as large again, for potentials that are level in each
aggregate conduct too well. The cycle is symmetric, positive definite and the same on any number of
threads.
"""

import numpy as np

from poreflux.kernels import redblack
from poreflux.kernels.redblack import GHOST
from poreflux.transport.engines.graph import Graph, GraphCycle, graph_of_faces
from poreflux.transport.laplace.operator import Operator


def graph_of_cells(operator: Operator, cells: np.ndarray) -> tuple[Graph, int]:
    """Return the graph of the cells (n0, n1, n2) of an operator that conduct, red ones first, and
    the number of those.
    """
    number, reds = number_cells(cells)
    engine = operator.engine

    def faces(axis: int) -> np.ndarray:
        return engine.face_conductance(operator, axis)

    return graph_of_faces(engine, faces, number, links_of(operator, number)), reds


def number_cells(cells: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the number of each cell that conducts, red ones first, -1 elsewhere; and how many are
    red.

    Examples
    --------
    >>> number_cells(np.array([[[1, 1, 0, 1]]]))
    (array([[[ 0,  1, -1,  2]]], dtype=int32), 1)
    """
    n0, n1, n2 = (np.arange(n, dtype=np.uint8) & 1 for n in cells.shape)
    black = (n0[:, None, None] ^ n1[:, None] ^ n2).astype(bool)
    number = np.full(cells.shape, -1, np.int32)
    start = 0
    reds = 0
    for colour in (~black, black):
        on = colour & (cells > 0)
        count = int(np.count_nonzero(on))
        number[on] = np.arange(start, start + count, dtype=np.int32)
        reds, start = reds or count, start + count
    return number, reds


def links_of(operator: Operator, number: np.ndarray) -> np.ndarray:
    """Return the conductance of each node to the driven faces."""
    link = np.zeros(int(number.max()) + 1)
    faces, links = np.asarray(operator.kernel.face_of), np.asarray(operator.kernel.links)
    for bit in (1, 2, 3):
        for plane in (np.flatnonzero(faces == bit) - GHOST).tolist():
            of_plane = redblack.unpack_plane(links[bit], plane, operator.shape)
            nodes = number[plane]
            link[nodes[nodes >= 0]] += of_plane[nodes >= 0]
    return link


class GraphMultigrid:
    """A :class:`poreflux.transport.solvers.conjugate_gradients.Preconditioner` of an operator on a
    single box, on the host.
    """

    def __init__(self, operator: Operator, cells: np.ndarray):
        self.operator = operator
        self.cycle = GraphCycle(*graph_of_cells(operator, cells))
        packed = np.zeros((2, *redblack.packed_shape(cells.shape)), np.uint8)
        redblack.pack((cells > 0).view(np.uint8), packed, 0, cells.shape[0])
        self.where = np.flatnonzero(packed[0])

    def boundary_changed(self) -> None:
        """Do nothing: the potential of driven faces is fixed."""

    def precondition(self, r: np.ndarray, z: np.ndarray) -> float:
        """z = M r for one colour; return r . z."""
        out = z if isinstance(z, np.ndarray) else np.zeros(z.shape, z.dtype)
        self.cycle.precondition(np.asarray(r).reshape(-1), self.where, out.reshape(-1))
        if out is not z:
            z[:] = out
        self.operator.neighbours.fill_ghosts(z)
        return self.operator.dot(r, z)
