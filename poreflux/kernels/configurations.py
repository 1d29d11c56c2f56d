"""Configurations of 2 x 2 x 2 voxels, counted."""

from poreflux.kernels.redblack import compiled


@compiled
def count_configurations(voxels, skip0, skip1, skip2, counts):
    """counts[c] += 1 for the eight voxels around each inner corner of `voxels` (0 or 1).

    Bit ``4 i + 2 k + j`` of c is the voxel (k, j, i) of the eight. A corner lies between voxels
    k and k + 1, ...; it is left out where ``skip0[k]``, ``skip1[j]`` or ``skip2[i]``.
    """
    nz, ny, nx = voxels.shape
    for k in range(nz - 1):
        if skip0[k]:
            continue
        for j in range(ny - 1):
            if skip1[j]:
                continue
            a, b = voxels[k, j], voxels[k, j + 1]
            c, d = voxels[k + 1, j], voxels[k + 1, j + 1]
            left = a[0] | b[0] << 1 | c[0] << 2 | d[0] << 3
            for i in range(nx - 1):
                right = a[i + 1] | b[i + 1] << 1 | c[i + 1] << 2 | d[i + 1] << 3
                if not skip2[i]:
                    counts[left | right << 4] += 1
                left = right
