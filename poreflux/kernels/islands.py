"""Means over islands: clusters of a much better conductor, numbered from 1; 0 is none.

Arrays are packed, of red cells only (:mod:`poreflux.kernels.redblack`).
"""

from poreflux.kernels.redblack import GHOST, compiled


@compiled
def add_up(values, labels, totals, k0, k1):
    """Add the values of own planes k0 to k1 to the totals of their islands."""
    for k in range(k0 + GHOST, k1 + GHOST):
        for j in range(GHOST, values.shape[2] - GHOST):
            row, island = values[0, k, j], labels[0, k, j]
            for i in range(1, row.shape[0] - 1):
                totals[island[i]] += row[i]


@compiled
def spread(values, labels, means, out, k0, k1):
    """out = the mean of its island in each cell of own planes k0 to k1, its value where none is."""
    for k in range(k0 + GHOST, k1 + GHOST):
        for j in range(GHOST, values.shape[2] - GHOST):
            row, island, mean = values[0, k, j], labels[0, k, j], out[0, k, j]
            for i in range(1, row.shape[0] - 1):
                mean[i] = means[island[i]] if island[i] > 0 else row[i]
