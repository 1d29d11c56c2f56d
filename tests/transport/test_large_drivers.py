"""Whoever solves proves the error of more than a million voxels: layers in series, whose answer is
a sum.
"""

from dataclasses import replace

import numpy as np
import pytest

import poreflux as pf
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.operator import build
from poreflux.transport.laplace.problem import Problem, relative_conductivity
from poreflux.transport.parallel.multigrid import hierarchy_on_boxes
from poreflux.transport.parallel.neighbours import Ranks
from poreflux.transport.parallel.partition import Partition
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.transport.solvers.solution import lower_energy, ramp
from tests.mpi.virtual import on_boxes

SHAPE, RTOL = (1032, 32, 32), 1e-4
CONDUCTIVITY = {"electrolyte": 1.0, "layer": 0.05}


@pytest.fixture(scope="module")
def layers():
    rng = np.random.default_rng(5)
    return 1 + (rng.random(SHAPE[0]) < 0.3).astype(np.uint8)


@pytest.fixture(scope="module")
def kappa(layers):
    return np.array([0.0, *CONDUCTIVITY.values()])[layers]


@pytest.fixture(scope="module")
def volume(layers):
    assert np.prod(SHAPE) > 2**20
    labels = np.broadcast_to(layers[:, None, None], SHAPE).copy()
    return pf.from_array(labels, phases={0: "pore", 1: "electrolyte", 2: "layer"})


def test_the_error_of_a_sub_volume_is_a_bound(volume, kappa):
    found = pf.block_tortuosity(
        volume, blocks=(1, 1, 1), direction="z", conductivity=CONDUCTIVITY, rtol=RTOL
    )
    value = found["block_effective_conductivity"].item()
    error = found["block_effective_conductivity_solver_error"].item()
    assert 0 <= value - 1 / np.mean(1 / kappa) <= error <= 1.01 * RTOL * value


@pytest.mark.slow
def test_the_error_of_a_tensor_is_proved(volume, kappa):
    found = pf.effective_tensor(volume, conductivity=CONDUCTIVITY, rtol=RTOL)
    exact = [1 / np.mean(1 / kappa), kappa.mean(), kappa.mean()]
    tensor = found["effective_conductivity_tensor"].values.diagonal()
    assert found["relative_error"].attrs["bound"] == "proved"
    assert (abs(tensor / exact - 1) <= found["relative_error"]).all()
    assert (found["relative_error"] <= RTOL).all()


@pytest.mark.slow
def test_the_error_of_a_current_is_proved(volume, kappa):
    found = pf.interfacial_current(
        volume,
        contact=1.0,
        conductivity=CONDUCTIVITY,
        charge_transfer_resistance=2.0,
        kinetics="linear",
        rtol=RTOL,
    )
    exact = 2.0 + np.sum(1e-6 / kappa) * 1e4  # S/m times µm, in ohm cm²
    error = found["area_specific_resistance_solver_error"]
    assert error.attrs["bound"] == "proved"
    assert abs(found["area_specific_resistance"].item() - exact) <= error.item() <= RTOL * exact


def test_the_error_on_boxes_is_proved(volume, kappa):
    cells = np.broadcast_to(kappa[:, None, None], SHAPE)
    problem = Problem(cells, (1.0, 1.0, 1.0))
    layout = Partition((0, SHAPE[0] // 2, SHAPE[0]), 2, 1)

    def body(link):
        start, stop = layout.span(link.rank)
        part = replace(problem, cells=np.ascontiguousarray(cells[start:stop]))
        ranks = Ranks(link, layout.edges, problem.periodic, layout.grids)
        operator = build(part, Threads(1), np.float64, ranks)
        x = operator.vector()
        ramp(operator, x)
        solver = ConjugateGradients(operator, hierarchy_on_boxes(operator))
        return lower_energy(solver, x, RTOL).certificate

    for certificate in on_boxes(2, body):
        value = relative_conductivity(certificate.energy, SHAPE, problem.spacing)
        assert certificate.proved
        assert abs(value * np.mean(1 / kappa) - 1) <= certificate.error <= RTOL
