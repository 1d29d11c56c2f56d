"""What this process may use of the machine: its cores, its memory, and how fast that is moved.

Every forecast asks here. Limits of control groups (versions 1 and 2) and of a SLURM job count, also
where the machine itself has more.
"""

import math
import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
import psutil

#: files of a control group: its limit, what it uses, and the field of memory.stat that counts what
#: the kernel gives back when asked (pages of files read a while ago); of versions 2 and 1
_VERSION_2 = ("memory.max", "memory.current", "inactive_file")
_VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")

#: a limit of this many bytes or more is none: version 1 writes the largest number that it has
_NO_LIMIT = 2**60


class Limit(NamedTuple):
    """Bytes that something grants this process, and how many of them are in use."""

    granted: int
    used: int

    @property
    def free(self) -> int:
        """Return the bytes that are left."""
        return max(0, self.granted - self.used)


def available_cores() -> int:
    """Return the number of cores that this process may use, by its affinity."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Return the bytes of memory that this process may still take.

    The least of what the machine has, what its control groups leave and what its SLURM job leaves.

    Examples
    --------
    >>> 0 < free_memory() <= total_memory()
    True
    """
    return min([psutil.virtual_memory().available, *(limit.free for limit in _limits())])


def total_memory() -> int:
    """Return the bytes of memory that this process would have if nothing else ran."""
    return min([psutil.virtual_memory().total, *(limit.granted for limit in _limits())])


def memory_bandwidth(numbers: int = 16_000_000, threads: int | None = None) -> float:
    """Return the bytes a second at which all cores compute ``a = b + s c`` on float32 arrays.

    Parameters
    ----------
    numbers
        of each array of a thread.
    threads
        by default one a core.

    Notes
    -----
    Two passes of NumPy move five arrays where a compiled triad moves three; the count here is of
    all five. The best of five runs.
    """
    threads = threads or available_cores()
    b, c = np.ones((2, threads, numbers), np.float32)
    a = np.empty_like(b)

    def work(i: int) -> None:
        np.multiply(c[i], np.float32(0.5), out=a[i])
        np.add(a[i], b[i], out=a[i])

    best = math.inf
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(5):
            start = time.perf_counter()
            list(pool.map(work, range(threads)))
            best = min(best, time.perf_counter() - start)
    return 5 * 4 * numbers * threads / best


def _limits() -> list[Limit]:
    return [*control_groups(Path("/")), *slurm_job(os.environ)]


def control_groups(root: Path) -> Iterator[Limit]:
    """Yield the limits of memory of the control groups around this process, innermost first.

    Parameters
    ----------
    root
        of the file system, with proc/self/cgroup and sys/fs/cgroup.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            mount, files = root / "sys/fs/cgroup", _VERSION_2
        elif "memory" in controllers.split(","):
            mount, files = root / "sys/fs/cgroup/memory", _VERSION_1
        else:
            continue
        group = PurePosixPath(name.lstrip("/"))
        for path in (group, *group.parents):  # in a container the outer names do not exist
            limit = _limit_of(mount / path, *files)
            if limit is not None:
                yield limit


def _limit_of(folder: Path, granted: str, used: str, reclaimable: str) -> Limit | None:
    """Return the limit of one control group, None where it has none."""
    try:
        limit, use = int((folder / granted).read_text()), int((folder / used).read_text())
        fields = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # no such group, or the word "max"
        return None
    return None if limit >= _NO_LIMIT else Limit(limit, use - int(fields.get(reclaimable, 0)))


def slurm_job(environment: Mapping[str, str]) -> Iterator[Limit]:
    """Yield the limit of memory of a SLURM job on this node, if it has one.

    What is in use is known of this process alone; where SLURM confines its jobs, the control groups
    know better.

    Examples
    --------
    >>> [limit.granted for limit in slurm_job({"SLURM_MEM_PER_NODE": "4096"})] == [4 * 2**30]
    True
    >>> list(slurm_job({}))
    []
    """
    per_node = _whole(environment.get("SLURM_MEM_PER_NODE"))
    per_core = _whole(environment.get("SLURM_MEM_PER_CPU"))
    cores = _whole(environment.get("SLURM_CPUS_ON_NODE"))
    megabytes = per_node or per_core * cores
    if megabytes:  # 0 stands for all that the node has
        yield Limit(megabytes * 2**20, psutil.Process().memory_info().rss)


def _whole(word: str | None) -> int:
    return int(word) if word is not None and word.isdecimal() else 0
