"""One program on one image, in a process of its own: ``python -m tests.bench.peers.programs PROGRAM
SETTING FOLDER WARM`` prints the result as JSON.

A folder has an image as `image.npy` and as `image.zarr`; that of `WARM` is a small one, which is
solved before the time starts. Every function solves for the first axis and returns the effective
conductivity relative to that of what conducts, 0 where nothing percolates. What programs call τ
differs by the share of volume in it; the conductivity does not.
"""

import argparse
import importlib.metadata
import json
import resource
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Program(NamedTuple):
    """A program: its name on the page, its package, where it gives the potentials, the options of
    its settings, and on how many processes and threads of each it runs.

    `where` is `"faces"` or `"centres"` of the outer voxels, or `"centres, length N"`.
    """

    label: str
    package: str
    where: str
    settings: dict[str, dict]
    processes: int = 1
    threads: int = 2


#: the second setting is the loosest power of ten that gave an error of 1e-4 in trials; for
#: OpenImpala, whose default solver aborts on such images, the solver that its manual then advises
PROGRAMS = {
    "poreflux": Program(
        "poreflux", "poreflux", "faces", {"defaults": {}, "chosen": {"rtol": 1e-4}}
    ),
    "poreflux-mpi": Program(
        "poreflux, 2 processes",
        "petsc4py",
        "faces",
        {"defaults": {}, "chosen": {"rtol": 1e-4}},
        processes=2,
        threads=1,
    ),
    "taufactor": Program(
        "TauFactor", "taufactor", "faces", {"defaults": {}, "chosen": {"conv_crit": 1e-3}}
    ),
    "porespy": Program(
        "PoreSpy", "porespy", "centres", {"defaults": {}, "chosen": {"tol": 1e-8}}, threads=1
    ),
    "openimpala": Program(
        "OpenImpala",
        "openimpala",
        "centres, length N",
        {"defaults": {}, "chosen": {"solver": "pcg"}},
        threads=1,
    ),
}


def poreflux(folder: Path, threads: int, **options) -> float:
    """Solve with poreflux on threads."""
    import poreflux as program

    found = program.tortuosity_factor(program.open(folder / "image.zarr"), **options)
    return float(found.effective_conductivity[0])


def poreflux_mpi(folder: Path, threads: int, **options) -> float:
    """Solve with poreflux on the processes that mpiexec started, each of which reads its planes."""
    from poreflux.transport.parallel.tortuosity_factor import solve_tortuosity

    found = solve_tortuosity(str(folder / "image.zarr"), threads=threads, **options)
    return 0.0 if found is None else float(found.effective_conductivity[0])


def taufactor(folder: Path, threads: int, **options) -> float:
    """Solve with TauFactor on the cores."""
    import taufactor as program
    import torch

    torch.set_num_threads(threads)
    image = np.load(folder / "image.npy")
    solver = program.Solver(image, device="cpu")
    solver.solve(verbose=False, **options)
    return float(image.mean() / np.squeeze(solver.tau))


def porespy(folder: Path, threads: int, **options) -> float:
    """Solve with PoreSpy, by OpenPNM and PyAMG."""
    import porespy as program

    program.settings.tqdm["disable"] = True
    image = np.load(folder / "image.npy").astype(bool)
    try:
        found = program.simulations.tortuosity_fd(image, axis=0, **options)
    except Exception as error:  # it has no class of its own for this
        if "No pores remain" in str(error):
            return 0.0
        raise
    return 1 / float(found.formation_factor)


def openimpala(folder: Path, threads: int, **options) -> float:
    """Solve with OpenImpala, by AMReX; its direction "z" is the first axis."""
    sys.modules["mpi4py"] = None  # type: ignore[assignment]  # its wheel brings another MPI than ours
    import openimpala as program

    image = np.load(folder / "image.npy").astype(np.int32)
    with program.Session():
        if program.Session._pure_python:
            raise ImportError("its compiled part needs Open MPI 4 of the system")
        try:
            found = program.tortuosity(image, 1, "z", results_path=str(folder), **options)
        except program.PercolationError:
            return 0.0
        return found.active_volume_fraction / found.tortuosity


def version(program: str) -> str | None:
    """Return the version of a program, None where it is not installed."""
    try:
        importlib.metadata.version(PROGRAMS[program].package)
        return importlib.metadata.version(program.partition("-")[0])
    except importlib.metadata.PackageNotFoundError:
        return None


def processor_seconds() -> float:
    """Return the processor time that all threads of this process have taken."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident(what: str) -> int:
    """Return the bytes of memory of this process: `VmRSS` now, `VmHWM` at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(what))


def measured(
    program: str, setting: str, folder: Path, warm: Path, threads: int, limit: int
) -> dict:
    """Return the conductivity, the seconds on the clock and of the processor, and the memory that
    the solve adds; the process is ended after `limit` seconds of the processor.
    """
    solve = globals()[program.replace("-", "_")]
    options = PROGRAMS[program].settings[setting]
    if program != "openimpala":  # nothing of it is compiled here, and its MPI starts only once
        solve(warm, threads, **options)
    ends = int(processor_seconds() + limit) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (ends, ends + 5))
    Path("/proc/self/clear_refs").write_text("5")  # the peak of memory starts anew
    held, used, start = resident("VmRSS"), processor_seconds(), time.perf_counter()
    conductivity = solve(folder, threads, **options)
    numbers = {
        "seconds": time.perf_counter() - start,
        "processor": processor_seconds() - used,
        "bytes": resident("VmHWM") - held,
    }
    return {"conductivity": conductivity, **numbers}


def of_all(own: dict) -> dict | None:
    """Return the numbers of all processes of a run together, on the first one."""
    from poreflux.transport.parallel.session import connect

    link = connect()
    sums = {name: float(link.gather(own[name]).sum()) for name in ("processor", "bytes")}
    return None if link.rank else {**own, **sums}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="one program on one image, as JSON")
    parser.add_argument("program", choices=list(PROGRAMS))
    parser.add_argument("setting")
    parser.add_argument("folder", type=Path)
    parser.add_argument("warm", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, default=600)
    arguments = vars(parser.parse_args())
    result: dict | None = measured(**arguments)
    if PROGRAMS[arguments["program"]].processes > 1:
        result = of_all(result)
    if result is not None:
        print(json.dumps(result))
