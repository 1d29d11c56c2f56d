"""Conjugate gradients: the energy falls, the error printed bounds the error made."""

import itertools

import numpy as np
import pytest

from poreflux.errors import NotConverged
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem, even_periods
from poreflux.transport.solvers import conjugate_gradients
from poreflux.transport.solvers import solution as solving
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.transport.solvers.multigrid import hierarchy
from poreflux.transport.solvers.stages import precision_for
from tests.physics import direct, media
from tests.transport.packed import operator_of

SHAPE = (22, 24, 20)


def contrast(value: float, conducting: float, length: float):
    """Return conductivities 1 and `value`: blobs, or noise where the length is zero."""
    if length:
        return np.where(media.blobs(SHAPE, conducting, length, 7), 1.0, value)
    return np.where(media.random_sites(SHAPE, conducting, 7), 1.0, value)


FAMILY = {
    **{name: lambda make=make: make(SHAPE) for name, make in media.BINARY.items()},
    **{
        f"blobs of contrast {value:g}, {fraction:g}": lambda v=value, f=fraction: contrast(v, f, 2)
        for value, fraction in itertools.product((1e-2, 1e-4, 1e-6), (0.2, 0.5, 0.8))
    },
    "noise of contrast 0.01, 0.2": lambda: contrast(1e-2, 0.2, 0),
    "noise of contrast 0.01, 0.5": lambda: contrast(1e-2, 0.5, 0),
    "noise of contrast 1e-06, 0.8": lambda: contrast(1e-6, 0.8, 0),
}


def posed(cells: np.ndarray, sides: str) -> Problem:
    """Return the problem of what percolates."""
    side = sides == "periodic"
    assert percolate(cells, Threads(1), (False, side, side))
    return Problem(even_periods(cells, "periodic") if side else cells, (1.0, 1.0, 1.0), sides)


@pytest.fixture(scope="module", params=["insulated", "periodic"])
def sides(request):
    return request.param


@pytest.fixture(scope="module", params=FAMILY)
def medium(request, sides):
    """Return a problem and its energy to thirteen digits."""
    problem = posed(FAMILY[request.param](), sides)
    return problem, solving.solve(problem, Threads(1), rtol=1e-13).energy


@pytest.mark.parametrize("rtol", [1e-2, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10])
def test_the_error_printed_is_not_below_the_error_made(medium, rtol):
    problem, energy = medium
    solution = solving.solve(problem, Threads(1), rtol=rtol)
    assert 0 < solution.relative_error <= rtol
    roundoff = 2e-13  # of the energy that is taken for exact
    assert abs(solution.energy / energy - 1) <= solution.relative_error + roundoff


@pytest.mark.parametrize("rtol", [1e-2, 1e-4, 1e-6])
def test_the_energy_is_an_upper_bound(medium, rtol):
    problem, energy = medium
    tolerance = 1e-6 if rtol >= 1e-5 else 1e-12  # float32 potentials are summed in float64
    assert solving.solve(problem, Threads(1), rtol=rtol).energy >= energy * (1 - tolerance)


@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-10])
def test_the_flux_imbalance_is_bounded_by_the_error_of_the_energy(medium, rtol):
    # the flux through a plane is the product with a step: Cauchy and Schwarz in the energy norm
    problem, energy = medium
    solution = solving.solve(problem, Threads(1), rtol=rtol, precision="float64")
    net = direct.network(problem.cells.astype(float), sides=problem.sides)
    plane = np.unravel_index(net.pairs[:, 1], problem.shape)[0]
    planes = np.bincount(plane, net.conductance * (net.across == 0), problem.shape[0])
    most = max(*planes[1:], net.low.sum(), net.high.sum())
    error = max(solution.energy / energy - 1, 1e-14)
    assert solution.flux_imbalance <= 2 * np.sqrt(error * most / energy)


def test_the_mean_flux_is_nearer_to_the_energy_than_their_spread(medium):
    problem, _ = medium
    solution = solving.solve(problem, Threads(1), rtol=1e-6)
    assert solution.plane_flux.min() <= solution.energy <= solution.plane_flux.max() * (1 + 1e-9)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_iteration_lowers_the_energy_by_what_it_says(precision):
    problem = posed(media.BINARY["sparse clusters"](SHAPE), "insulated")
    operator = operator_of(problem, np.dtype(precision))
    x = operator.vector()
    solving.ramp(operator, x)
    energies = [solving.integrate(operator, x)[0]]
    gains = []
    for step in ConjugateGradients(operator, hierarchy(operator)).steps(x, []):
        gains.append(step.gain)
        energies.append(solving.integrate(operator, x)[0])
        if step.iteration == 8:
            break
    assert min(gains) > 0
    rel = 1e-4 if precision == "float32" else 1e-7
    assert -np.diff(energies) == pytest.approx(gains, rel=rel, abs=1e-7 * energies[-1])


def test_the_estimates_count_down_to_the_tolerance():
    problem = posed(media.BINARY["curved sheets"](SHAPE), "insulated")
    seen = []
    run = solving.solve(
        problem, Threads(1), rtol=1e-6, progress=lambda *step: seen.append(step)
    ).run
    assert len(run.history) == run.iterations == len(seen)
    assert run.history[-1] <= 1e-6 < min(run.history[:-1])
    done, total, note = seen[-1]
    assert done == total == 600
    assert note == f"iteration {run.iterations}, error {run.history[-1]:.0e}"
    assert 0 < run.residual < 1e-2


@pytest.mark.parametrize("limit", [1, 3])
def test_running_out_of_iterations_raises_with_the_history(monkeypatch, limit):
    monkeypatch.setattr(conjugate_gradients, "MAX_ITERATIONS", limit)
    monkeypatch.setattr(conjugate_gradients, "MAX_DIAGONAL", limit)
    problem = posed(media.BINARY["curved sheets"](SHAPE), "insulated")
    with pytest.raises(NotConverged, match=rf"after {limit} iterations, rtol=1\.0e-12") as caught:
        solving.solve(problem, Threads(1), rtol=1e-12)
    assert len(caught.value.history) == 3 * limit  # with both multigrids, then with a diagonal
    assert caught.value.history[-1] > 1e-12


class Backwards:
    """A preconditioner that is not positive: a real one that points the wrong way after a while."""

    def __init__(self, operator):
        self.multigrid = hierarchy(operator)
        self.times = 0

    def precondition(self, r, z):
        """z = M r, from the third time on -M r."""
        self.times += 1
        product = self.multigrid.precondition(r, z)
        if self.times < 3:
            return product
        z *= -1
        return -product


def test_an_indefinite_preconditioner_is_not_taken_for_convergence():
    problem = posed(media.BINARY["curved sheets"](SHAPE), "insulated")
    operator = operator_of(problem)
    x = operator.vector()
    solving.ramp(operator, x)
    solver = ConjugateGradients(operator, Backwards(operator))
    with pytest.raises(NotConverged, match="positive expected") as caught:
        solving.lower_energy(solver, x, 1e-10)
    assert len(caught.value.history) == 1


def test_the_precision_follows_the_tolerance():
    assert precision_for(1e-5) == "float32"
    assert precision_for(0.9e-5) == "float64"
    assert precision_for(1e-12, "float32") == "float32"


@pytest.mark.parametrize("rtol, precision", [(1e-5, np.float32), (1e-6, np.float64)])
def test_the_vectors_have_that_precision(rtol, precision):
    problem = posed(media.BINARY["dense noise"](SHAPE), "insulated")
    assert solving.solve(problem, Threads(1), rtol=rtol).x.dtype == precision


@pytest.mark.parametrize("contrast", [1e-4, 1e-7, 1e-10, 1e-12])
@pytest.mark.parametrize("rtol", [1e-2, 1e-4])
def test_where_float32_has_too_few_digits_the_solve_goes_on_in_float64(contrast, rtol):
    layers = np.ones((30, 8, 8))
    layers[15] = contrast
    notes = []
    problem = Problem(layers.copy(), (1.0, 1.0, 1.0))
    solution = solving.solve(
        problem, Threads(1), rtol=rtol, progress=lambda *step: notes.append(step[2])
    )
    exact = 64 / (29 + 1 / contrast)  # in series
    assert solution.energy >= exact * (1 - 1e-12)
    assert solution.energy / exact - 1 <= solution.relative_error <= rtol
    continued = any("continued" in note and note.endswith("in float64") for note in notes)
    assert continued == (solution.precision == "float32, then float64")
    assert continued == (solution.x.dtype == np.float64)
    if contrast <= (1e-10 if rtol < 1e-2 else 1e-12):  # float32 proves few digits by itself
        assert continued


def test_a_diagonal_finishes_what_multigrid_fails_at(monkeypatch):
    monkeypatch.setattr(conjugate_gradients, "MAX_ITERATIONS", 2)
    problem = posed(media.BINARY["curved sheets"]((12, 12, 12)), "insulated")
    solution = solving.solve(problem, Threads(1), rtol=1e-8)
    monkeypatch.undo()
    energy = solving.solve(problem, Threads(1), rtol=1e-12).energy
    assert abs(solution.energy / energy - 1) <= solution.relative_error <= 1e-8
    assert solution.run.iterations > 20
