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

    pairs: np.ndarray  # (faces, 2): the voxel before the face and the one after it
    across: np.ndarray  # (faces,): the axis of the face
    conductance: np.ndarray  # (faces,)
    low: np.ndarray  # (voxels,)
    high: np.ndarray

    @property
    def matrix(self) -> sp.csr_array:
        """Return the symmetric matrix of the balance of fluxes, voxels in C order."""
        n, (i, j), g = self.low.size, self.pairs.T, self.conductance
        off = sp.coo_array((g, (i, j)), shape=(n, n)).tocsr()
        off = off + off.T
        total = np.bincount(i, g, n) + np.bincount(j, g, n)  # two faces may join the same voxels
        return sp.diags_array(total + self.low + self.high) - off

    def energy(self, u: np.ndarray) -> float:
        """Return the sum of conductance times squared difference, 1 on the low face, 0 on high."""
        du = u[self.pairs[:, 0]] - u[self.pairs[:, 1]]
        inside = self.conductance @ du**2
        return float(inside + self.low @ (1 - u) ** 2 + self.high @ u**2)

    def only(self, voxels: np.ndarray) -> "Network":
        """Return the network without the links of voxels outside a mask."""
        alive = voxels[self.pairs].all(1)
        parts = self.pairs[alive], self.across[alive], self.conductance[alive]
        return Network(*parts, self.low * voxels, self.high * voxels)


def network(
    kappa: np.ndarray,
    spacing=1.0,
    axis: int = 0,
    sides: str = "insulated",
    boundary: str = "driven",
    mean: str = "harmonic",
) -> Network:
    """Return the conductances of a volume of conductivities `kappa` driven along `axis`."""
    h = np.broadcast_to(np.asarray(spacing, float), 3)
    number = np.arange(kappa.size).reshape(kappa.shape)
    pairs, across, conductance = [], [], []
    for a in range(3):
        wraps = (boundary if a == axis else sides) == "periodic"
        first, second = number, np.roll(number, -1, a)
        if not wraps:
            first, second = (np.delete(part, -1, a) for part in (first, second))
        k1, k2 = kappa.ravel()[first], kappa.ravel()[second]
        both = (k1 > 0) & (k2 > 0)
        with np.errstate(invalid="ignore"):
            face = 2 * k1 * k2 / (k1 + k2) if mean == "harmonic" else (k1 + k2) / 2
        pairs.append(np.stack([first.ravel(), second.ravel()], 1))
        across.append(np.full(first.size, a))
        conductance.append((np.where(both, face, 0) * h.prod() / h[a] ** 2).ravel())
    links = []
    for place in (0, -1):
        link = np.zeros(kappa.shape)
        if boundary == "driven":
            face = [slice(None)] * 3
            face[axis] = place
            link[tuple(face)] = 2 * kappa[tuple(face)] * h.prod() / h[axis] ** 2
        links.append(link.ravel())
    parts = map(np.concatenate, (pairs, across, conductance))
    return Network(*parts, *links)


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
    kappa: np.ndarray, spacing=1.0, axis: int = 0, sides: str = "insulated", mean: str = "harmonic"
) -> float:
    """Return the effective conductivity along `axis`, in the unit of `kappa`."""
    net = network(kappa, spacing, axis, sides, mean=mean)
    net = net.only(carriers(net))
    h = np.broadcast_to(np.asarray(spacing, float), 3)
    length = kappa.shape[axis] * h[axis]
    return net.energy(potential(net)) * length**2 / (kappa.size * h.prod()) if any(net.low) else 0.0


def tensor(kappa: np.ndarray, spacing=1.0) -> np.ndarray:
    """Return the conductivity tensor of a period: the mean currents under unit mean fields."""
    h = np.broadcast_to(np.asarray(spacing, float), 3)
    net = network(kappa, spacing, sides="periodic", boundary="periodic")
    (i, j), g = net.pairs.T, net.conductance
    A = net.matrix.toarray()
    out = np.zeros((3, 3))
    for direction in range(3):
        drop = np.where(net.across == direction, h[direction], 0.0)  # of the mean field
        b = np.bincount(j, g * drop, kappa.size) - np.bincount(i, g * drop, kappa.size)
        u = np.linalg.lstsq(A, b, rcond=1e-12)[0]
        flux = g * (u[i] - u[j] + drop)
        for component in range(3):
            through = net.across == component
            out[component, direction] = flux[through].sum() * h[component] / (kappa.size * h.prod())
    return out
