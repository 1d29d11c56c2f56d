"""poreflux solve under mpirun: PETSc's own words, and one voice for many processes."""

import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from cyclopts import Parameter

from poreflux.annotations import Progress
from poreflux.cli.answer import Answer
from poreflux.cli.options import Flag
from poreflux.cli.terminal import progress
from poreflux.cli.translate import sentence
from poreflux.cli.words import size

#: how words of PETSc begin; the first of them ends poreflux's own words
PETSC = ("-ksp_", "-pc_", "-mat_", "-vec_", "-log_", "-options_", "-check_", "-info", "-malloc_")

#: where mpiexec and srun say which process this is
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
    threads
        of each process; by default the cores of the machine, shared evenly.
    field
        also write the potential and the current density to the store.
    checkpoint
        petsc, tortuosity: folder for the iterate, from which an interrupted run goes on, on any
        number of processes; by default beside the results.
    minutes
        petsc, tortuosity: between two checkpoints. SIGUSR1 asks for one, SIGTERM for one and the
        end.
    check
        petsc, tortuosity: also solve an assembled matrix by algebraic multigrid (small volumes).
    petsc
        words of PETSc, between quotes.
    """

    solver: Literal["serial", "petsc"] = "serial"
    threads: int | None = None
    field: Flag = False
    checkpoint: Path | None = None
    minutes: float = 5.0
    check: Flag = False
    petsc: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)] = ""


SOLVER = Solver()


def with_petsc_last(words: Sequence[str]) -> list[str]:
    """Return a command line whose words of PETSc are the value of one option.

    Examples
    --------
    >>> with_petsc_last(["solve", "--solver", "petsc", "-ksp_type", "pipecg", "-log_view"])
    ['solve', '--solver', 'petsc', '--petsc=-ksp_type pipecg -log_view']
    """
    at = next((i for i, word in enumerate(words) if word.startswith(PETSC)), len(words))
    rest = list(words[at:])
    return [*words[:at], *([f"--petsc={' '.join(rest)}"] if rest else [])]


def speaks(words: Sequence[str], environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether this process is the one that prints.

    Examples
    --------
    >>> speaks(["solve", "--solver", "petsc"], {"PMI_RANK": "1"})
    False
    """
    ranks = [int(environment[name]) for name in RANKS if environment.get(name, "").isdecimal()]
    return not (any("petsc" in word for word in words) and any(ranks))


def check_words(how: Solver, directions: str, blocks: object) -> None:
    """Raise ``ValueError`` where options do not go together."""
    if how.solver == "petsc" and blocks is not None:
        raise ValueError("--blocks is for --solver serial: sub-volumes need no mpirun")
    if how.solver == "serial" and (how.check or how.checkpoint is not None):
        raise ValueError(f"{'--check' if how.check else '--checkpoint'} is for --solver petsc")
    _check_common(how, directions)


def check_words_of_current(how: Solver, directions: str, resolution: str) -> None:
    """Raise ``ValueError`` where options do not go together in a solve for the current."""
    if how.checkpoint is not None or how.minutes != SOLVER.minutes:
        word = "--minutes" if how.checkpoint is None else "--checkpoint"
        raise ValueError(
            f"{word} is for solve tortuosity: a current that is stopped begins again; leave it out"
        )
    if how.check:
        raise ValueError("--check is for solve tortuosity: it has no interface; leave it out")
    if how.solver == "petsc" and resolution != "voxel":
        raise ValueError(f"--resolution {resolution} is for --solver serial: blocks need no mpirun")
    _check_common(how, directions)


def _check_common(how: Solver, directions: str) -> None:
    words = how.petsc.split()
    if how.solver == "serial" and words:
        raise ValueError(f"{words[0]} is for --solver petsc")
    late = [word for word in words if word.startswith("--")]
    if late:
        raise ValueError(f"{late[0]} stands behind words of PETSc; put it before {words[0]}")
    if how.field and len(directions) > 1:
        raise ValueError(f"--field is of one direction, not of {', '.join(directions)}; give one")


def tortuosity(
    store: Path, directions: str, how: Solver, out: Path, debug: bool, **options: Any
) -> list | None:
    """Solve along each direction on all processes; return the Datasets, None but on the first."""
    from poreflux.transport.parallel.tortuosity_factor import solve_tortuosity

    folder = how.checkpoint or out.with_name(out.name + ".checkpoint")
    options |= {"minutes": how.minutes, "check": how.check}

    def one(direction: str, tell: Progress | None) -> Any:
        kept = folder / direction
        return solve_tortuosity(
            store, checkpoint=kept, **_common(store, how, direction, tell, debug), **options
        )

    found = _each(directions, "solve along", one)
    if found is not None and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return found


def current(
    store: Path, directions: str, how: Solver, contact: Callable, debug: bool, **options: Any
) -> list | None:
    """Solve across each direction on all processes; return the Datasets, None but on the first.

    ``contact(volume, direction)`` makes the contact, on the first process alone.
    """
    from poreflux.transport.parallel.interfacial_current import solve_current

    def one(direction: str, tell: Progress | None) -> Any:
        mask = partial(contact, direction=direction)
        return solve_current(
            store, contact=mask, **_common(store, how, direction, tell, debug), **options
        )

    return _each(directions, "solve across", one)


class Shares(NamedTuple):
    """Bytes of the largest process, how many have work, and the bytes of all on this machine."""

    each: int
    processes: int
    here: float

    def told(self, answer: Answer) -> Answer:
        """Return the answer of a dry run, with what each process takes."""
        of = f"of {self.processes} processes, at most" if self.processes > 1 else "process"
        answer.lines.insert(2, f"          {size(self.each)} on each {of}")
        answer.data["dry_run"] |= {"process_memory_bytes": self.each, "processes": self.processes}
        return answer


def shares(store: Path, direction: str, need: Callable) -> Shares:
    """Return what all processes would take; ``need(head, parts, box)`` is in bytes."""
    from poreflux.transport.parallel import reading, session
    from poreflux.transport.parallel.partition import partition

    link = session.connect()
    head = reading.read_stored_phase(store, direction)
    parts = partition(head.shape, link.size, head.chunk[0])
    needs = [need(head, parts, box) for box in range(parts.boxes)]
    here, _ = link.on_this_machine(needs[link.rank] if link.rank < parts.boxes else 0)
    return Shares(max(needs), parts.boxes, here)


def _common(store: Path, how: Solver, direction: str, tell: Progress | None, debug: bool) -> dict:
    return {
        "direction": direction,
        "threads": how.threads,
        "petsc_options": how.petsc.split(),
        "field": store if how.field else None,
        "progress": tell,
        "describe": partial(_described, debug=debug),
    }


def _described(failure: BaseException, *, debug: bool) -> str:
    """Return what is said of the failure of one process."""
    return "".join(traceback.format_exception(failure)) if debug else sentence(failure)


def _each(directions: str, title: str, solve: Callable) -> list | None:
    """Return what ``solve(direction, progress)`` finds, None but on the first process."""
    from poreflux.transport.parallel.session import only_first_reports

    found = []
    with only_first_reports() as first:
        for direction in directions:
            with ExitStack() as stack:
                tell = stack.enter_context(progress(f"{title} {direction}")) if first else None
                found.append(solve(direction, tell))
    return found if first else None
