"""A run on many processes: connecting them, failing together, notices from the first one."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from poreflux.machine import machine_cores, task_cores
from poreflux.transport.parallel import petsc
from poreflux.transport.parallel.failure import SharedFailure
from poreflux.transport.parallel.partition import Partition

if TYPE_CHECKING:  # loads MPI
    from poreflux.transport.parallel.link import Link


def connect() -> "Link":
    """Return the link between all processes of this run.

    Raises
    ------
    NoPetsc
        where mpi4py or an MPI is missing, or the processes were started by another MPI.
    """
    try:
        from mpi4py import MPI

        from poreflux.transport.parallel.link import Link
    except (ImportError, RuntimeError) as error:
        raise petsc.NoPetsc(f"MPI cannot be loaded ({error}); {petsc.INSTALL}") from error
    link = Link(MPI.COMM_WORLD)
    names = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS")
    started = max((int(os.environ.get(name, 1)) for name in names), default=1)
    if link.size == 1 and started > 1:
        library = MPI.get_vendor()[0]
        if "SLURM_STEP_NUM_TASKS" in os.environ:
            kind = "pmi2" if library == "MPICH" else "pmix"
            advice = f"start them with srun --mpi={kind} (srun --mpi=list says what there is)"
        else:
            advice = "use the mpiexec beside this Python"
        raise petsc.NoPetsc(
            f"{started} processes were started, but each is alone: what started them and mpi4py "
            f"are of different MPIs (mpi4py has {library}); {advice}, or build mpi4py with the MPI "
            "of this machine"
        )
    return link


def threads_per_process(link: "Link") -> int:
    """Return how many threads each process may take."""
    from poreflux.transport.parallel.link import threads_for

    return threads_for(link.comm, machine_cores(), task_cores(os.environ))


@contextlib.contextmanager
def abort_on_failure(
    link: "Link", describe: Callable[[BaseException], str] | None = None
) -> Iterator[None]:
    """End all processes when one of them raises alone, because the others would wait for it.

    ``describe`` turns a failure into the sentence that is printed, by default its message.
    """
    try:
        yield
    except SharedFailure as shared:
        raise shared.failure from shared.__cause__
    except BaseException as failure:
        if link.size == 1:
            raise
        time.sleep(min(0.05 * link.rank, 1))  # where several fail, one message is printed
        sentence = (describe or message)(failure)
        # past sys.stderr, which may be closed on all but the first process
        os.write(2, f"poreflux: process {link.rank} of {link.size}: {sentence}\n".encode())
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # MPI would add nothing useful
        time.sleep(0.1)  # until mpiexec has passed it on
        link.comm.Abort(1)
        os._exit(1)  # it may return, and nothing must follow


def message(failure: BaseException) -> str:
    """Return the message of a failure in one line, or its name where it has none."""
    return " ".join(str(failure).split()) or type(failure).__name__


@contextlib.contextmanager
def only_first_reports() -> Iterator[bool]:
    """Let the first process alone report: yield whether this is it; others fail silently."""
    first = connect().rank == 0
    try:
        yield first
    except Exception as failure:
        if first:
            raise
        misuse = isinstance(failure, (ValueError, TypeError, KeyError))
        raise SystemExit(2 if misuse else 1) from None  # mpiexec mixes statuses that differ


def notice_idle(link: "Link", layout: Partition, notice: Callable[[str], None]) -> None:
    """Give notice of processes that have nothing to do."""
    idle = link.size - layout.boxes
    if idle:
        notice(
            f"{idle} of {link.size} processes stay idle: {layout.planes} planes are best divided "
            f"into {layout.boxes} box{'es' if layout.boxes > 1 else ''}"
        )


def print_notice(sentence: str) -> None:
    """Print a sentence to the user."""
    print(f"poreflux: {sentence}", file=sys.stderr, flush=True)


def ignore_notice(_: str) -> None:
    """Print nothing."""
