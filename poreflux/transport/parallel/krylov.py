"""PETSc's Krylov methods on boxes: the reduced operator and the multigrid cycle as its shells.

A vector of PETSc holds the own planes of the red cells of a box as they are packed, side ghosts
included, which stay zero. Operator and cycle copy its planes between ghost planes.
"""

import time

import numpy as np
from petsc4py import PETSc

from poreflux.errors import NotConverged
from poreflux.kernels import rows, stencil
from poreflux.kernels.redblack import GHOST, packed_shape
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.parallel.link import everywhere
from poreflux.transport.parallel.multigrid import shared
from poreflux.transport.solvers.conjugate_gradients import (
    MAX_ITERATIONS,
    SAFETY,
    RitzValue,
    Run,
    decades,
)

#: iterations of conjugate gradients that measure the smallest eigenvalue for another method
MEASURE = 8

#: PETSc's number for a method that does not do what is asked of it
UNSUPPORTED = 56

REASONS = PETSc.KSP.ConvergedReason


class Buffer:
    """Room for one float64 vector between ghosts, or for two float32 ones."""

    def __init__(self, operator: Operator):
        self.operator = operator
        self.wide = operator.vector()
        self.first, self.second = (
            self.wide.reshape(-1).view(np.float32).reshape(2, *self.wide.shape)
        )

    def load(self, vector: np.ndarray, array: np.ndarray) -> np.ndarray:
        """Copy own planes (n, Y, H) into `array` (1, Z, Y, H) of this room; fill the ghosts."""
        array[:, :GHOST] = array[:, -GHOST:] = 0
        jobs = [(array[0, a + GHOST : b + GHOST], vector[a:b]) for a, b in self.operator.slabs]
        self.operator.team.each(np.copyto, jobs)
        self.operator.neighbours.fill_ghosts(array)
        return array

    def store(self, array: np.ndarray, vector: np.ndarray) -> None:
        """Copy the own cells of `array` (1, Z, Y, H) into own planes (n, Y, H)."""
        cells = (slice(GHOST, -GHOST), slice(1, -1))
        jobs = [
            (vector[(slice(a, b), *cells)], array[(0, slice(a + GHOST, b + GHOST), *cells)])
            for a, b in self.operator.slabs
        ]
        self.operator.team.each(np.copyto, jobs)


class Kept:
    """What was raised inside PETSc, which itself hands on no more than the number of an error."""

    def __init__(self):
        self.failure: BaseException | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind, failure, trace) -> None:
        self.failure = self.failure or failure


class ReducedMatrix:
    """y = S p as PETSc calls it; ``curvature`` is p . S p in this box at the last call."""

    def __init__(self, operator: Operator, buffer: Buffer, kept: Kept):
        self.operator = operator
        self.buffer = buffer
        self.kept = kept
        self.curvature = 0.0

    def mult(self, _, p, y) -> None:
        """Apply the operator."""
        with self.kept:
            operator = self.operator
            array = self.buffer.load(planes_of(p, operator), self.buffer.wide)
            out = planes_of(y, operator, change=True)
            jobs = [
                (operator.kernel, array, out, a, b, work)
                for (a, b), work in zip(operator.slabs, operator.scratch)
            ]
            self.curvature = sum(operator.team.each(stencil.apply, jobs))


class CyclePreconditioner:
    """z = M^-1 r, one cycle of multigrid in float32."""

    def __init__(self, operator: Operator, buffer: Buffer, kept: Kept):
        self.multigrid = shared(single(operator))
        self.buffer = buffer
        self.kept = kept

    def apply(self, _, r, z) -> None:
        """Apply the cycle."""
        with self.kept:
            b = self.buffer.load(planes_of(r, self.buffer.operator), self.buffer.first)
            self.multigrid.smooth(0, b, self.buffer.second)
            self.buffer.store(self.buffer.second, planes_of(z, self.buffer.operator, change=True))


def single(operator: Operator) -> Operator:
    """Return the operator in float32, where that takes no more memory."""
    kernel = operator.kernel
    if not isinstance(kernel, rows.Binary):
        return operator
    wz, wy, wx = np.array([kernel.wz, kernel.wy, kernel.wx], np.float32)
    ends = kernel.ends.astype(np.float32)
    kernel = rows.Binary(kernel.code, ends, kernel.end_of, wz, wy, wx, kernel.wrap)
    parts = operator.shape, operator.neighbours, operator.team, np.float32, operator.ends
    return Operator(kernel, *parts)


def planes_of(vector: PETSc.Vec, operator: Operator, *, change: bool = False) -> np.ndarray:
    """Return the own planes (n, Y, H) that a vector of PETSc holds, to read or to change them."""
    array = vector.array_w if change else vector.array_r
    return array.reshape(operator.shape[0], *packed_shape(operator.shape)[1:])


class Stop:
    """When an iteration ends: the rule of the serial driver, and what `keeper` asks for.

    At each iteration all processes tell each other p . S p and whether one of them was told to save
    or to stop: one message of 16 bytes, from which all draw the same conclusion.
    """

    def __init__(self, matrix: ReducedMatrix, energy: float, rtol: float, keeper, tell=None):
        self.matrix = matrix
        self.energy = energy
        self.rtol = rtol
        self.wanted = f"rtol={rtol:.1e} wanted; ask for fewer digits or another -ksp_type"
        self.keeper = keeper
        self.tell = tell
        self.theta = keeper.theta
        self.history: list[float] = []
        self.stopped = False
        self._norms: list[float] = []
        self._ritz: RitzValue | None = RitzValue()

    def __call__(self, ksp, iteration: int, norm: float):
        """Return PETSc's word for the state of the iteration."""
        with self.matrix.kept:
            before = self._norms[-1] if self._norms else norm
            self._norms.append(norm)
            if iteration == 0:
                nothing = np.finfo(float).eps * self.energy
                return REASONS.CONVERGED_ATOL if norm <= nothing else None
            told = self.matrix.operator.neighbours.link.gather(
                (self.matrix.curvature, self.keeper.wish())
            )
            if self._ritz is not None:
                alpha = before**2 / told[:, 0].sum()
                self.energy -= alpha * before**2
                self.theta = min(self.theta, self._ritz.add(alpha, (norm / before) ** 2))
            error = SAFETY * norm**2 / self.theta / self.energy
            self.history.append(error)
            if self.tell is not None:
                self.tell(len(self.history), self.energy, error)
            return self._judge(ksp, norm, told[:, 1].max())

    def _judge(self, ksp, norm: float, wish: float):
        if self.history[-1] <= self.rtol:
            return REASONS.CONVERGED_RTOL
        rtol, atol, *_ = ksp.getTolerances()  # zero unless the user sets them
        if norm <= max(rtol * self._norms[0], atol):
            return REASONS.CONVERGED_ATOL
        if wish:
            self.keeper.save(ksp.getSolution(), self)
        self.stopped = wish > 1
        return REASONS.CONVERGED_ITS if self.stopped else None

    def again(self) -> "Stop":
        """Forget the norms: another method goes on from here, with the eigenvalue that is known."""
        self._norms = []
        self._ritz = None
        return self

    @property
    def run(self) -> Run:
        """Return what the iteration did; its residual is in the norm of the preconditioner."""
        ratio = self._norms[-1] / self._norms[0] if self._norms and self._norms[0] else 0.0
        return Run(len(self.history), self.history, ratio)


class Krylov:
    """A Krylov method of PETSc on the boxes of an operator, with options from its database."""

    def __init__(self, operator: Operator, comm):
        self.operator = operator
        self.kept = Kept()
        self.buffer = Buffer(operator)
        self.matrix = ReducedMatrix(operator, self.buffer, self.kept)
        cycle = CyclePreconditioner(operator, self.buffer, self.kept)
        n = operator.shape[0] * int(np.prod(packed_shape(operator.shape)[1:]))
        size = (n, PETSc.DETERMINE)
        self.mat = PETSc.Mat().createPython((size, size), self.matrix, comm=comm)
        self.mat.setUp()
        self.ksp = PETSc.KSP().create(comm)
        self.ksp.setOperators(self.mat)
        self.ksp.setType(PETSc.KSP.Type.CG)
        self.ksp.setNormType(PETSc.KSP.NormType.NATURAL)  # type: ignore[arg-type]
        self.ksp.setTolerances(rtol=0, atol=0, divtol=1e300, max_it=MAX_ITERATIONS)
        self.ksp.setInitialGuessNonzero(True)
        pc = self.ksp.getPC()
        pc.setType(PETSc.PC.Type.PYTHON)
        pc.setPythonContext(cycle)
        if plain():
            self.ksp.setFromOptions()
        self.b, self.x = self.mat.createVecLeft(), self.mat.createVecRight()

    def solve(self, stop: Stop) -> None:
        """Solve S x = b from x; raise what was raised on the way, or that it did not converge."""
        if not plain():
            # others do not tell what eigenvalues they meet: plain conjugate gradients begin
            self.ksp.setTolerances(max_it=MEASURE)
            self._run(stop)
            if self.ksp.getConvergedReason() != REASONS.DIVERGED_MAX_IT:
                return self._judge(stop)
            self.ksp.setTolerances(max_it=MAX_ITERATIONS)
            self.ksp.setFromOptions()
            stop.again()
        self._run(stop)
        self._judge(stop)

    def destroy(self) -> None:
        """Give the memory of PETSc's vectors back."""
        for each in (self.ksp, self.mat, self.b, self.x):
            each.destroy()

    def _run(self, stop: Stop) -> None:
        self.ksp.setConvergenceTest(stop)
        try:
            self.ksp.solve(self.b, self.x)
        except PETSc.Error as error:
            if self.kept.failure is not None:
                raise self.kept.failure from None
            if getattr(error, "ierr", None) != UNSUPPORTED:
                raise
            words = f"PETSc: {str(error).splitlines()[-1].removeprefix('[0] ')}"
            do = "the error is measured in that norm: choose cg, pipecg, groppcg, fcg or pipefcg"
            raise everywhere(ValueError(f"{words}; {do}")) from None

    def _judge(self, stop: Stop) -> None:
        reason: int = self.ksp.getConvergedReason()  # type: ignore[assignment]
        if reason < 0:
            words = {getattr(REASONS, name): name for name in dir(REASONS) if name.isupper()}
            error = stop.history[-1] if stop.history else np.nan
            failure = NotConverged(
                f"PETSc gave up after {len(stop.history)} iterations "
                f"({words.get(reason, reason)}), error {error:.1e}, {stop.wanted}",
                stop.history,
            )
            raise everywhere(failure)


def plain() -> bool:
    """Return whether the method that is asked for is plain conjugate gradients."""
    options = PETSc.Options()
    one_sum = options.getBool("ksp_cg_single_reduction", False)
    return options.getString("ksp_type", PETSc.KSP.Type.CG) == PETSc.KSP.Type.CG and not one_sum


def teller(progress, rtol: float, tortuosity, clock=time.monotonic):
    """Return what :class:`Stop` tells each iteration to: progress, with a note on tau and time.

    `tortuosity` makes a tortuosity factor of an energy.
    """
    start = clock()

    def tell(iteration: int, energy: float, error: float) -> None:
        done, total = decades(error, rtol)
        note = f"iteration {iteration}, tau {tortuosity(energy):.6g}, error {error:.0e}"
        if 0 < done < total:
            note += f", {(total - done) * (clock() - start) / done:.0f} s left"
        progress(done, total, note)

    return tell
