"""The smoothing fused with the transfer between grids, against half-sweeps of the whole matrix."""

import numpy as np
import pytest

from poreflux.kernels import redblack, transfer
from poreflux.transport.solvers.multigrid import coarser, fill_seams
from tests.kernels.twin import Twin
from tests.transport.conftest import problem_of
from tests.transport.packed import BLACK, RED, cells, colour, vector


class Two(Twin):
    """A problem, its slow twin, and the operator of the next coarser grid."""

    def __post_init__(self):
        super().__post_init__()
        self.coarse = coarser(self.operator)

    def restrict(self, u: np.ndarray) -> np.ndarray:
        """Return the sums over 2 x 2 x 2 cells."""
        shape = self.coarse.shape
        padded = np.zeros([2 * n for n in shape])
        padded[tuple(slice(n) for n in u.shape)] = u
        return padded.reshape(shape[0], 2, shape[1], 2, shape[2], 2).sum((1, 3, 5))

    def prolong(self, e: np.ndarray) -> np.ndarray:
        """Return each coarse value in its conducting cells."""
        for axis in range(3):
            e = e.repeat(2, axis)
        whole = e[tuple(slice(n) for n in self.problem.shape)]
        return np.where(self.degree > 0, whole, 0)

    def residual(self, u: np.ndarray, b: np.ndarray) -> np.ndarray:
        return b - (self.A @ u.ravel()).reshape(u.shape)

    def down(self, b: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Return u after a red and a black half-sweep."""
        return self.relaxed(self.relaxed(u, b, RED), b, BLACK)

    def up(self, b: np.ndarray, u: np.ndarray, e: np.ndarray) -> np.ndarray:
        """Return u after the correction, a black and a red half-sweep."""
        return self.relaxed(self.relaxed(u + self.prolong(e), b, BLACK), b, RED)

    def slabs(self, kernel, *arguments):
        """Run a kernel slab by slab; return the sum of what it returns."""
        work = self.work
        results = [
            kernel(self.operator.kernel, *arguments, a, b, work)
            for a, b in redblack.slabs(self.problem.shape[0], 2)
        ]
        return sum(result for result in results if result is not None)

    def coarse_random(self, rng) -> tuple[np.ndarray, np.ndarray]:
        """Return random coarse cells, and as a vector with the ghosts that the fine grid reads."""
        e = rng.standard_normal(self.coarse.shape)
        packed = vector(self.coarse, e, 2, np.float64)
        fill_seams(packed, self.operator.neighbours, self.coarse.neighbours)
        return e, packed


@pytest.fixture
def two(problem):
    return Two(problem)


@pytest.fixture(params=[1, 2], ids=["red", "both"])
def right(request, two, rng):
    """Return a right-hand side of red cells or of both colours: cells, vector."""
    b = two.random(rng)
    if request.param == 1:
        b = np.where(colour(b.shape) == RED, b, 0)
    return b, two.pack(b, request.param)


def test_descending_restricts_what_two_half_sweeps_leave(two, right):
    b, packed = right
    coarse = two.coarse.vector(2, np.float64)
    coarse[:] = np.nan  # every own cell is set
    two.slabs(transfer.descend, packed, coarse)
    left = two.residual(two.down(b, np.zeros_like(b)), b)
    assert cells(two.coarse, coarse) == pytest.approx(two.restrict(left), abs=1e-12)


def test_ascending_corrects_and_sweeps_in_the_other_order(two, right, rng):
    b, packed = right
    e, correction = two.coarse_random(rng)
    out = two.operator.vector(len(packed))
    product = two.slabs(transfer.ascend, packed, correction, out)
    expected = two.up(b, two.down(b, np.zeros_like(b)), e)
    if len(packed) == 1:
        expected = np.where(colour(b.shape) == RED, expected, 0)
    red = colour(b.shape) == RED
    assert two.unpack(out) == pytest.approx(expected, abs=1e-12)
    assert product == pytest.approx((b * expected)[red].sum(), rel=1e-10)


def test_descending_again_goes_on_from_an_answer(two, rng):
    b = two.random(rng)
    # an answer as ascending leaves it: red cells relaxed last
    x = two.relaxed(two.random(rng), b, RED)
    coarse = two.coarse.vector(2, np.float64)
    coarse[:] = np.nan
    two.slabs(transfer.descend_again, two.pack(b), two.pack(x), coarse)
    left = two.residual(two.down(b, x), b)
    assert cells(two.coarse, coarse) == pytest.approx(two.restrict(left), abs=1e-12)


def test_ascending_again_corrects_that_answer(two, rng):
    b = two.random(rng)
    x = two.relaxed(two.random(rng), b, RED)
    e, correction = two.coarse_random(rng)
    out = two.operator.vector(2)
    two.slabs(transfer.ascend_again, two.pack(b), two.pack(x), correction, out)
    assert two.unpack(out) == pytest.approx(two.up(b, two.down(b, x), e), abs=1e-12)


def test_the_way_up_is_the_adjoint_of_the_way_down(two, rng):
    # the restriction R of what is left, and what a correction e becomes: (e, R b) = (P e, b)
    b = two.random(rng)
    e, correction = two.coarse_random(rng)
    down, up = two.coarse.vector(2, np.float64), two.operator.vector(2)
    two.slabs(transfer.descend, two.pack(b), down)
    two.slabs(transfer.ascend, np.zeros_like(two.pack(b)), correction, up)
    expected = (cells(two.coarse, down) * e).sum()
    assert (two.unpack(up) * b).sum() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("axis", range(3))
def test_a_coarse_face_conducts_half_the_sum_of_four(two, axis):
    shape, number = two.problem.shape, np.arange(two.A.shape[0]).reshape(two.problem.shape)
    before = np.roll(number, 1, axis)
    fine = -two.A[number.ravel(), before.ravel()].reshape(shape)
    first = (slice(None),) * axis + (0,)
    if not two.coarse.neighbours.periodic[axis]:
        fine[first] = 0
    inner = [slice(None)] * 3
    inner[axis] = slice(1, None, 2)  # faces within a coarse cell
    fine[tuple(inner)] = 0
    found = np.zeros((2, *redblack.packed_shape(two.coarse.shape)), np.float64)
    transfer.copy_faces(two.coarse.kernel, axis, found, two.coarse.shape[2])
    assert cells(two.coarse, found) == pytest.approx(two.restrict(fine) / 2, abs=1e-6)


def test_the_faces_that_are_copied_are_those_of_the_operator(two):
    shape = two.problem.shape
    number = np.arange(two.A.shape[0]).reshape(shape)
    for axis in range(3):
        fine = -two.A[number.ravel(), np.roll(number, 1, axis).ravel()].reshape(shape)
        if not two.problem.periodic[axis]:
            fine[(slice(None),) * axis + (0,)] = 0
        found = two.operator.vector(2)
        transfer.copy_faces(two.operator.kernel, axis, found, shape[2])
        assert two.unpack(found) == pytest.approx(fine, abs=1e-7)


def test_tiles_do_not_show_between_grids(rng):
    two = Two(problem_of(("phases", "insulated", "driven"), (4, 69, 4)))
    b = two.random(rng)
    e, correction = two.coarse_random(rng)
    coarse, out = two.coarse.vector(2, np.float64), two.operator.vector(2)
    two.slabs(transfer.descend, two.pack(b), coarse)
    two.slabs(transfer.ascend, two.pack(b), correction, out)
    u = two.down(b, np.zeros_like(b))
    assert cells(two.coarse, coarse) == pytest.approx(two.restrict(two.residual(u, b)), abs=1e-12)
    assert two.unpack(out) == pytest.approx(two.up(b, u, e), abs=1e-12)
