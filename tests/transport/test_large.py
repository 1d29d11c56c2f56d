"""The error of large volumes of one conducting phase is estimated; it is proved where fluxes
contradict the estimate, and after many iterations.
"""

import numpy as np
import pytest

import poreflux as pf
from poreflux.phantoms import spheres
from poreflux.transport.engines.engine import Provable
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.operator import build
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.transport.solvers.multigrid import hierarchy
from poreflux.transport.solvers.solution import lower_energy, ramp, ramp_energy


@pytest.fixture
def every_volume_is_large(monkeypatch):
    monkeypatch.setattr(Threads, "provable", Provable(0, 0, np.inf))


def chambers(n=32):
    """Return a box that two walls divide, each with one hole of a voxel."""
    rng = np.random.default_rng(7)
    cells = np.ones((n, n, n), np.uint8)
    for z in (3, n - 4):
        cells[z] = 0
        cells[z, rng.integers(n), rng.integers(n)] = 1
    return pf.from_array(cells)


def layers(contrast=1e-7):
    cells = np.ones((30, 12, 12), np.uint8)
    cells[15] = 2
    return pf.from_array(cells, phases={0: "pore", 1: "electrolyte", 2: "layer"})


def errors(volume, rtol, **options):
    """Return the true relative error, the printed one and how that is known."""
    reference = pf.tortuosity_factor(volume, rtol=1e-10, **options)["effective_conductivity"].item()
    solved = pf.tortuosity_factor(volume, rtol=rtol, **options)
    printed = solved["relative_error"]
    return solved["effective_conductivity"].item() / reference - 1, printed.item(), printed


def test_an_easy_volume_is_estimated(every_volume_is_large):
    rng = np.random.default_rng(1)
    volume = spheres((40, 36, 32), rng.random((20, 3)) * (40, 36, 32), 8.0)
    true, printed, variable = errors(volume, 1e-4)
    assert variable.attrs["bound"] == "estimated"
    assert 0 <= true <= printed <= 1e-4


@pytest.mark.parametrize("rtol", [1e-3, 1e-4, 1e-6])
def test_uneven_fluxes_call_for_a_proof(every_volume_is_large, rtol):
    true, printed, _ = errors(chambers(), rtol)
    assert abs(true) <= printed <= rtol
    layered = layers()
    conductivity = {"electrolyte": 1.0, "layer": 1e-7}
    solved = pf.tortuosity_factor(layered, conductivity=conductivity, rtol=rtol)
    exact = 30 / (29 + 1e7)
    assert (
        abs(solved["effective_conductivity"].item() / exact - 1) <= solved["relative_error"].item()
    )


def cavities(*shape):
    rng = np.random.default_rng(3)
    cells = np.ones(shape, np.uint8)
    for z, y, x in rng.integers(0, np.array(shape) - 8, (cells.size // 2500, 3)):
        cells[z : z + 8, y : y + 8, x : x + 8] = 0
    return pf.from_array(cells)


def test_more_than_a_million_voxels_that_conduct_alike_are_estimated():
    true, printed, variable = errors(cavities(1040, 32, 32), 1e-4)
    assert variable.attrs["bound"] == "estimated"
    assert 0 <= true <= printed <= 1e-4


def test_after_many_iterations_the_error_is_proved(monkeypatch):
    monkeypatch.setattr(Threads, "provable", Provable(0, 0, 3))
    volume = cavities(48, 40, 40)
    assert errors(volume, 1e-2)[2].attrs["bound"] == "estimated"
    true, printed, variable = errors(volume, 1e-7)
    assert variable.attrs["bound"] == "proved"
    assert 0 <= true <= printed <= 1e-7


@pytest.mark.parametrize("provable", [Threads.provable, Provable(0, 0, np.inf)])
def test_the_error_is_told_before_the_preconditioner(provable, monkeypatch):
    """The last step applies no preconditioner any more, whether the error is proved or not."""
    monkeypatch.setattr(Threads, "provable", provable)
    problem = Problem(cavities(48, 40, 40).phase.values.copy(), (1.0, 1.0, 1.0))
    percolate(problem.cells, Threads(1))
    operator = build(problem, Threads(1), np.float32)
    solver = ConjugateGradients(operator, Counting(hierarchy(operator)))
    x = operator.vector()
    ramp(operator, x)
    exact = x.copy()
    least = lower_energy(solver, exact, 1e-5).certificate.energy
    solver.preconditioner.applied = 0
    stopping = lower_energy(solver, x, 1e-4, most=ramp_energy(problem))
    found = stopping.certificate
    assert found.proved == (provable.alike > 0)
    assert found.energy / least - 1 <= found.error <= 1e-4
    assert stopping.run.iterations == solver.preconditioner.applied > 1


class Counting:
    """A preconditioner that counts how often it is applied."""

    def __init__(self, preconditioner):
        self.preconditioner, self.applied = preconditioner, 0

    def precondition(self, r, z):
        self.applied += 1
        return self.preconditioner.precondition(r, z)
