"""The checkpoint of a solve for the current: the potential, and how far Newton's method is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from poreflux.transport.parallel.checkpoint import Checkpoint, Interrupted
from poreflux.transport.parallel.krylov import planes_of
from poreflux.transport.parallel.linear_solver import PetscSolver

if TYPE_CHECKING:
    from petsc4py import PETSc


class CurrentCheckpoint:
    """Keeps a potential at requests of a linear solver, whichever potential that lowers.

    It is the :class:`poreflux.transport.electrode.kept.Kept` of the solve, and the requests of its
    linear solver.
    """

    def __init__(self, checkpoint: Checkpoint, solver: PetscSolver):
        self.checkpoint, self.solver = checkpoint, solver
        self.found: dict[str, np.ndarray] = {}
        self._x = self._lowered = np.empty(0)

    @contextmanager
    def active(self) -> Iterator[None]:
        """Follow signals and the clock within the block; remove the checkpoint at its end."""
        self.solver.requests = self
        try:
            with self.checkpoint.handling_signals():
                yield
        finally:
            self.solver.requests = None
        self.checkpoint.remove()

    def load(self, x: np.ndarray) -> bool:
        """Fill x with the potential of an earlier run, if there is one; keep x from now on."""
        self._x = x
        krylov = self.solver.krylov
        if not self.checkpoint.find(planes_of(krylov.x, krylov.operator, change=True)):
            return False
        krylov.buffer.load(planes_of(krylov.x, krylov.operator), x)
        self.found = dict(self.checkpoint.arrays)
        return True

    def note(self, **numbers: Any) -> None:
        """Keep numbers with the potential; None takes one away."""
        arrays = self.checkpoint.arrays
        for name, number in numbers.items():
            arrays.pop(name, None)
            if number is not None:
                arrays[name] = np.array(number)

    def lowering(self, x: np.ndarray) -> None:
        """Know that x is lowered from now on."""
        self._lowered = x

    def requested_action(self) -> int:
        """Return what this process requests."""
        return self.checkpoint.requested_action()

    def save(self, vector: "PETSc.Vec", iterations: int, theta: float) -> None:
        """Save the potential that is kept: as PETSc has it now, or as it was before this solve."""
        if self._lowered is self._x:
            self.checkpoint.save(vector, iterations, 0.0)
            return
        krylov = self.solver.krylov
        whole = krylov.mat.createVecRight()
        krylov.buffer.store(self._x, planes_of(whole, krylov.operator, change=True))
        self.checkpoint.save(whole, iterations, 0.0)
        whole.destroy()

    def interrupted(self, iterations: int) -> Interrupted:
        """Return the exception of a solve that was stopped."""
        return self.checkpoint.interrupted(iterations)
