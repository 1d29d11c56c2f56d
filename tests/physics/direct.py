"""An independent answer: the finite-volume matrix of a small volume, assembled and factorised.

Written from the definitions alone (a face conducts the harmonic mean times area over distance; half
a voxel lies between the outer voxels and the driven faces), sharing no code with the package.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve


@dataclass(frozen=True)
class Network:
    """Conductances between voxels (pairs of flat indices) and from voxels to the driven faces."""

    pairs: np.ndarray  # (faces, 2)
    conductance: np.ndarray  # (faces,)
    low: np.ndarray  # (voxels,)
    high: np.ndarray

    @property
    def matrix(self) -> sp.csr_array:
        """Return the symmetric matrix of the balance of fluxes, voxels in C order."""
        n, (i, j), g = self.low.size, self.pairs.T, self.conductance
        off = sp.coo_array((g, (i, j)), shape=(n, n)).tocsr()
        off = off + off.T
        return sp.diags_array(off.sum(axis=1) + self.low + self.high) - off

    def energy(self, u: np.ndarray) -> float:
        """Return the sum of conductance times squared difference, 1 on the low face, 0 on high."""
        du = u[self.pairs[:, 0]] - u[self.pairs[:, 1]]
        inside = self.conductance @ du**2
        return float(inside + self.low @ (1 - u) ** 2 + self.high @ u**2)


def network(kappa: np.ndarray, spacing, axis: int = 0, sides: str = "insulated") -> Network:
    """Return the conductances of a volume of conductivities `kappa` driven along `axis`."""
    h = np.broadcast_to(np.asarray(spacing, float), 3)
    number = np.arange(kappa.size).reshape(kappa.shape)
    pairs, conductance = [], []
    for a in range(3):
        wraps = sides == "periodic" and a != axis
        first, second = number, np.roll(number, -1, a)
        if not wraps:
            first, second = (np.delete(part, -1, a) for part in (first, second))
        k1, k2 = kappa.ravel()[first], kappa.ravel()[second]
        with np.errstate(invalid="ignore"):
            mean = np.where(k1 * k2 > 0, 2 * k1 * k2 / (k1 + k2), 0)
        pairs.append(np.stack([first.ravel(), second.ravel()], 1))
        conductance.append((mean * h.prod() / h[a] ** 2).ravel())
    ends = []
    for place in (0, -1):
        link = np.zeros(kappa.shape)
        face = [slice(None)] * 3
        face[axis] = place
        link[tuple(face)] = 2 * kappa[tuple(face)] * h.prod() / h[axis] ** 2
        ends.append(link.ravel())
    return Network(np.concatenate(pairs), np.concatenate(conductance), *ends)


def carriers(net: Network) -> np.ndarray:
    """Return a mask of the voxels whose cluster joins both driven faces."""
    n, (i, j) = net.low.size, net.pairs.T
    joined = net.conductance > 0
    graph = sp.coo_array((joined[joined], (i[joined], j[joined])), shape=(n, n))
    cluster = connected_components(graph, directed=False)[1]
    return np.isin(cluster, cluster[net.low > 0]) & np.isin(cluster, cluster[net.high > 0])


def potential(net: Network) -> np.ndarray:
    """Return the potential of each voxel, zero where no current can flow."""
    u, on = np.zeros(net.low.size), np.flatnonzero(carriers(net))
    if on.size:
        u[on] = spsolve(net.matrix[on][:, on].tocsc(), net.low[on])
    return u


def effective_conductivity(
    kappa: np.ndarray, spacing=1.0, axis: int = 0, sides: str = "insulated"
) -> float:
    """Return the effective conductivity along `axis`, in the unit of `kappa`."""
    net = network(kappa, spacing, axis, sides)
    on = carriers(net)
    if not on.any():
        return 0.0
    # what joins only one face is at its potential and would count as a jump to zero
    low, high = net.low * on, net.high * on
    alive = on[net.pairs].all(1)
    net = Network(net.pairs[alive], net.conductance[alive], low, high)
    h = np.broadcast_to(np.asarray(spacing, float), 3)
    length = kappa.shape[axis] * h[axis]
    return net.energy(potential(net)) * length**2 / (kappa.size * h.prod())
