"""PETSc, started once in each process with its options."""

import os
import sys
from collections.abc import Sequence
from types import ModuleType

from poreflux.errors import PorefluxError, TooLarge

#: how PETSc is installed
INSTALL = (
    "install the extra with `pip install 'poreflux[mpi]'` where there is an MPI and a PETSc, "
    "or run `make petsc`, which brings both"
)

#: the largest number of unknowns that 32-bit indices count
LARGEST_32 = 2**31 - 1


class NoPetsc(PorefluxError):
    """MPI or PETSc is not installed, or cannot be loaded."""

    page = "how-to/mpi"


def start(options: Sequence[str] = (), threads: int = 1) -> ModuleType:
    """Return PETSc, started with `options`; the dense loops of its vectors take so many threads.

    Raises
    ------
    NoPetsc
        where petsc4py or its libraries are missing.
    """
    if "petsc4py.PETSc" in sys.modules:
        from petsc4py import PETSc

        PETSc.Options().insertString(" ".join(options))
        return PETSc
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(threads))
    try:
        import petsc4py

        # signals are for checkpoints: PETSc's own handlers would end the process
        petsc4py.init(["-no_signal_handler", *options])
        from petsc4py import PETSc
    except ImportError as error:
        raise NoPetsc(f"PETSc cannot be loaded ({error}); {INSTALL}") from error
    return PETSc


def check_indices(unknowns: int, bits: int) -> None:
    """Raise :class:`TooLarge` where the integers of a PETSc cannot count so many unknowns.

    >>> check_indices(2**33, 64)
    """
    if bits < 64 and unknowns > LARGEST_32:
        raise TooLarge(
            f"{unknowns} unknowns are more than the {bits}-bit indices of this PETSc count "
            f"({LARGEST_32}); use a PETSc configured with --with-64-bit-indices=1, as `make petsc` "
            "builds it"
        )
