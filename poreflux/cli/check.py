"""poreflux check: what would fail in a study, before a night is spent on it."""

from pathlib import Path

from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, Common


def check(study: Path = Path("study.toml"), /, *, common: Common = COMMON) -> Answer:
    """Open every sample of a study in seconds, name what would fail, and print all defaults.

    Parameters
    ----------
    study
        file that says which samples there are and what is computed of them.

    Examples
    --------
    poreflux check study.toml
    """
    from poreflux.study.checking import check as checked
    from poreflux.study.printing import lines
    from poreflux.study.study import Study

    opened = Study(study)
    text, found = list(lines(opened.file)), checked(opened)
    lacking = _lacking(opened.file.resources.processes, opened.file.resources.scheduler)
    said = [*text, "", *(f"would fail: {problem}" for problem in lacking)]
    for sample in found:
        shape = " x ".join(map(str, sample.shape))
        edges = " x ".join(f"{h:g}" for h in sample.voxel_size)
        size = f"{shape} voxels (z, y, x) of {edges} µm" if shape else "cannot be opened"
        said.append(f"{sample.name}: {size}{': ' * bool(sample.phases)}{', '.join(sample.phases)}")
        said += [f"  would fail: {problem}" for problem in sample.problems]
        said += [f"  note: {note}" for note in sample.notes]
    failing = [sample.name for sample in found if sample.problems]
    if not failing and not lacking:
        said.append(f"nothing stands against: poreflux run {study}")
    data = {
        "study": opened.file.model_dump(),
        "samples": [
            {
                "name": sample.name,
                "shape": sample.shape,
                "voxel_size_um": sample.voxel_size,
                "phases": sample.phases,
                "problems": sample.problems,
                "notes": sample.notes,
            }
            for sample in found
        ],
        "problems": lacking,
    }
    failure = lacking[0] if lacking else None
    if failing:
        failure = f"{len(failing)} of {len(found)} samples would fail: {', '.join(failing)}"
    return Answer("check", said, data, failure=failure)


def _lacking(processes: int, scheduler: str | None) -> list[str]:
    """Return what the machine lacks for several processes, or for a scheduler."""
    import importlib.util

    from poreflux import collect, phantoms, porosity
    from poreflux.cli.launching import starter
    from poreflux.errors import NoCluster

    problems = []
    if processes > 1:
        if starter() is None:
            problems.append(f"resources.processes={processes} needs mpirun, which is not in PATH")
        missing = [n for n in ("mpi4py", "petsc4py") if importlib.util.find_spec(n) is None]
        problems += [f"resources.processes={processes} needs {name}" for name in missing]
    if scheduler is not None:
        try:
            collect(porosity(phantoms.random_sites((4, 4, 4), 0.2)), scheduler=scheduler)
        except (NoCluster, ValueError, OSError) as error:
            problems.append(f"resources.scheduler={scheduler!r}: {error}")
    return problems
