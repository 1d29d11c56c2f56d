"""Clusters of labelled voxels: measured in a block, joined across the faces of blocks, added up.

A table has one row of integers for each cluster: number of voxels, least flat index of a voxel in
the volume, the sums of the indices along (z, y, x), their least, their largest, an area, and
whether a neighbour lies outside the mask.
"""

from poreflux.kernels.components import join
from poreflux.kernels.redblack import compiled

VOXELS, FIRST, SUMS, LOW, HIGH, AREA, CUT, COLUMNS = 0, 1, 2, 5, 8, 11, 12, 13


@compiled
def measure_labels(labels, around, weights, start, shape, table):
    """Measure the clusters of one block; label a is row a - 1 of `table` (zero), label 0 is none.

    `start` is the block's first voxel in a volume of `shape`. `around` is the block with one more
    voxel on each side: 1 where there is solid, 2 outside the mask, 0 where there is neither or
    nothing is known. Each solid neighbour adds its ``weights[dz + 1, dy + 1, dx + 1]`` to the area.
    """
    nz, ny, nx = labels.shape
    for k in range(nz):
        for j in range(ny):
            line = labels[k, j]
            for i in range(nx):
                if line[i] == 0:
                    continue
                row = table[line[i] - 1]
                z, y, x = start[0] + k, start[1] + j, start[2] + i
                if row[VOXELS] == 0:
                    row[FIRST] = (z * shape[1] + y) * shape[2] + x
                    row[LOW] = z
                    row[LOW + 1] = row[HIGH + 1] = y
                    row[LOW + 2] = row[HIGH + 2] = x
                row[VOXELS] += 1
                row[SUMS] += z
                row[SUMS + 1] += y
                row[SUMS + 2] += x
                row[HIGH] = z
                row[LOW + 1] = min(row[LOW + 1], y)
                row[HIGH + 1] = max(row[HIGH + 1], y)
                row[LOW + 2] = min(row[LOW + 2], x)
                row[HIGH + 2] = max(row[HIGH + 2], x)
                area, states = 0, 0
                for dz in range(3):
                    for dy in range(3):
                        for dx in range(3):
                            neighbour = around[k + dz, j + dy, i + dx]
                            states |= neighbour
                            area += weights[dz, dy, dx] * (neighbour & 1)
                row[AREA] += area
                row[CUT] |= states >> 1


@compiled
def meet(lower, upper, shift, corners, weights, below, above, parent, table):
    """Join the clusters of two faces that touch, and add the surface between them.

    `lower` and `upper` hold labels (> 0), solid (0) and what is outside the mask (< 0) on the two
    sides of a plane; `upper` begins `shift` voxels from `lower`. Label a of `lower` is row
    ``below + a - 1``, one of `upper` row ``above + a - 1``. Diagonal neighbours belong together
    where `corners`; ``weights[di + 1, dj + 1]`` are areas as of :func:`measure_labels`.
    """
    n0, n1 = lower.shape
    m0, m1 = upper.shape
    for i in range(max(0, shift[0] - 1), min(n0, shift[0] + m0 + 1)):
        for j in range(max(0, shift[1] - 1), min(n1, shift[1] + m1 + 1)):
            a = lower[i, j]
            for ii in range(max(i - 1, shift[0]), min(i + 2, shift[0] + m0)):
                for jj in range(max(j - 1, shift[1]), min(j + 2, shift[1] + m1)):
                    b = upper[ii - shift[0], jj - shift[1]]
                    if a > 0 and b > 0:
                        if corners or (ii == i and jj == j):
                            join(parent, below + a - 1, above + b - 1)
                    elif a > 0 and b == 0:
                        table[below + a - 1, AREA] += weights[ii - i + 1, jj - j + 1]
                    elif a == 0 and b > 0:
                        table[above + b - 1, AREA] += weights[ii - i + 1, jj - j + 1]
                    elif a > 0 and b < 0:
                        table[below + a - 1, CUT] = 1
                    elif a < 0 and b > 0:
                        table[above + b - 1, CUT] = 1


@compiled
def number_roots(parent, new):
    """Write into `new` the number of the cluster of each row; return how many clusters there are.

    The root of a cluster is its least row, as :func:`join` makes it.
    """
    count = 0
    for a in range(parent.size):
        b = parent[a]
        if b == a:
            new[a] = count
            count += 1
        else:
            new[a] = new[b]
    return count


@compiled
def fold(new, table, out):
    """Add row a of `table` to row ``new[a]`` of `out`, which has no voxels at first."""
    for a in range(new.size):
        row, total = table[a], out[new[a]]
        if total[VOXELS] == 0:
            for c in range(COLUMNS):
                total[c] = row[c]
            continue
        total[VOXELS] += row[VOXELS]
        total[AREA] += row[AREA]
        total[CUT] |= row[CUT]
        total[FIRST] = min(total[FIRST], row[FIRST])
        for axis in range(3):
            total[SUMS + axis] += row[SUMS + axis]
            total[LOW + axis] = min(total[LOW + axis], row[LOW + axis])
            total[HIGH + axis] = max(total[HIGH + axis], row[HIGH + axis])


@compiled
def renumber(labels, new):
    """Give each label a (> 0) of a face the label ``new[a - 1] + 1``."""
    for i in range(labels.shape[0]):
        for j in range(labels.shape[1]):
            a = labels[i, j]
            if a > 0:
                labels[i, j] = new[a - 1] + 1
