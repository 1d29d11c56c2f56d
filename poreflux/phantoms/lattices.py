"""Spheres on cubic lattices: transport known from multipole expansions."""

import numpy as np
import xarray as xr

from poreflux.phantoms.exact import Shape, _described, three

#: centres in units of the cell edge, and distance of nearest neighbours
LATTICES = {
    "sc": ([(0.5, 0.5, 0.5)], 1.0),
    "bcc": ([(0, 0, 0), (0.5, 0.5, 0.5)], np.sqrt(3) / 2),
    "fcc": ([(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)], np.sqrt(2) / 2),
}


def sphere_lattice(
    lattice: str,
    n: int,
    *,
    fraction: float | None = None,
    overlap: float | None = None,
    cells: Shape = 1,
    conducting: bool = False,
    voxel_size: float = 1.0,
) -> xr.Dataset:
    """Set equal spheres on a cubic lattice; a voxel is in a sphere where its centre is.

    Parameters
    ----------
    lattice
        ``"sc"`` (centre amid the cell), ``"bcc"`` or ``"fcc"`` (a centre in the corner).
    n
        voxels of one cell along each axis.
    fraction
        volume fraction of spheres that do not overlap; give this or `overlap`.
    overlap
        depth by which neighbours overlap over the radius: 0 where they touch, 1 where each reaches
        the other's centre.
    cells
        number of cells (z, y, x), or one number.
    conducting
        whether the spheres are the electrolyte instead of the pores.
    voxel_size
        edge of a voxel in µm.

    Notes
    -----
    Neighbours at the distance d have the radius ``d / (2 - overlap)``, or
    ``(3 fraction / (4 pi m))**(1/3)`` of the cell edge with m spheres in a cell. Insulating spheres
    on the simple cubic lattice have the tortuosity factors 1.05003792, 1.10086233, 1.15576158 and
    1.22421519 at the fractions 0.1, 0.2, 0.3 and 0.4 (Rayleigh's multipoles to order 27).

    Examples
    --------
    The interstices of overlapping spheres, a benchmark of published tortuosity factors:

    >>> volume = sphere_lattice("fcc", 32, overlap=0.05)
    >>> print(f"{float((volume.phase == 1).mean()):.8f}")
    0.21679688
    """
    if lattice not in LATTICES:
        raise ValueError(f"lattice={lattice!r} is not known; choose one of {tuple(LATTICES)}")
    radius = _radius(lattice, fraction, overlap)
    squared = _squared_distance(lattice, n)
    inside = squared <= radius**2
    cell_counts = three(cells)
    truth = {"lattice": lattice, "n": n, "cells": cell_counts, "radius": float(radius) * n}
    return _described(
        np.tile(inside if conducting else ~inside, cell_counts),
        voxel_size,
        "sphere lattice",
        conducting=conducting,
        fraction=fraction,
        overlap=overlap,
        **truth,
    )


def _radius(lattice: str, fraction: float | None, overlap: float | None) -> float:
    """Return the radius in units of the cell edge."""
    if fraction is not None and overlap is None:
        return _radius_of_fraction(lattice, fraction)
    if overlap is not None and fraction is None:
        if 0 <= overlap <= 1:
            return LATTICES[lattice][1] / (2 - overlap)
        raise ValueError(f"overlap={overlap} is not between 0 (touching) and 1")
    raise ValueError(f"fraction={fraction}, overlap={overlap}; give exactly one of the two")


def _radius_of_fraction(lattice: str, fraction: float) -> float:
    centres, neighbour = LATTICES[lattice]
    most = len(centres) * np.pi / 6 * neighbour**3
    if not 0 <= fraction <= most:
        raise ValueError(
            f"fraction={fraction} is not between 0 and {most:.4f}, where spheres of the lattice "
            f"{lattice!r} touch; give overlap= for more"
        )
    return (3 * fraction / (4 * np.pi * len(centres))) ** (1 / 3)


def _squared_distance(lattice: str, n: int) -> np.ndarray:
    """Return each voxel centre's squared distance to the nearest sphere centre, cell edge 1."""
    x = (np.arange(n) + 0.5) / n
    nearest = np.full((n, n, n), np.inf)
    for centre in LATTICES[lattice][0]:
        z2, y2, x2 = (((x - c) - np.round(x - c)) ** 2 for c in centre)
        np.minimum(nearest, z2[:, None, None] + y2[:, None] + x2, out=nearest)
    return nearest
