"""Plane problems of known answer: boxes of electrolyte, the half cell of a striped contact."""

import numpy as np

import poreflux
from poreflux.transport.electrode.cell import ElectrolyteCell
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.boundary import HIGH
from poreflux.transport.laplace.operator import build
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.transport.solvers.multigrid import hierarchy

#: S/m in which a Wagner length in µm is ten times the resistance in ohm cm²
KAPPA = 0.1


def electrolyte(shape, voxel_size=1.0):
    """Return a volume of electrolyte alone."""
    return poreflux.from_array(np.ones(shape, np.uint8), voxel_size=voxel_size)


def plane_cell(n: int) -> ElectrolyteCell:
    """Return a dense square of n x n voxels of edge 1 / n and conductivity 1, in SI units."""
    problem = Problem(np.ones((n, 1, n), np.uint8), (1 / n,) * 3)
    operator = build(problem, Threads(1), np.float64)
    return ElectrolyteCell(
        operator,
        ConjugateGradients(operator, hierarchy(operator)),
        HIGH,
        np.ones((1, n)),
        1.0,
        float(n),
        np.full((1, n), 1 / n),
    )


def stripe(n: int, share: float = 0.5, depth: int = 1, **options):
    """Return the current of the half cell of a striped contact, n voxels wide: x < share of the
    width is in contact; the other face, `depth` widths away, is at one potential."""
    contact = np.broadcast_to(np.arange(n) < share * n, (1, n))
    volume = electrolyte((depth * n, 1, n), 1 / n)
    options = {"kinetics": "linear", "drive": "equipotential", **options}
    return poreflux.interfacial_current(volume, contact=contact, conductivity=KAPPA, **options)


def reduced_resistance(found) -> float:
    """Return conductivity times resistance of a half cell of width 1 µm, per unit depth."""
    return float(found.area_specific_resistance[0]) * 1e-4 * KAPPA / 1e-6
