"""What every linear solver, stopping rule and bottom of a multigrid does."""

import importlib.util

import numpy as np
import pytest

from poreflux.errors import NotConverged
from poreflux.transport.electrode.cell import ElectrolyteCell
from poreflux.transport.electrode.linearised import Balance, Tolerances
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.operator import build
from poreflux.transport.parallel.multigrid import JoinedBottom, hierarchy_on_boxes
from poreflux.transport.parallel.neighbours import Ranks
from poreflux.transport.solvers.certified import CertifiedEnergy
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.transport.solvers.multigrid import DirectBottom, coarser, hierarchy, matrix
from poreflux.transport.solvers.solution import PotentialBound, integrate, ramp, solve
from poreflux.transport.solvers.stopping import ErrorEstimate, Step
from tests.mpi.virtual import on_boxes
from tests.transport.conftest import problem_of
from tests.transport.energy_rule import EnergyError
from tests.transport.packed import assembled, cells, vector
from tests.transport.test_operator import red_only

SHAPE = (8, 10, 12)
KIND = ("phases", "insulated", "driven")


def serial(operator):
    return ConjugateGradients(operator, hierarchy(operator))


def petsc(operator):
    from poreflux.transport.parallel import petsc, session
    from poreflux.transport.parallel.linear_solver import PetscSolver

    petsc.start()
    return PetscSolver(operator, session.connect())


WITH_PETSC = pytest.mark.skipif(
    importlib.util.find_spec("petsc4py") is None, reason="petsc4py is not installed"
)
SOLVERS = [serial, pytest.param(petsc, marks=WITH_PETSC)]


def posed(make_solver):
    """Return the operator of a problem of both phases, and its solver."""
    problem = problem_of(KIND, SHAPE)
    if make_solver is serial:
        operator = build(problem, Threads(1), np.float64)
    else:
        from poreflux.transport.parallel import session

        ranks = Ranks(session.connect(), (0, SHAPE[0]), problem.periodic, 1)
        operator = build(problem, Threads(1), np.float64, ranks)
    return problem, operator, make_solver(operator)


def exact(problem, scale: float = 1.0) -> np.ndarray:
    """Return the potential (z, y, x) of red cells by a dense solve, the source `scale` times."""
    A, b = assembled(problem)
    on = A.diagonal() > 0
    u = np.zeros(b.size)
    u[on] = np.linalg.solve(A[np.ix_(on, on)], scale * b[on])
    return red_only(u.reshape(problem.shape))


@pytest.mark.parametrize("make_solver", SOLVERS)
def test_a_solver_lowers_the_energy_to_the_solution(make_solver):
    problem, operator, solver = posed(make_solver)
    x = operator.vector()
    ramp(operator, x)
    stopping = EnergyError(integrate(operator, x)[0], 1e-13, "ask for fewer digits")
    solver.lower(x, stopping)
    np.testing.assert_allclose(cells(operator, x), exact(problem), atol=1e-6)
    assert len(stopping.history) == stopping.run.iterations > 2
    assert stopping.history[-1] <= 1e-13 < stopping.history[-2]
    assert stopping.energy == pytest.approx(integrate(operator, x)[0], rel=1e-12)
    solver.close()


@pytest.mark.parametrize("make_solver", SOLVERS)
def test_a_solver_follows_its_boundary_and_lends_its_workspace(make_solver):
    problem, operator, solver = posed(make_solver)
    boundary, half = operator.boundary, operator.boundary.half
    boundary.interface[:] = half.max()  # a resistance behind each face
    boundary.update()
    solver.boundary_changed()
    links = boundary.links()
    operator.drive(low=links[0])
    workspace = solver.workspace
    assert workspace.shape == operator.vector().shape
    workspace[:] = 3.0  # anyone's between solves
    x = operator.vector()
    solver.lower(x, EnergyError(float(links[0].sum()), 1e-15, "ask for fewer digits"))
    A, b = assembled(problem)
    change = np.zeros(problem.shape)
    change[0] += links[0] - half[0]
    change[-1] += links[1] - half[1]
    A = A + np.diag(change.ravel())
    b = np.zeros(problem.shape)
    b[0] = links[0]
    on = A.diagonal() > 0
    u = np.zeros(b.size)
    u[on] = np.linalg.solve(A[np.ix_(on, on)], b.ravel()[on])
    expected = red_only(u.reshape(problem.shape))
    # an error e of a cell costs at least .004 e^2 of an energy of about 50
    np.testing.assert_allclose(cells(operator, x), expected, atol=4e-6)
    solver.close()


class Never:
    """A rule that is never content."""

    wanted = "nothing is enough"

    def __init__(self):
        self.history: list[float] = []
        self.steps: list[Step] = []

    def __call__(self, step: Step) -> bool:
        self.steps.append(step)
        self.history.append(step.remaining)
        return False

    def is_met_early(self, _: Step) -> bool:
        return False


@pytest.mark.parametrize("make_solver", SOLVERS)
def test_steps_say_what_they_gain_and_hand_out_the_potential(make_solver):
    problem, operator, solver = posed(make_solver)
    x = operator.vector()
    ramp(operator, x)
    energies = [integrate(operator, x)[0]]

    class FirstFour(Never):
        def __call__(self, step):
            super().__call__(step)
            found = step.potential()
            energies.append(integrate(operator, found.copy())[0])
            return step.iteration == 4

    rule = FirstFour()
    solver.lower(x, rule)
    assert [step.iteration for step in rule.steps] == [1, 2, 3, 4]
    gains = [step.gain for step in rule.steps]
    np.testing.assert_allclose(-np.diff(energies), gains, rtol=1e-6, atol=1e-11 * energies[0])
    limit = vector(operator, exact(problem))
    left = np.array(energies[1:]) - integrate(operator, limit)[0]
    # an estimate of what is left may fall short early on, by no more than its safety
    assert (np.array([step.remaining for step in rule.steps]) > 0.4 * left).all()
    solver.close()


@pytest.mark.parametrize("make_solver", SOLVERS)
def test_a_rule_that_is_never_content_ends_in_its_own_words_or_at_round_off(
    make_solver, monkeypatch
):
    from poreflux.transport.solvers import conjugate_gradients

    _, operator, solver = posed(make_solver)
    monkeypatch.setattr(conjugate_gradients, "MAX_ITERATIONS", 3)
    if make_solver is petsc:
        solver.krylov.ksp.setTolerances(max_it=3)
    rule, x = Never(), operator.vector()
    with pytest.raises(NotConverged, match="nothing is enough"):
        solver.lower(x, rule)
    assert 2 <= len(rule.history) <= 3
    solver.close()


def rules():
    """Yield each rule, and a step that contents it."""
    problem = problem_of(KIND, SHAPE)
    operator = build(problem, Threads(1), np.float64)
    solved = solve(problem, Threads(1), rtol=1e-6, precision="float64")
    proof = CertifiedEnergy(
        PotentialBound(solved.operator), operator.vector(dtype=np.float32), 1e-4, "advice"
    )
    proof.measure(solved.x)
    yield proof, solved.x
    face = np.ones(SHAPE[1:])
    solver = serial(operator)
    cell = ElectrolyteCell(operator, solver, 1, face, 1.0, 1.0, face / face.size)
    links = operator.boundary.links()
    source = np.stack([links[0], 0 * links[1]])
    operator.residual(solved.x, solver.r)
    yield Balance(cell, source, Tolerances(1e-4, 1e-2), [], None), solved.x


@pytest.mark.parametrize("rule, x", list(rules()), ids=lambda value: type(value).__name__)
def test_a_rule_keeps_a_history_and_is_content_when_little_is_left(rule, x):
    assert isinstance(rule.wanted, str)
    assert not rule(Step(1, 0.1, 1e9, 1.0, lambda: x))
    assert rule(Step(2, 0.1, 1e-12, 0.1, lambda: x))
    assert len(rule.history) == 2
    assert rule.history[0] > rule.history[1] >= 0


def test_an_estimate_of_the_error_only_ever_lowers_its_eigenvalue():
    estimate = ErrorEstimate()
    thetas = []
    for curvature, before, after in ((2.0, 1.0, 0.5), (1.0, 0.5, 0.2), (0.3, 0.2, 0.1)):
        gain, left = estimate.step(curvature, before, after)
        assert gain == pytest.approx(before**2 / curvature)
        assert left == pytest.approx(2.0 * after / estimate.theta)
        thetas.append(estimate.theta)
    assert thetas == sorted(thetas, reverse=True)
    estimate.keep_theta()
    assert estimate.step(1.0, 0.1, 0.05) == (0.0, pytest.approx(0.1 / thetas[-1]))


def direct_bottom(problem):
    operator = build(problem, Threads(1), np.float64)
    level = coarser(operator)
    return [(DirectBottom(level), [operator, level])]


def joined_bottom(problem):
    edges = (0, 4, 8)

    def body(link):
        from dataclasses import replace

        start, stop = edges[link.rank], edges[link.rank + 1]
        ranks = Ranks(link, edges, problem.periodic, 1)
        own = replace(problem, cells=problem.cells[start:stop])
        multigrid = hierarchy_on_boxes(build(own, Threads(1), np.float64, ranks))
        assert isinstance(multigrid.bottom, JoinedBottom)
        level = multigrid.levels[-1]
        rng = np.random.default_rng(3)
        shape = (4, *level.shape[1:])
        b = rng.standard_normal(shape)[start // 2 : stop // 2]
        packed = level.vector(2, np.float32)
        from poreflux.kernels import redblack

        redblack.pack(b.astype(np.float32), packed, 0, level.shape[0])
        x = level.vector(2, np.float32)
        multigrid.bottom.solve(packed, x)
        multigrid.bottom.boundary_changed(multigrid.levels)
        again = level.vector(2, np.float32)
        multigrid.bottom.solve(packed, again)
        out = np.empty(level.shape, np.float32)
        redblack.unpack(again, out, 0, level.shape[0])
        return multigrid.bottom.allows_two_visits, np.array_equal(x, again), out

    return on_boxes(2, body)


def test_both_bottoms_solve_the_coarsest_grid():
    problem = problem_of(KIND, SHAPE)
    [(bottom, levels)] = direct_bottom(problem)
    level = levels[-1]
    A = matrix(level)
    on = A.diagonal() > 0
    b = np.random.default_rng(3).standard_normal(level.shape)
    x = level.vector(2, np.float32)
    assert bottom.allows_two_visits
    bottom.solve(vector(level, b, 2, np.float32), x)
    expected = np.zeros(b.size)
    expected[on] = np.linalg.solve(A[np.ix_(on, on)], b.ravel()[on])
    np.testing.assert_allclose(cells(level, x).ravel()[on], expected[on], rtol=2e-4, atol=1e-4)
    levels[0].boundary.interface[:] = 0.5
    levels[0].boundary.update()
    level.boundary.follow(levels[0].boundary)
    bottom.boundary_changed(levels)
    changed = level.vector(2, np.float32)
    bottom.solve(vector(level, b, 2, np.float32), changed)
    A = matrix(level)
    expected[on] = np.linalg.solve(A[np.ix_(on, on)], b.ravel()[on])
    np.testing.assert_allclose(
        cells(level, changed).ravel()[on], expected[on], rtol=2e-4, atol=1e-4
    )

    joined = joined_bottom(problem)
    assert all(allows_two_visits and same for allows_two_visits, same, _ in joined)
    answer = np.concatenate([out for *_, out in joined]).ravel()[on]
    # 4 x 5 x 6 cells are few enough to be solved directly after all
    np.testing.assert_allclose(answer, cells(level, x).ravel()[on], rtol=1e-3, atol=1e-4)
