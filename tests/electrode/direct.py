"""An independent answer: the matrix of a small medium assembled and factorised, Newton's method on
every cell.

Uses the network of face conductances of :mod:`tests.physics.direct`, which shares no code with the
package, and the law of the interface as it stands in a textbook; every face is solved by bisection.
"""

import numpy as np
import scipy.sparse as sp
from scipy.optimize import brentq
from scipy.sparse.linalg import spsolve

from tests.physics.direct import network

THERMAL = 8.314462618 * 298.15 / 96485.33212


def current_of(v: float, series: float, i0: float, alpha: float, film: float) -> float:
    """Return j of ``v = j (series + film) + eta(j)`` by bisection for eta."""

    def j(eta):
        return i0 * (np.exp(alpha * eta / THERMAL) - np.exp(-(1 - alpha) * eta / THERMAL))

    eta = brentq(lambda eta: eta + (series + film) * j(eta) - v, -abs(v), abs(v), xtol=1e-15)
    return j(eta)


def face_currents(v, series, i0, alpha, film):
    """Return the current densities of faces at potentials v, and their derivatives."""
    dv = 1e-7
    now = np.array([current_of(a, s, i0, alpha, film) for a, s in zip(v, series)])
    up = np.array([current_of(a + dv, s, i0, alpha, film) for a, s in zip(v, series)])
    down = np.array([current_of(a - dv, s, i0, alpha, film) for a, s in zip(v, series)])
    return now, (up - down) / (2 * dv)


def solve(kappa, spacing, contact, applied, i0, alpha=0.5, film=0.0):
    """Return the current densities (n1, n2) in A/m² on the last plane of axis 0 and the mean
    potential of the first face, fed by a uniform current.

    ``kappa`` in S/m, zero where blocked; all that conducts must be one cluster that joins both
    faces; ``spacing`` in m.
    """
    n = kappa.shape
    net = network(kappa, spacing)
    area = spacing[1] * spacing[2]
    alive = np.flatnonzero(kappa.ravel() > 0)
    number = np.arange(kappa.size).reshape(n)
    first, last = number[0].ravel(), number[-1].ravel()
    on = last[(kappa[-1].ravel() > 0) & contact.ravel()]
    fed = first[kappa[0].ravel() > 0]
    series = spacing[0] / (2 * kappa.ravel()[on])
    total = applied * n[1] * n[2] * area
    feed = np.zeros(kappa.size)
    feed[fed] = total / len(fed)
    i, j = net.pairs.T
    off = sp.coo_array((net.conductance, (i, j)), shape=(kappa.size,) * 2).tocsr()
    off = off + off.T
    laplace = sp.diags_array(off.sum(axis=1)) - off
    u = np.full(kappa.size, 0.01 * np.sign(applied))
    for _ in range(60):
        now, slope = face_currents(u[on], series, i0, alpha, film)
        missing = laplace @ u - feed
        missing[on] += now * area
        diagonal = np.zeros(kappa.size)
        diagonal[on] = slope * area
        jacobian = (laplace + sp.diags_array(diagonal))[alive][:, alive].tocsc()
        step = spsolve(jacobian, -missing[alive])
        u[alive] += np.clip(step, -0.05, 0.05)
        if np.abs(step).max() < 1e-13 * np.abs(u[alive]).max():
            break
    density = np.full(n[1] * n[2], np.nan)
    density[np.searchsorted(last, on)] = face_currents(u[on], series, i0, alpha, film)[0]
    half = spacing[0] / (2 * kappa.ravel()[fed] * area)
    voltage = np.mean(u[fed] + total / len(fed) * half)
    return density.reshape(n[1:]), voltage
