"""Red-black layout: the two colours of a chequerboard in separate arrays, so that all loops run at
stride one.

A cell (k, j, x) has colour ``c = (k + j + x) & 1``; it is stored at ``[c, k + 2, j + 2, x // 2 +
1]`` of an array with two ghost planes, two ghost rows and one ghost pair at each end. A cell of
colour c in row (k, j) sits at ``x = 2 i + o`` with ``o = (c + k + j) & 1``; its six neighbours have
the other colour: those in z and y at the same i, the left one at ``i - 1 + o``, the right one at
``i + o``. Exactly because every neighbour has the other colour, black unknowns can be eliminated on
the fly.

Functions take ranges of planes and release the GIL; a pool of threads runs them side by side.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import numba as nb
import numpy as np

from poreflux.kernels import KEPT

GHOST = 2

#: how kernels are compiled; reference counting is off since kernels own nothing and its atomics
#: would cost half the time
OPTIONS: Any = {
    "_nrt": False,
    "error_model": "numpy",
    "fastmath": {"reassoc", "nsz", "arcp", "contract"},
}

compiled = nb.njit(nogil=True, cache=KEPT, **OPTIONS)

#: how what a kernel does row by row is compiled: to hand over the tens of arrays of an operator
#: takes as long as a row of a hundred cells does
IN_PLACE: Any = OPTIONS | {"forceinline": True}
in_place = nb.njit(nogil=True, cache=KEPT, **IN_PLACE)

#: what other kernels call and Python never: to unpack tuples of tens of arrays for Python takes
#: longer to compile than the loops do
_NO_ENTRY: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
inner = nb.njit(nogil=True, cache=KEPT, **_NO_ENTRY, **OPTIONS)


def packed_shape(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return (planes, rows, pairs) of one colour, ghosts included, for a box of `shape` cells."""
    nz, ny, nx = shape
    return nz + 2 * GHOST, ny + 2 * GHOST, (nx + 1) // 2 + 2


@compiled
def pack_row(row, out, k, j):
    """Write one row of cells, along x, into ``out[colour, k, j]`` (k, j with ghosts counted)."""
    even = out[(k + j) & 1, k, j]
    odd = out[(k + j + 1) & 1, k, j]
    n = row.shape[0]
    for i in range(n // 2):
        even[i + 1] = row[2 * i]
        odd[i + 1] = row[2 * i + 1]
    if n & 1:
        even[n // 2 + 1] = row[n - 1]


@compiled
def unpack_row(even, odd, row):
    """Interleave the two colours of one row: the inverse of :func:`pack_row`, ghosts skipped."""
    n = row.shape[0]
    for i in range(n // 2):
        row[2 * i] = even[i + 1]
        row[2 * i + 1] = odd[i + 1]
    if n & 1:
        row[n - 1] = even[n // 2 + 1]


@compiled
def pack(cells, out, k0, k1):
    """Write planes k0 to k1 of `cells` (nz, ny, nx) into the two colours of `out`."""
    for k in range(k0, k1):
        for j in range(cells.shape[1]):
            pack_row(cells[k, j], out, k + GHOST, j + GHOST)


@compiled
def unpack(colours, out, k0, k1):
    """Write planes k0 to k1 of the two colours into `out` (nz, ny, nx)."""
    for k in range(k0, k1):
        for j in range(out.shape[1]):
            kk, jj = k + GHOST, j + GHOST
            c = (kk + jj) & 1
            unpack_row(colours[c, kk, jj], colours[1 - c, kk, jj], out[k, j])


@compiled
def fill(array, value, k0, k1):
    """Set padded planes k0 to k1 of every colour; the first touch of an array, by the thread that
    will use it.
    """
    for c in range(array.shape[0]):
        for k in range(k0, k1):
            for j in range(array.shape[2]):
                row = array[c, k, j]
                for i in range(row.shape[0]):
                    row[i] = value


@compiled
def axpby(a, x, b, y, k0, k1):
    """y = a x + b y on padded planes k0 to k1 of one colour, ghosts included."""
    for k in range(k0, k1):
        for j in range(x.shape[2]):
            xr = x[0, k, j]
            yr = y[0, k, j]
            for i in range(xr.shape[0]):
                yr[i] = a * xr[i] + b * yr[i]


@compiled
def advance(alpha, p, q, x, r, k0, k1):
    """x += alpha p and r -= alpha q on planes k0 to k1 (own cells) of one colour; return r . r."""
    total = 0.0
    for k in range(k0 + GHOST, k1 + GHOST):
        for j in range(GHOST, x.shape[2] - GHOST):
            pr, qr, xr, rr = p[0, k, j], q[0, k, j], x[0, k, j], r[0, k, j]
            s = xr[0] * 0
            for i in range(1, xr.shape[0] - 1):
                xr[i] += alpha * pr[i]
                v = rr[i] - alpha * qr[i]
                rr[i] = v
                s += v * v
            total += s
    return total


@compiled
def dot(x, y, k0, k1):
    """Return the sum of x y over planes k0 to k1 (own cells) of one colour, rows in their own
    precision.
    """
    total = 0.0
    for k in range(k0 + GHOST, k1 + GHOST):
        for j in range(GHOST, x.shape[2] - GHOST):
            xr = x[0, k, j]
            yr = y[0, k, j]
            s = xr[0] * yr[0] * 0
            for i in range(1, xr.shape[0] - 1):
                s += xr[i] * yr[i]
            total += s
    return total


def slabs(n: int, parts: int) -> list[tuple[int, int]]:
    """Cut 0..n into at most `parts` ranges that start at even numbers (the colours and coarse cells
    of a slab then line up with its neighbours').

    >>> slabs(7, 2)
    [(0, 4), (4, 7)]
    """
    parts = max(1, min(parts, n // 2))
    edges = [2 * round(n * p / parts / 2) for p in range(parts)] + [n]
    return [(a, b) for a, b in itertools.pairwise(edges) if b > a]


def empty(shape: tuple[int, int, int], dtype=np.float32, colours: int = 1) -> np.ndarray:
    """Return an untouched packed array of one or two colours for a box of `shape` cells."""
    return np.empty((colours, *packed_shape(shape)), dtype)


def wrap_sides(array: np.ndarray, wrap_y: bool, wrap_x: bool) -> None:
    """Copy own rows and pairs of planes (..., Y, H) into the ghosts of periodic sides."""
    if wrap_y:
        array[..., :GHOST, :] = array[..., -2 * GHOST : -GHOST, :]
        array[..., -GHOST:, :] = array[..., GHOST : 2 * GHOST, :]
    if wrap_x:
        array[..., 0] = array[..., -2]
        array[..., -1] = array[..., 1]


def wrap(array: np.ndarray, periodic: tuple[bool, bool, bool]) -> None:
    """Copy own planes, rows and pairs of (colours, Z, Y, H) into the ghosts of periodic axes."""
    if periodic[0]:
        array[:, :GHOST] = array[:, -2 * GHOST : -GHOST]
        array[:, -GHOST:] = array[:, GHOST : 2 * GHOST]
    wrap_sides(array, *periodic[1:])


def pack_plane(values: np.ndarray, k: int, dtype) -> np.ndarray:
    """Return plane number k, values (ny, nx), as (2, Y, H), colours apart."""
    ny, nx = values.shape
    plane = packed_shape((1, ny, nx))[1:]
    out = np.zeros((2, *plane), dtype)
    for own, cells in _rows_of_colours(k, values):
        out[own] = cells
    return out


def unpack_plane(packed: np.ndarray, k: int, shape) -> np.ndarray:
    """Return (2, Y, H) of plane number k as (ny, nx): the inverse of :func:`pack_plane`."""
    out = np.empty(shape[-2:], packed.dtype)
    for own, cells in _rows_of_colours(k, out):
        cells[:] = packed[own]
    return out


def _rows_of_colours(
    k: int, values: np.ndarray
) -> Iterator[tuple[tuple[int, slice, slice], np.ndarray]]:
    """Yield where a plane (2, Y, H) has the cells of every second row that are of one colour, with
    these cells of `values` (ny, nx)."""
    for colour in range(2):
        for first in range(2):
            cells = values[first::2, (colour + k + first) % 2 :: 2]
            rows, pairs = cells.shape
            own_rows = slice(GHOST + first, GHOST + first + 2 * rows, 2)
            yield (colour, own_rows, slice(1, 1 + pairs)), cells
