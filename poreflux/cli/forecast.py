"""Estimate of the memory, disk and time of a verb, from shapes and a short measurement."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from poreflux.cli.answer import Answer
from poreflux.cli.parsing import duration, size
from poreflux.machine import free_memory, memory_bandwidth
from poreflux.objects import is_remote

#: time of a verb, for each voxel and direction, in units of moving 12 bytes (a triad of float32);
#: measured on two cores at 256³ voxels, good to a factor of two
TRIADS = {"import": 60, "segment": 100, "measure": 60, "solve": 700, "blocks": 900, "report": 0}

#: seconds that a verb takes before its first voxel: imports, kernels from the cache, figures
START = {"import": 2, "segment": 2, "measure": 2, "solve": 3, "blocks": 1, "report": 8}

#: bytes of the interpreter and the libraries of a verb, its kernels compiled before; measured as
#: the peak of processes on 64³ voxels, less what those take (tests/cli/test_forecasts.py)
LIBRARIES = {
    "import": 194e6,
    "segment": 342e6,
    "measure": 367e6,
    "microstructure": 407e6,
    "solve": 358e6,
    "discretisation": 396e6,
    "current": 374e6,
    "report": 428e6,
}

#: bytes of the process apart that reads HDF5
APART = 90e6


@dataclass(frozen=True)
class Need:
    """Bytes of memory, bytes of disk at most, and seconds, roughly."""

    memory: float
    disk: float
    seconds: float


def one_conductor(conductivity: Mapping[str, float] | float | None) -> bool:
    """Return whether all that conducts does so alike, which takes a byte a voxel and not 40.

    Examples
    --------
    >>> one_conductor(None), one_conductor({"LPSCl": 0.1, "binder": 0, "NCM": 0.01})
    (True, False)
    """
    if not isinstance(conductivity, Mapping):
        return True
    return len({value for value in conductivity.values() if value > 0}) <= 1


def seconds(verb: str, voxels: int, *, bandwidth: float | None = None) -> float:
    """Return a rough time for a verb on so many voxels.

    Examples
    --------
    >>> seconds("solve", 10**9, bandwidth=12e9) > seconds("solve", 10**6, bandwidth=12e9)
    True
    """
    return START[verb] + TRIADS[verb] * 12 * voxels / (bandwidth or memory_bandwidth())


def answer(verb: str, need: Need, where: Path) -> Answer:
    """Return the answer of ``--dry-run``: what is needed, what is free, and warnings."""
    memory, disk = free_memory(), free_disk(where)
    if is_remote(where):
        room = f"  storage {size(need.disk)} at most, at {where}"
    else:
        room = f"  disk    {size(need.disk)} at most, of {size(disk)} free"
    lines = [
        f"{verb} would take about",
        f"  memory  {size(need.memory)} of {size(memory)} free",
        room,
        f"  time    {duration(need.seconds)}",
    ]
    warnings = []
    if need.memory > memory:
        warnings.append("there is not enough memory")
    if need.disk > disk:
        warnings.append("there may not be enough disk; compression usually needs far less")
    wanted = {"memory_bytes": round(need.memory), "disk_bytes": round(need.disk)}
    data = {
        "dry_run": {
            **wanted,
            "seconds": round(need.seconds, 1),
            "free_memory_bytes": memory,
            "free_disk_bytes": disk,
        }
    }
    return Answer(verb, lines, data, warnings)


def free_disk(where: Path) -> int:
    """Return the free bytes where a file is or would be; an object storage has no end."""
    if is_remote(where):
        return sys.maxsize
    existing = next(p for p in (where.absolute(), *where.absolute().parents) if p.exists())
    return shutil.disk_usage(existing).free
