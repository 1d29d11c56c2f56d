"""Volumes whose transport is known in closed form: uniform, layers, columns, boards, strips.

Label 1, electrolyte, conducts and label 0, pore, insulates, unless conductivities are given.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from poreflux.schema import DIMS, Direction
from poreflux.volume import axis_of, from_array

Shape = int | Sequence[int]


def uniform(shape: Shape, *, label: int = 1, voxel_size: float = 1.0) -> xr.Dataset:
    """Make a volume of one phase: tortuosity factor 1 where it conducts.

    Parameters
    ----------
    shape
        voxels (z, y, x), or one number for a cube.
    label
        0 pore or 1 electrolyte.
    voxel_size
        edge of a voxel in µm.

    Examples
    --------
    >>> int(uniform(4).phase.sum())
    64
    """
    return _described(np.full(three(shape), label, np.uint8), voxel_size, "uniform", label=label)


def layers(
    shape: Shape,
    *,
    direction: Direction = "z",
    thickness: int = 1,
    labels: Sequence[int] = (1, 0),
    voxel_size: float = 1.0,
) -> xr.Dataset:
    """Stack layers of alternating labels along a direction.

    Parameters
    ----------
    shape
        voxels (z, y, x), or one number for a cube.
    direction
        dimension that crosses the layers.
    thickness
        voxels of one layer.
    labels
        the labels that repeat, in order, from the first face on.
    voxel_size
        edge of a voxel in µm.

    Notes
    -----
    Across whole periods the effective conductivity is the harmonic mean, along them the arithmetic
    mean, both exactly on voxels; 1 and 0.5 in equal parts give 2/3 and 3/4.

    Examples
    --------
    >>> layers((4, 1, 1)).phase.values.ravel().tolist()
    [1, 0, 1, 0]
    """
    shape, axis = three(shape), axis_of(direction)
    turn = np.arange(shape[axis]) // thickness % len(labels)
    line = np.asarray(labels, np.uint8)[turn]
    array = np.broadcast_to(_along(line, axis), shape).copy()
    truth = {"direction": direction, "thickness": thickness, "labels": list(map(int, labels))}
    return _described(array, voxel_size, "layers", **truth)


def columns(
    shape: Shape,
    *,
    direction: Direction = "z",
    width: int = 1,
    period: int = 2,
    voxel_size: float = 1.0,
) -> xr.Dataset:
    """Set square electrolyte columns on a square grid, all running along a direction.

    Along the columns the tortuosity factor is exactly 1; over whole periods the electrolyte
    fraction is ``(width / period)**2``. Across them nothing conducts while ``width < period``.

    Parameters
    ----------
    shape
        voxels (z, y, x), or one number for a cube.
    direction
        dimension along which the columns run.
    width, period
        edge of a column and distance between columns, in voxels.
    voxel_size
        edge of a voxel in µm.

    Examples
    --------
    >>> float(columns(4).phase.mean())
    0.25
    """
    shape, axis = three(shape), axis_of(direction)
    array = np.ones(shape, np.uint8)
    for across in {0, 1, 2} - {axis}:
        array &= _along((np.arange(shape[across]) % period < width).astype(np.uint8), across)
    truth = {"direction": direction, "width": width, "period": period}
    return _described(array, voxel_size, "columns", **truth)


def checkerboard(
    shape: Shape, *, square: int = 1, dims: Sequence[str] = ("z", "y"), voxel_size: float = 1.0
) -> xr.Dataset:
    """Alternate the two labels in squares over some dimensions, constant along the others.

    Parameters
    ----------
    shape
        voxels (z, y, x), or one number for a cube.
    square
        edge of a square in voxels; the first square is electrolyte.
    dims
        the dimensions that alternate: two make a board, three a stack of cubes.
    voxel_size
        edge of a voxel in µm.

    Notes
    -----
    Two conductivities on an endless two-dimensional board have the effective conductivity
    ``sqrt(k1 k2)`` [1]_, which voxels approach slowly where the contrast is large.

    References
    ----------
    .. [1] A. M. Dykhne, Sov. Phys. JETP 32, 63 (1971); J. B. Keller, J. Math. Phys. 5, 548 (1964).

    Examples
    --------
    >>> checkerboard((2, 2, 1)).phase.values[..., 0].tolist()
    [[1, 0], [0, 1]]
    """
    shape = three(shape)
    turn = sum(_along(np.arange(shape[a]) // square, a) for a in map(axis_of, dims))
    array = np.broadcast_to((turn + 1) % 2, shape).astype(np.uint8)
    return _described(array, voxel_size, "checkerboard", square=square, dims=list(dims))


def slanted_strip(length: int = 20, *, voxel_size: float = 1.0) -> xr.Dataset:
    """Lay one electrolyte strip of 2 x 2 voxels that moves by (1, 1) from plane to plane.

    Neighbouring planes share one voxel face, so the flux zigzags: with Dirichlet values on the
    outer voxel faces the tortuosity factor along z of the strip of length 20 is exactly 451/60.

    Parameters
    ----------
    length
        number of planes; the shape is ``(length, length + 1, length + 1)``.
    voxel_size
        edge of a voxel in µm.

    Examples
    --------
    >>> int(slanted_strip(20).phase.sum())
    80
    """
    array = np.zeros((length, length + 1, length + 1), np.uint8)
    for i in range(length):
        array[i, i : i + 2, i : i + 2] = 1
    return _described(array, voxel_size, "slanted strip", length=length)


def dead_end(shape: Shape, *, direction: Direction = "z", voxel_size: float = 1.0) -> xr.Dataset:
    """Raise one electrolyte column that stops one voxel before the far face: nothing percolates.

    Parameters
    ----------
    shape
        voxels (z, y, x), or one number for a cube.
    direction
        dimension along which the column runs; the tortuosity factor along it is infinite.
    voxel_size
        edge of a voxel in µm.

    Examples
    --------
    >>> dead_end((3, 1, 1)).phase.values.ravel().tolist()
    [1, 1, 0]
    """
    shape, axis = three(shape), axis_of(direction)
    array = np.zeros(shape, np.uint8)
    place: list[int | slice] = [n // 2 for n in shape]
    place[axis] = slice(0, shape[axis] - 1)
    array[tuple(place)] = 1
    return _described(array, voxel_size, "dead end", direction=direction)


def one_missing_voxel(n: int, *, voxel_size: float = 1.0) -> xr.Dataset:
    """Remove the middle voxel of a cube of electrolyte of odd edge.

    Notes
    -----
    In an endless lattice the voxel costs ``tau = 1 + (C - 1) p`` with ``C = 2.53114``; a sphere
    of the same volume would cost ``C = 3/2``.

    Parameters
    ----------
    n
        edge of the cube in voxels, odd.
    voxel_size
        edge of a voxel in µm.

    Examples
    --------
    >>> int((one_missing_voxel(5).phase == 0).sum())
    1
    """
    if n % 2 == 0:
        raise ValueError(f"n={n} is even and has no middle voxel; give an odd number")
    array = np.ones((n, n, n), np.uint8)
    array[(n // 2,) * 3] = 0
    return _described(array, voxel_size, "one missing voxel")


def cubes(n: int, edge: int, *, cells: Shape = 1, voxel_size: float = 1.0) -> xr.Dataset:
    """Set one cubic pore in the middle of each cubic cell of electrolyte.

    Parameters
    ----------
    n
        voxels of one cell along each axis.
    edge
        edge of a pore in voxels; the porosity is ``(edge / n)**3``.
    cells
        number of cells (z, y, x), or one number.
    voxel_size
        edge of a voxel in µm.

    Examples
    --------
    >>> float((cubes(4, 2, cells=2).phase == 0).mean())
    0.125
    """
    if not 0 <= edge <= n:
        raise ValueError(f"edge={edge} does not fit in a cell of {n} voxels; choose 0 to {n}")
    cell = np.ones((n, n, n), np.uint8)
    low = (n - edge) // 2
    cell[(slice(low, low + edge),) * 3] = 0
    cell_counts = three(cells)
    truth = {
        "n": n,
        "edge": edge,
        "cells": cell_counts,
        "pores": math.prod(cell_counts) if edge else 0,
    }
    return _described(np.tile(cell, cell_counts), voxel_size, "cubes", **truth)


def cylinders(
    n: int,
    fraction: float,
    *,
    direction: Direction = "x",
    length: int = 1,
    cells: int = 1,
    conducting: bool = False,
    voxel_size: float = 1.0,
) -> xr.Dataset:
    """Set parallel cylinders on a square array, one in the middle of each cell.

    A voxel belongs to a cylinder where its centre does.

    Parameters
    ----------
    n
        voxels of one cell along each axis.
    fraction
        area fraction of the cylinders, at most pi/4 (they touch).
    direction
        dimension along which the cylinders run; along it the tortuosity factor is exactly 1.
    length
        voxels along the cylinders.
    cells
        number of cells along each of the two other axes.
    conducting
        whether the cylinders are the electrolyte instead of the pores.
    voxel_size
        edge of a voxel in µm.

    Examples
    --------
    >>> volume = cylinders(32, 0.3)
    >>> abs(float((volume.phase == 0).mean()) - 0.3) < 0.01
    True
    """
    if not 0 <= fraction <= np.pi / 4:
        raise ValueError(f"fraction={fraction} is not between 0 and pi/4, where cylinders touch")
    x = (np.arange(n) + 0.5) / n - 0.5
    inside = x[:, None] ** 2 + x**2 <= fraction / np.pi
    plane = np.tile(inside if conducting else ~inside, (cells, cells))
    array = np.repeat(np.expand_dims(plane, axis_of(direction)), length, axis=axis_of(direction))
    truth = {"n": n, "fraction": fraction, "direction": direction, "cells": cells}
    return _described(array, voxel_size, "cylinders", conducting=conducting, **truth)


def three(shape: Shape) -> tuple[int, int, int]:
    """Return a shape (z, y, x) of positive integers from one number or three."""
    edges = (shape,) * 3 if isinstance(shape, int | np.integer) else tuple(shape)
    if len(edges) != 3 or any(int(n) != n or n < 1 for n in edges):
        raise ValueError(f"shape={shape!r} is not one positive integer or three for {DIMS}")
    return int(edges[0]), int(edges[1]), int(edges[2])


def _along(line: np.ndarray, axis: int) -> np.ndarray:
    return line.reshape([-1 if a == axis else 1 for a in range(3)])


def _described(array: np.ndarray, voxel_size: float, name: str, **truth: Any) -> xr.Dataset:
    volume = from_array(array, voxel_size=voxel_size)
    volume.attrs["phantom"] = {"name": name, **truth}
    return volume
