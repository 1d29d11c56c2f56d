"""Small random media of the kinds that a solver meets, easy and hard."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

Shape = Sequence[int]


def random_sites(shape: Shape, conducting: float, seed: int = 0) -> np.ndarray:
    """Return voxels that conduct (1) independently; below a fraction of 0.3116 none percolates."""
    return (np.random.default_rng(seed).random(shape) < conducting).astype(np.uint8)


def blobs(
    shape: Shape, conducting: float, length: float | Sequence[float] = 2.0, seed: int = 0
) -> np.ndarray:
    """Return a level set of a smooth random field, of exactly that conducting fraction."""
    field = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), length, mode="wrap")
    return (field < np.quantile(field, conducting)).astype(np.uint8)


def sheets(shape: Shape, conducting: float, length: float = 2.0, seed: int = 0) -> np.ndarray:
    """Return a solid cut by curved sheets of pores: thin walls, narrow necks."""
    field = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), length, mode="wrap")
    return (abs(field) > np.quantile(abs(field), 1 - conducting)).astype(np.uint8)


def phases(shape: Shape, fractions: Sequence[float], length: float = 1.5, seed: int = 0):
    """Return labels 0, 1, ... of those fractions, next to each other in the order of the labels."""
    field = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), length, mode="wrap")
    cuts = np.quantile(field, np.cumsum(fractions)[:-1])
    return np.digitize(field, cuts).astype(np.uint8)


#: media of one conducting phase by name, each a function of the shape
BINARY = {
    "dense noise": lambda shape: random_sites(shape, 0.85, 1),
    "noise near percolation": lambda shape: random_sites(shape, 0.37, 2),
    "clustered pores": lambda shape: blobs(shape, 0.8, 2.0, 3),
    "sparse clusters": lambda shape: blobs(shape, 0.3, 1.5, 4),
    "long grains": lambda shape: blobs(shape, 0.3, (0.7, 1.4, 4.0), 5),
    "curved sheets": lambda shape: sheets(shape, 0.7, 2.0, 6),
}
