"""Random numbers that belong to positions: the same at a position in any window.

Space is cut into fixed cells; each cell has a generator of its own, the counter-based Philox [1]_
keyed by the seed, a stream (which quantity) and the cell's index. Any window of an endless random
medium can therefore be made alone, in any order and in any process.

References
----------
.. [1] J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC'11 (2011).
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

#: sites of one cell of white noise along each axis
SITES = 16


def cell_generator(seed: int, stream: int, cell: Sequence[int]) -> np.random.Generator:
    """Return the generator of one cell.

    Parameters
    ----------
    seed
        of the medium, 0 to 2**64 - 1.
    stream
        which quantity of the medium.
    cell
        index of the cell (z, y, x), negative ones included.

    Examples
    --------
    >>> first, second = cell_generator(1, 0, (0, -2, 5)), cell_generator(1, 0, (0, -2, 5))
    >>> bool(first.random() == second.random())
    True
    """
    counter = np.array([0, *cell], dtype=np.int64).view(np.uint64)
    return np.random.Generator(
        np.random.Philox(key=np.array([seed, stream], np.uint64), counter=counter)
    )


def white_noise(seed: int, stream: int, start: Sequence[int], stop: Sequence[int]) -> np.ndarray:
    """Return independent standard normal numbers, float32, at the sites of a box of the lattice.

    Parameters
    ----------
    seed, stream
        see :func:`cell_generator`.
    start, stop
        first site and the one after the last, (z, y, x); may be negative.

    Examples
    --------
    >>> large = white_noise(7, 0, (-3, 0, 0), (40, 5, 5))
    >>> small = white_noise(7, 0, (10, 2, 0), (20, 5, 1))
    >>> bool((large[13:23, 2:5, :1] == small).all())
    True
    """
    first, last = np.asarray(start), np.asarray(stop)
    out = np.empty(last - first, np.float32)
    for cell in cells_of(first / SITES, last / SITES):
        corner = np.array(cell) * SITES
        low, high = np.maximum(corner, first), np.minimum(corner + SITES, last)
        values = cell_generator(seed, stream, cell).standard_normal((SITES,) * 3, np.float32)
        out[_slices(low - first, high - first)] = values[_slices(low - corner, high - corner)]
    return out


def cells_of(low: np.ndarray, high: np.ndarray) -> Iterator[tuple[int, ...]]:
    """Yield the index of each cell of edge 1 that a box of real corners meets."""
    spans = zip(np.floor(low).astype(int), np.ceil(high).astype(int))
    return itertools.product(*(range(a, b) for a, b in spans))


def _slices(low: np.ndarray, high: np.ndarray) -> tuple[slice, ...]:
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high))
