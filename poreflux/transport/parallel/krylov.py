"""PETSc's Krylov methods on boxes: the reduced operator and the multigrid cycle as PETSc shells.

A vector of PETSc holds the packed planes of the red cells of a box, side ghosts
included, which stay zero. Operator and cycle copy its planes between ghost planes.
"""

from types import TracebackType
from typing import Protocol

import numpy as np
from petsc4py import PETSc

from poreflux.errors import NotConverged
from poreflux.kernels import rows
from poreflux.kernels.redblack import packed_shape
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.parallel.failure import SharedFailure
from poreflux.transport.parallel.multigrid import hierarchy_on_boxes
from poreflux.transport.parallel.neighbours import Link
from poreflux.transport.solvers.certified import Limited
from poreflux.transport.solvers.stopping import (
    MAX_ITERATIONS,
    ErrorEstimate,
    Step,
    Stopping,
)

#: iterations of conjugate gradients that measure the smallest eigenvalue for another method
MEASURING_ITERATIONS = 8

#: PETSc's error number for an operation that a method does not support
UNSUPPORTED = 56

REASONS = PETSc.KSP.ConvergedReason


class Buffer:
    """Memory of one float64 vector with its ghosts, or of two float32 ones."""

    def __init__(self, operator: Operator):
        self.operator = operator
        self.wide = operator.vector()
        self.first, self.second = (
            self.wide.reshape(-1).view(np.float32).reshape(2, *self.wide.shape)
        )

    def load(self, vector: np.ndarray, array: np.ndarray) -> np.ndarray:
        """Copy planes (n, Y, H) into `array` (1, Z, Y, H) of this buffer; fill the ghosts."""
        self.operator.engine.load(vector, array)
        self.operator.neighbours.fill_ghosts(array)
        return array

    def store(self, array: np.ndarray, vector: np.ndarray) -> None:
        """Copy the cells of this box from `array` (1, Z, Y, H) into planes (n, Y, H)."""
        self.operator.engine.store(array, vector)


class RaisedInPetsc:
    """The exception raised inside PETSc, which passes on only the number of an error."""

    def __init__(self) -> None:
        self.failure: BaseException | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.failure = self.failure or failure


class ReducedMatrix:
    """y = S p as PETSc calls it; ``curvature`` is p . S p in this box at the last call."""

    def __init__(self, operator: Operator, buffer: Buffer, raised: RaisedInPetsc):
        self.operator = operator
        self.buffer = buffer
        self.raised = raised
        self.curvature = 0.0

    def mult(self, _: PETSc.Mat, p: PETSc.Vec, y: PETSc.Vec) -> None:
        """Apply the operator."""
        with self.raised:
            operator = self.operator
            array = self.buffer.load(planes_of(p, operator), self.buffer.wide)
            out = planes_of(y, operator, change=True)
            self.curvature = operator.engine.apply(operator, array, out)


class CyclePreconditioner:
    """z = M^-1 r, one cycle of multigrid in float32."""

    def __init__(self, operator: Operator, buffer: Buffer, raised: RaisedInPetsc):
        self.multigrid = hierarchy_on_boxes(single(operator))
        self.buffer = buffer
        self.raised = raised

    def apply(self, _: PETSc.PC, r: PETSc.Vec, z: PETSc.Vec) -> None:
        """Apply the cycle."""
        with self.raised:
            b = self.buffer.load(planes_of(r, self.buffer.operator), self.buffer.first)
            self.multigrid.smooth(0, b, self.buffer.second)
            self.buffer.store(self.buffer.second, planes_of(z, self.buffer.operator, change=True))


def single(operator: Operator) -> Operator:
    """Return the operator in float32, where that takes no more memory."""
    kernel = operator.kernel
    if not isinstance(kernel, rows.Binary):
        return operator
    wz, wy, wx = np.array([kernel.wz, kernel.wy, kernel.wx], np.float32)
    links = kernel.links.astype(np.float32)
    kernel = rows.Binary(kernel.code, links, kernel.face_of, wz, wy, wx, kernel.wrap)
    unchanged = operator.neighbours, operator.engine, np.float32, operator.boundary
    return Operator(kernel, operator.shape, *unchanged)


def planes_of(vector: PETSc.Vec, operator: Operator, *, change: bool = False) -> np.ndarray:
    """Return the planes (n, Y, H) of a vector of PETSc, to read or to change them."""
    array = vector.array_w if change else vector.array_r
    return array.reshape(operator.shape[0], *packed_shape(operator.shape)[1:])


class Requests(Protocol):
    """What may interrupt an iteration: see :mod:`poreflux.transport.parallel.checkpoint`."""

    def requested_action(self) -> int:
        """Return what this process requests: nothing (0), to save (1), or to save and stop (2)."""

    def save(self, vector: PETSc.Vec, iterations: int, theta: float) -> None:
        """Save an iterate."""


class ConvergenceTest:
    """PETSc's convergence test: a stopping rule, and `requests` to save or to stop.

    At each iteration all processes exchange p . S p and their requests, one message of 16 bytes
    from which all decide alike. The potential so far is unpacked into `workspace`; `theta` is the
    smallest eigenvalue known from an earlier run.
    """

    def __init__(
        self,
        krylov: "Krylov",
        stopping: Stopping,
        workspace: np.ndarray,
        *,
        requests: Requests | None = None,
        theta: float = np.inf,
        negligible: float = 0.0,
    ):
        self.krylov = krylov
        self.stopping = stopping
        self.workspace = workspace
        self.requests = requests
        self.negligible = negligible
        self.estimate = ErrorEstimate(theta)
        self.stopped = False
        self._norms: list[float] = []

    def __call__(self, ksp: PETSc.KSP, iteration: int, norm: float) -> int | None:
        """Return PETSc's reason of convergence, None to continue."""
        with self.krylov.raised:
            norm_before = self._norms[-1] if self._norms else norm
            self._norms.append(norm)
            if iteration == 0:
                return REASONS.CONVERGED_ATOL if norm <= self.negligible else None
            if norm <= np.finfo(float).eps * self._norms[0]:  # only round-off is left
                return REASONS.CONVERGED_ATOL
            requested_action = 0 if self.requests is None else self.requests.requested_action()
            gathered = self.krylov.link.gather((self.krylov.matrix.curvature, requested_action))
            curvature = float(sum(gathered[:, 0]))
            gain, remaining = self.estimate.step(curvature, norm_before**2, norm**2)
            step = Step(
                len(self._norms) - 1, gain, remaining, norm / self._norms[0], self._potential
            )
            if self.stopping(step):
                return REASONS.CONVERGED_RTOL
            return self._follow_requests(ksp, norm, int(gathered[:, 1].max()))

    def _potential(self) -> np.ndarray:
        vector = planes_of(self.krylov.ksp.getSolution(), self.krylov.operator)
        return self.krylov.buffer.load(vector, self.workspace)

    def _follow_requests(self, ksp: PETSc.KSP, norm: float, requested_action: int) -> int | None:
        rtol, atol, *_ = ksp.getTolerances()  # zero unless the user sets them
        if norm <= max(rtol * self._norms[0], atol):
            return REASONS.CONVERGED_ATOL
        if requested_action and self.requests is not None:
            iterations = len(self.stopping.history)
            self.requests.save(ksp.getSolution(), iterations, self.estimate.theta)
        self.stopped = requested_action > 1
        return REASONS.CONVERGED_ITS if self.stopped else None

    def continue_with_theta(self) -> None:
        """Reset the norms: another method continues from here, with the eigenvalue known so far."""
        self._norms = []
        self.estimate.keep_theta()


class Krylov:
    """A Krylov method of PETSc on the boxes of an operator, with options from its database."""

    def __init__(self, operator: Operator, link: Link):
        self.operator = operator
        self.link = link
        self.raised = RaisedInPetsc()
        self.buffer = Buffer(operator)
        self.matrix = ReducedMatrix(operator, self.buffer, self.raised)
        cycle = CyclePreconditioner(operator, self.buffer, self.raised)
        n = operator.shape[0] * int(np.prod(packed_shape(operator.shape)[1:]))
        size = (n, PETSc.DETERMINE)
        self.mat = PETSc.Mat().createPython((size, size), self.matrix, comm=link.comm)
        self.mat.setUp()
        self.ksp = PETSc.KSP().create(link.comm)
        self.ksp.setOperators(self.mat)
        self.ksp.setType(PETSc.KSP.Type.CG)
        self.ksp.setNormType(PETSc.KSP.NormType.NATURAL)  # type: ignore[arg-type]
        self.ksp.setTolerances(rtol=0, atol=0, divtol=1e300, max_it=MAX_ITERATIONS)
        self.ksp.setInitialGuessNonzero(True)
        pc = self.ksp.getPC()
        pc.setType(PETSc.PC.Type.PYTHON)
        pc.setPythonContext(cycle)
        if plain_conjugate_gradients():
            self.ksp.setFromOptions()
        self.b, self.x = self.mat.createVecLeft(), self.mat.createVecRight()

    def solve(self, test: ConvergenceTest) -> None:
        """Solve S x = b from x; raise what was raised within PETSc, or ``NotConverged``."""
        if not plain_conjugate_gradients():
            # other methods give no estimate of eigenvalues: plain conjugate gradients come first
            self.ksp.setTolerances(max_it=MEASURING_ITERATIONS)
            self._run(test)
            if self.ksp.getConvergedReason() != REASONS.DIVERGED_MAX_IT:
                return self._check_converged(test)
            self.ksp.setTolerances(max_it=MAX_ITERATIONS)
            self.ksp.setFromOptions()
            test.continue_with_theta()
        self._run(test)
        self._check_converged(test)

    def destroy(self) -> None:
        """Free the memory of PETSc's vectors."""
        for handle in (self.ksp, self.mat, self.b, self.x):
            handle.destroy()

    def _run(self, test: ConvergenceTest) -> None:
        self.ksp.setConvergenceTest(test)  # type: ignore[arg-type]  # None continues
        try:
            self.ksp.solve(self.b, self.x)
        except PETSc.Error as error:
            if self.raised.failure is not None:
                raise self.raised.failure from None
            if getattr(error, "ierr", None) != UNSUPPORTED:
                raise
            message = f"PETSc: {str(error).splitlines()[-1].removeprefix('[0] ')}"
            advice = (
                "the error is measured in that norm: choose cg, pipecg, groppcg, fcg or pipefcg"
            )
            raise SharedFailure(ValueError(f"{message}; {advice}")) from None

    def _check_converged(self, test: ConvergenceTest) -> None:
        reason: int = self.ksp.getConvergedReason()  # type: ignore[assignment]
        if reason < 0:
            names = {getattr(REASONS, name): name for name in dir(REASONS) if name.isupper()}
            history, wanted = test.stopping.history, test.stopping.wanted
            error = history[-1] if history else np.nan
            asked = reason == REASONS.DIVERGED_MAX_IT and PETSc.Options().hasName("ksp_max_it")
            failure = (Limited if asked else NotConverged)(
                f"PETSc gave up after {len(history)} iterations "
                f"({names.get(reason, reason)}), error {error:.1e}, {wanted}",
                history,
            )
            raise SharedFailure(failure)


def plain_conjugate_gradients() -> bool:
    """Return whether the chosen method is plain conjugate gradients."""
    options = PETSc.Options()
    one_sum = options.getBool("ksp_cg_single_reduction", False)
    return options.getString("ksp_type", PETSc.KSP.Type.CG) == PETSc.KSP.Type.CG and not one_sum
