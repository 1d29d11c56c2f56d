"""From a box of labels or conductivities to the geometry that the stencil reads."""

from poreflux.kernels.redblack import GHOST, compiled
from poreflux.kernels.rows import SOLID


@compiled
def look_up(labels, table, out, counts):
    """out = table[labels], of one shape in three dims; add to ``counts`` (256) how often each label
    is there.
    """
    for k in range(labels.shape[0]):
        for j in range(labels.shape[1]):
            for i in range(labels.shape[2]):
                label = labels[k, j, i]
                out[k, j, i] = table[label]
                counts[label] += 1


@compiled
def encode(solid, code, low, high, wrap_y, wrap_x, row, k0, k1):
    """Fill the code bytes of own planes k0 to k1 from `solid` (nz, ny, nx), 1 where conducting.

    `low`, `high` (ny, nx) are the planes before the first and after the last one, zero where there
    are none; `row` (nx) is scratch. Ghosts of `code` are left alone.
    """
    nz, ny, nx = solid.shape
    for k in range(k0, k1):
        before = solid[k - 1] if k > 0 else low
        after = solid[k + 1] if k + 1 < nz else high
        for j in range(ny):
            here = solid[k, j]
            down, up = before[j], after[j]
            for i in range(nx):
                row[i] = down[i] + up[i]
            if j > 0 or wrap_y:
                other = solid[k, (j - 1 + ny) % ny]
                for i in range(nx):
                    row[i] += other[i] << 2
            if j + 1 < ny or wrap_y:
                other = solid[k, (j + 1) % ny]
                for i in range(nx):
                    row[i] += other[i] << 2
            for i in range(1, nx):
                row[i] += here[i - 1] << 4
            for i in range(nx - 1):
                row[i] += here[i + 1] << 4
            if wrap_x:
                row[0] += here[nx - 1] << 4
                row[nx - 1] += here[0] << 4
            for i in range(nx):
                row[i] = (row[i] | SOLID) * here[i]
            kk, jj = k + GHOST, j + GHOST
            even, odd = code[(kk + jj) & 1, kk, jj], code[(kk + jj + 1) & 1, kk, jj]
            for i in range(nx // 2):
                even[i + 1] = row[2 * i]
                odd[i + 1] = row[2 * i + 1]
            if nx & 1:
                even[nx // 2 + 1] = row[nx - 1]


@compiled
def conduct(kappa, arithmetic, gz, gy, gx, below, wz, wy, wx, wrap_y, wrap_x, k0, k1):
    """Fill the face conductances of own planes k0 to k1 from conductivities `kappa` (nz, ny, nx),
    zero where blocked.

    A face between a and b conducts 2 a b / (a + b) times its weight, or (a + b) / 2 with
    `arithmetic`, where both conduct. `below` (ny, nx) is the plane before the first, zero where
    there is none.
    """
    _, ny, nx = kappa.shape
    for k in range(k0, k1):
        before = kappa[k - 1] if k > 0 else below
        for j in range(ny):
            kk, jj = k + GHOST, j + GHOST
            for i in range(nx):
                a = kappa[k, j, i]
                c, h = (kk + jj + i) & 1, i // 2 + 1
                gz[c, kk, jj, h] = wz * between(a, before[j, i], arithmetic)
                if j > 0 or wrap_y:
                    gy[c, kk, jj, h] = wy * between(a, kappa[k, (j - 1 + ny) % ny, i], arithmetic)
                if i > 0 or wrap_x:
                    gx[c, kk, jj, h] = wx * between(a, kappa[k, j, (i - 1 + nx) % nx], arithmetic)


@compiled
def sum_faces(gz, gy, gx, degree, k0, k1):
    """degree = sum of the six conductances of the cells of own planes k0 to k1."""
    n = degree.shape[3] - 2
    for c in range(2):
        for k in range(k0 + GHOST, k1 + GHOST):
            for j in range(GHOST, degree.shape[2] - GHOST):
                o = (c + k + j) & 1
                row = degree[c, k, j]
                for i in range(1, n + 1):
                    row[i] = (
                        gz[c, k, j, i]
                        + gz[1 - c, k + 1, j, i]
                        + gy[c, k, j, i]
                        + gy[1 - c, k, j + 1, i]
                        + gx[c, k, j, i]
                        + gx[1 - c, k, j, i + o]
                    )


@compiled
def between(a, b, arithmetic):
    """Return the conductivity of the face between two cells, zero where either is blocked."""
    if not (a > 0 and b > 0):
        return a * 0
    return (a + b) / 2 if arithmetic else 2 * a * b / (a + b)
