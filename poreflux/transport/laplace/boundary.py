"""The links of the outer planes to the faces across the transport: half a cell, an interface."""

import numpy as np

from poreflux.kernels import redblack
from poreflux.kernels.redblack import GHOST

LOW, HIGH = 0, 1


class Ends:
    """The links of one grid, as planes and as the kernels read them.

    ``half`` and ``interface`` (2, ny, nx) are the conductances of half a cell and of the interface
    at the low and the high face, in the units of
    :meth:`poreflux.transport.laplace.problem.Problem.weights`: an interface of infinite
    conductance is a driven face, one of none an insulated face. ``packed`` (4, 2, Y, H) and ``of``
    (Z,) are what the kernels call ``ends`` and ``end_of``; they change in place, so that a current
    that depends on the potential needs no other geometry at each step. Every box has the planes of
    both faces, whether they are its own or not.
    """

    def __init__(self, half: np.ndarray, places: tuple[int, int], packed: np.ndarray, of):
        self.half = half
        self.interface = np.full_like(half, np.inf)
        self.places = places
        self.packed = packed
        self.of = of

    def links(self) -> np.ndarray:
        """Return the conductances (2, ny, nx) from the cells to what lies behind the interface."""
        return series(self.half, self.interface)

    def renew(self) -> None:
        """Bring what the kernels read up to date."""
        links = self.links()
        for face, place in enumerate(self.places):
            self.packed[1 + face] = pack_plane(links[face], place, self.packed.dtype)
        self.packed[3] = self.packed[1] + self.packed[2]

    def follow(self, fine: "Ends") -> None:
        """Take the interfaces of the next finer grid: the sums of four of each, halves at twice
        the length."""
        shape = self.half.shape[1:]
        joined = fine.interface > 0
        self.half[:] = sum_of_four(np.where(joined, fine.half, 0), shape) / 2
        self.interface[:] = sum_of_four(np.where(fine.half > 0, fine.interface, 0), shape)
        self.renew()


def open_ends(half: np.ndarray, shape, start: int, whole: int, dtype) -> Ends:
    """Return the driven faces of a box of `shape` cells that begins at plane `start` of `whole`."""
    planes, *plane = redblack.packed_shape(shape)
    of = ends_of_planes(start, planes, whole)
    packed = np.zeros((4, 2, *plane), dtype)
    ends = Ends(half, (0, whole - 1), packed, of if half.any() else np.zeros_like(of))
    ends.renew()
    return ends


def coarser_ends(fine: Ends, shape, start: int, whole: int) -> Ends:
    """Return the ends of the next coarser grid, for a box of `shape` cells as in `open_ends`."""
    half = sum_of_four(fine.half, shape[1:]) / 2
    coarse = open_ends(half, shape, start, whole, np.float32)
    coarse.follow(fine)
    return coarse


def series(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the conductance of two in series, either of which may be zero or infinite.

    >>> series(np.array([2.0, 2.0, 2.0]), np.array([2.0, 0.0, np.inf]))
    array([1., 0., 2.])
    """
    with np.errstate(divide="ignore"):
        return 1 / (1 / a + 1 / b)


def sum_of_four(planes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the sums over 2 x 2 faces of planes (..., ny, nx), as (..., *shape)."""
    *rest, ny, nx = planes.shape
    padded = np.zeros((*rest, 2 * shape[0], 2 * shape[1]), planes.dtype)
    padded[..., :ny, :nx] = planes
    return padded.reshape(*rest, shape[0], 2, shape[1], 2).sum((-3, -1))


def ends_of_planes(start: int, planes: int, whole: int) -> np.ndarray:
    """Return which faces each padded plane of a box touches: bit 0 the low one, bit 1 the high one.

    >>> ends_of_planes(2, 7, 6)
    array([1, 0, 0, 0, 0, 2, 0], dtype=uint8)
    """
    number = np.arange(planes) + start - GHOST
    return ((number == 0) | ((number == whole - 1) << 1)).astype(np.uint8)


def pack_plane(values: np.ndarray, k: int, dtype) -> np.ndarray:
    """Return plane number k, values (ny, nx), as (2, Y, H), colours apart."""
    ny, nx = values.shape
    plane = redblack.packed_shape((1, ny, nx))[1:]
    # colours depend on the parity of k only, so a box of two planes stands for any
    out = np.zeros((2, 2 * GHOST + 2, *plane), dtype)
    cells = np.zeros((2, ny, nx), dtype)
    cells[k % 2] = values
    redblack.pack(cells, out, k % 2, k % 2 + 1)
    return out[:, k % 2 + GHOST]


def unpack_plane(packed: np.ndarray, k: int, shape) -> np.ndarray:
    """Return (2, Y, H) of plane number k as (ny, nx): the inverse of :func:`pack_plane`."""
    box = np.zeros((2, 2 * GHOST + 2, *packed.shape[1:]), packed.dtype)
    box[:, k % 2 + GHOST] = packed
    out = np.zeros((2, *shape[-2:]), packed.dtype)
    redblack.unpack(box, out, k % 2, k % 2 + 1)
    return out[k % 2]
