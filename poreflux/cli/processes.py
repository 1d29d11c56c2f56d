"""poreflux solve under mpirun: PETSc's own words, and one voice for many processes."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from poreflux.cli.options import Flag
from poreflux.cli.terminal import progress

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
        serial, in this process; or petsc, on all processes of
        `mpirun -n 16 poreflux solve tortuosity vol.zarr --solver petsc`; words of PETSc, like
        -ksp_monitor or -log_view, may follow at the end of the line.
    threads
        of each process; by default the cores of the machine, shared evenly.
    field
        also write the potential and the current density to the store.
    checkpoint
        petsc: folder for the iterate, from which an interrupted run goes on, on any number of
        processes; by default beside the results.
    minutes
        petsc: between two checkpoints. SIGUSR1 asks for one, SIGTERM for one and the end.
    check
        petsc: also solve an assembled matrix by algebraic multigrid (small volumes).
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


def speaks(words: Sequence[str], environment=os.environ) -> bool:
    """Return whether this process is the one that prints.

    Examples
    --------
    >>> speaks(["solve", "--solver", "petsc"], {"PMI_RANK": "1"})
    False
    """
    ranks = [int(environment[name]) for name in RANKS if environment.get(name, "").isdecimal()]
    return not (any("petsc" in word for word in words) and any(ranks))


def check_words(how: Solver, blocks) -> None:
    """Raise ``ValueError`` where options do not go together."""
    if how.solver == "petsc" and blocks is not None:
        raise ValueError("--blocks is for --solver serial: sub-volumes need no mpirun")
    if how.solver == "serial" and (how.petsc or how.check or how.checkpoint is not None):
        word = how.petsc.split()[0] if how.petsc else "--check" if how.check else "--checkpoint"
        raise ValueError(f"{word} is for --solver petsc")


def tortuosity(store: Path, directions: str, how: Solver, out: Path, **options) -> list | None:
    """Solve along each direction on all processes; return the Datasets, None but on the first."""
    from poreflux.transport.mpi import one_voice, solve_tortuosity

    folder = how.checkpoint or out.with_name(out.name + ".checkpoint")
    found = []
    with one_voice() as first:
        for direction in directions:
            with ExitStack() as stack:
                tell = first and stack.enter_context(progress(f"solve along {direction}"))
                found.append(
                    solve_tortuosity(
                        store,
                        direction=direction,
                        threads=how.threads,
                        petsc_options=how.petsc.split(),
                        field=store if how.field else None,
                        checkpoint=folder / direction,
                        minutes=how.minutes,
                        check=how.check,
                        progress=tell or None,
                        **options,
                    )
                )
        if first and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return found if first else None
