"""poreflux solve under mpirun: options of PETSc, and output of the first process only."""

import hashlib
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from cyclopts import Parameter

from poreflux.annotations import EngineName, Progress
from poreflux.cli.answer import Answer
from poreflux.cli.options import Flag, LocationOrNone, WholeOrNone
from poreflux.cli.parsing import size
from poreflux.cli.terminal import progress
from poreflux.cli.translate import sentence

#: threads that may always be asked for; and four a core, beyond which they only wait
THREADS = 64

#: prefixes of PETSc's options; poreflux's options come before the first of them
PETSC = ("-ksp_", "-pc_", "-mat_", "-vec_", "-log_", "-options_", "-check_", "-info", "-malloc_")

#: environment variables in which mpiexec and srun give the rank of this process
RANKS = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")


@Parameter(name="*", group="Solver")
@dataclass(frozen=True, kw_only=True)
class Solver:
    """How the equations are solved, and on how many cores.

    Attributes
    ----------
    solver
        serial, in this process; or petsc, on all processes that start the line, as in
        `mpirun -n 16 poreflux solve ... --solver petsc`; words of PETSc, like -ksp_monitor or
        -log_view, may follow at the end of it.
    engine
        serial: threads, on the cores; or cuda, on the graphics processor.
    threads
        of each process; by default the cores of the machine, shared evenly.
    field
        also write the potential and the current density to the store.
    checkpoint
        petsc: folder for the iterate, from which an interrupted run goes on, on any
        number of processes; by default beside the results.
    minutes
        petsc: between two checkpoints. SIGUSR1 asks for one, SIGTERM for one and the
        end.
    scratch
        tortuosity: folder for what an interrupted run has finished (sub-volumes, iterates), kept
        until the end; by default beside the results.
    check
        petsc, tortuosity: also solve an assembled matrix by algebraic multigrid (small volumes).
    petsc
        words of PETSc, between quotes.
    """

    solver: Literal["serial", "petsc"] = "serial"
    engine: EngineName = "threads"
    threads: WholeOrNone = None
    field: Flag = False
    checkpoint: LocationOrNone = None
    minutes: float = 5.0
    scratch: Path | None = None
    check: Flag = False
    petsc: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)] = ""


SOLVER = Solver()


def with_petsc_last(arguments: Sequence[str]) -> list[str]:
    """Return a command line whose options of PETSc are the value of one option, ``--petsc``.

    Examples
    --------
    >>> with_petsc_last(["solve", "--solver", "petsc", "-ksp_type", "pipecg", "-log_view"])
    ['solve', '--solver', 'petsc', '--petsc=-ksp_type pipecg -log_view']
    """
    at = next((i for i, word in enumerate(arguments) if word.startswith(PETSC)), len(arguments))
    rest = list(arguments[at:])
    return [*arguments[:at], *([f"--petsc={' '.join(rest)}"] if rest else [])]


def prints_output(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether this process is the one that prints.

    Examples
    --------
    >>> prints_output(["solve", "--solver", "petsc"], {"PMI_RANK": "1"})
    False
    """
    ranks = [int(environment[name]) for name in RANKS if environment.get(name, "").isdecimal()]
    return not (any("petsc" in word for word in arguments) and any(ranks))


def check_options(solver: Solver, directions: str, blocks: object) -> None:
    """Raise ``ValueError`` where options do not go together."""
    if solver.solver == "petsc" and blocks is not None:
        raise ValueError("--blocks is for --solver serial: sub-volumes need no mpirun")
    if solver.solver == "serial" and (solver.check or solver.checkpoint is not None):
        raise ValueError(f"{'--check' if solver.check else '--checkpoint'} is for --solver petsc")
    if solver.solver == "serial" and solver.minutes != SOLVER.minutes:
        raise ValueError("--minutes is for --solver petsc: a serial solve makes no checkpoints")
    _check_common(solver, directions)


def check_current_options(solver: Solver, directions: str, resolution: str) -> None:
    """Raise ``ValueError`` where options do not go together in a solve for the current."""
    if solver.solver == "serial" and solver.checkpoint is not None:
        raise ValueError("--checkpoint is for --solver petsc")
    if solver.solver == "serial" and solver.minutes != SOLVER.minutes:
        raise ValueError("--minutes is for --solver petsc: a serial solve makes no checkpoints")
    if solver.scratch is not None:
        raise ValueError("--scratch is for solve tortuosity: a current keeps nothing; leave it out")
    if solver.check:
        raise ValueError("--check is for solve tortuosity: it has no interface; leave it out")
    if solver.solver == "petsc" and resolution != "voxel":
        raise ValueError(f"--resolution {resolution} is for --solver serial: blocks need no mpirun")
    _check_common(solver, directions)


def _check_common(solver: Solver, directions: str) -> None:
    from poreflux.machine import available_cores

    if solver.solver == "petsc" and solver.engine != "threads":
        raise ValueError(
            f"--engine {solver.engine} is for --solver serial: PETSc runs on cores; leave one out"
        )
    most = max(THREADS, 4 * (os.cpu_count() or 1))
    if solver.threads is not None and not 1 <= solver.threads <= most:
        raise ValueError(
            f"--threads {solver.threads} is not between 1 and {most}; this process may use "
            f"{available_cores()} cores"
        )
    if solver.scratch is not None and not os.access(solver.scratch, os.W_OK | os.X_OK):
        raise ValueError(
            f"--scratch {solver.scratch} is no folder that can be written; make it, or take another"
        )
    petsc_options = solver.petsc.split()
    if solver.solver == "serial" and petsc_options:
        raise ValueError(f"{petsc_options[0]} is for --solver petsc")
    late = [word for word in petsc_options if word.startswith("--")]
    if late:
        raise ValueError(
            f"{late[0]} stands behind words of PETSc; put it before {petsc_options[0]}"
        )
    if solver.field and len(directions) > 1:
        raise ValueError(f"--field is of one direction, not of {', '.join(directions)}; give one")


def unfinished(out: Path, solver: Solver, kind: str) -> Path:
    """Return the folder of what an interrupted run has finished: beside the results, or scratch.

    On a scratch folder, which several results may share, its name tells whose it is.

    Examples
    --------
    >>> unfinished(Path("r.zarr"), SOLVER, "blocks").name
    'r.zarr.blocks'
    """
    if solver.scratch is None:
        return out.with_name(f"{out.name}.{kind}")
    whose = hashlib.sha256(str(out.absolute()).encode()).hexdigest()[:8]
    return solver.scratch / f"{out.name}-{whose}.{kind}"


def tortuosity(
    store: Path, directions: str, solver: Solver, out: Path, debug: bool, **options: Any
) -> list | None:
    """Solve along each direction on all processes; return the Datasets, None but on the first."""
    from poreflux.transport.parallel.tortuosity_factor import solve_tortuosity

    folder = solver.checkpoint or unfinished(out, solver, "checkpoint")
    options |= {"minutes": solver.minutes, "check": solver.check}

    def solve(direction: str, on_progress: Progress | None) -> Any:
        kept = folder / direction
        return solve_tortuosity(
            store,
            checkpoint=kept,
            **_common(store, solver, direction, on_progress, debug),
            **options,
        )

    datasets = _for_each_direction(directions, "solve along", solve)
    _remove_empty(folder, datasets)
    return datasets


def _remove_empty(folder: Path, datasets: list | None) -> None:
    """Remove the folder of checkpoints that are all removed; the first process does."""
    if datasets is not None and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def current(
    store: Path,
    directions: str,
    solver: Solver,
    contact: Callable,
    out: Path,
    debug: bool,
    **options: Any,
) -> list | None:
    """Solve across each direction on all processes; return the Datasets, None but on the first.

    ``contact(volume, direction)`` makes the contact, on the first process alone.
    """
    from poreflux.transport.parallel.interfacial_current import solve_current

    folder = solver.checkpoint or unfinished(out, solver, "checkpoint")

    def solve(direction: str, on_progress: Progress | None) -> Any:
        return solve_current(
            store,
            contact=partial(contact, direction=direction),
            checkpoint=folder / f"current-{direction}",
            minutes=solver.minutes,
            **_common(store, solver, direction, on_progress, debug),
            **options,
        )

    datasets = _for_each_direction(directions, "solve across", solve)
    _remove_empty(folder, datasets)
    return datasets


class ProcessMemory(NamedTuple):
    """Memory of a solve on several processes, in bytes.

    Attributes
    ----------
    per_process
        of the largest process.
    processes
        number of processes that have a part of the volume.
    on_machine
        of all processes on this machine.
    """

    per_process: int
    processes: int
    on_machine: float

    def added_to(self, answer: Answer) -> Answer:
        """Return the answer of a dry run, with the memory of each process added."""
        of = f"of {self.processes} processes, at most" if self.processes > 1 else "process"
        answer.lines.insert(2, f"          {size(self.per_process)} on each {of}")
        answer.data["dry_run"] |= {
            "process_memory_bytes": self.per_process,
            "processes": self.processes,
        }
        return answer


def memory_of_processes(store: Path, direction: str, need: Callable) -> ProcessMemory:
    """Return the memory of all processes; ``need(head, partition, box)`` is that of one."""
    from poreflux.transport.parallel import reading, session
    from poreflux.transport.parallel.partition import partition

    link = session.connect()
    head = reading.read_stored_phase(store, direction)
    process_boxes = partition(head.shape, link.size, head.chunk[0])
    needs = [need(head, process_boxes, box) for box in range(process_boxes.boxes)]
    on_machine, _ = link.on_this_machine(needs[link.rank] if link.rank < process_boxes.boxes else 0)
    return ProcessMemory(max(needs), process_boxes.boxes, on_machine)


def _common(
    store: Path, solver: Solver, direction: str, on_progress: Progress | None, debug: bool
) -> dict:
    return {
        "direction": direction,
        "threads": solver.threads,
        "petsc_options": solver.petsc.split(),
        "field": store if solver.field else None,
        "progress": on_progress,
        "describe": partial(_described, debug=debug),
    }


def _described(failure: BaseException, *, debug: bool) -> str:
    """Return the message for a failure of one process."""
    return "".join(traceback.format_exception(failure)) if debug else sentence(failure)


def _for_each_direction(directions: str, title: str, solve: Callable) -> list | None:
    """Return the results of ``solve(direction, progress)``, None but on the first process."""
    from poreflux.transport.parallel.session import only_first_reports

    datasets = []
    with only_first_reports() as first:
        for direction in directions:
            with ExitStack() as stack:
                on_progress = (
                    stack.enter_context(progress(f"{title} {direction}")) if first else None
                )
                datasets.append(solve(direction, on_progress))
    return datasets if first else None
