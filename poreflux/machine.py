"""What this process may use of the machine: its cores, its memory, and how fast that is moved.

Every forecast asks here. Limits of control groups (versions 1 and 2), of a batch job (SLURM, PBS,
LSF, Grid Engine) and of the shell (``ulimit``) count, also where the machine itself has more.
"""

import math
import os
import re
import sys
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


#: resource limits of a process (``ulimit``), and the number of psutil that counts against each
_RESOURCES = {"RLIMIT_AS": "vms", "RLIMIT_DATA": "data", "RLIMIT_RSS": "rss"}

#: counts of cores that batch systems grant a job on its machine: of SLURM, PBS, LSF, Grid Engine
_JOB_CORES = (
    "SLURM_CPUS_ON_NODE",
    "NCPUS",
    "PBS_NCPUS",
    "PBS_NUM_PPN",
    "LSB_DJOB_NUMPROC",
    "NSLOTS",
)


def available_cores() -> int:
    """Return the number of cores that this process may use.

    The least of its affinity, the quota of its control groups and what its batch job grants.

    Examples
    --------
    >>> 1 <= available_cores() <= os.cpu_count()
    True
    """
    task = task_cores(os.environ)
    return min(machine_cores(), task) if task else machine_cores()


def machine_cores() -> int:
    """Return the number of cores that all processes of this job may use on this machine."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min([affinity or 1, *cpu_quotas(Path("/")), *job_cores(os.environ)]))


def job_cores(environment: Mapping[str, str]) -> Iterator[int]:
    """Yield the numbers of cores that a batch system grants a job, as far as it says.

    Examples
    --------
    >>> list(job_cores({"SLURM_CPUS_ON_NODE": "4", "NSLOTS": "many"}))
    [4]
    """
    for name in _JOB_CORES:
        if count := _whole(environment.get(name)):
            yield count


def task_cores(environment: Mapping[str, str]) -> int:
    """Return the number of cores of a SLURM task, 0 where the environment does not say.

    Notes
    -----
    A script of a batch job, outside of any ``srun``, may use the cores of all tasks of its machine.

    Examples
    --------
    >>> job = {"SLURM_CPUS_PER_TASK": "4", "SLURM_TASKS_PER_NODE": "2(x3)"}
    >>> task_cores(job), task_cores(job | {"SLURM_STEP_ID": "0"}), task_cores({})
    (8, 4, 0)
    """
    cores = _whole(environment.get("SLURM_CPUS_PER_TASK"))
    if environment.get("SLURM_STEP_ID"):
        return cores
    tasks = re.match(r"\d+", environment.get("SLURM_TASKS_PER_NODE", "1"))
    return cores * int(tasks[0] if tasks else 1)


def cpu_quotas(root: Path) -> Iterator[int]:
    """Yield the cores that the control groups around this process grant, rounded up.

    Parameters
    ----------
    root
        of the file system, with proc/self/cgroup and sys/fs/cgroup.
    """
    for folder, version in _groups(root, "cpu"):
        try:
            if version == 2:
                quota, period = (folder / "cpu.max").read_text().split()
            else:
                quota = (folder / "cpu.cfs_quota_us").read_text()
                period = (folder / "cpu.cfs_period_us").read_text()
            if int(quota) > 0:
                yield math.ceil(int(quota) / int(period))
        except (OSError, ValueError):  # no such group, or the word "max"
            continue


def free_memory() -> int:
    """Return the bytes of memory that this process may still take.

    The least of what the machine has, what its control groups leave, and what its batch job and its
    resource limits leave.

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
    numbers = max(1, min(numbers, free_memory() // (4 * 3 * 4 * threads)))  # a quarter of it
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
    return [*control_groups(Path("/")), *slurm_job(os.environ), *resource_limits()]


def control_groups(root: Path) -> Iterator[Limit]:
    """Yield the limits of memory of the control groups around this process, innermost first.

    Parameters
    ----------
    root
        of the file system, with proc/self/cgroup and sys/fs/cgroup.
    """
    for folder, version in _groups(root, "memory"):
        limit = _limit_of(folder, *(_VERSION_2 if version == 2 else _VERSION_1))
        if limit is not None:
            yield limit


def _groups(root: Path, controller: str) -> Iterator[tuple[Path, int]]:
    """Yield the folders of the control groups around this process, innermost first, and versions.

    In a container the outer names do not exist; its own group is what is mounted.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            mount, version = root / "sys/fs/cgroup", 2
        elif controller in controllers.split(","):
            mount, version = root / "sys/fs/cgroup" / controller, 1
        else:
            continue
        group = PurePosixPath(name.lstrip("/"))
        yield from ((mount / path, version) for path in (group, *group.parents))


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
    per_device = _whole(environment.get("SLURM_MEM_PER_GPU"))
    cores = _whole(environment.get("SLURM_CPUS_ON_NODE")) or task_cores(environment)
    devices = _whole(environment.get("SLURM_GPUS_ON_NODE"))
    megabytes = per_node or per_core * cores or per_device * devices
    if megabytes:  # 0 stands for all that the node has
        yield Limit(megabytes * 2**20, psutil.Process().memory_info().rss)


def resource_limits() -> Iterator[Limit]:
    """Yield the limits of memory that the shell sets a process, as ``ulimit -v``."""
    for name, number in _RESOURCES.items():
        granted = resource_limit(name)
        if granted is not None:
            yield Limit(granted, getattr(psutil.Process().memory_info(), number))


def resource_limit(name: str) -> int | None:
    """Return a limit of :mod:`resource`, None where there is none.

    Examples
    --------
    >>> resource_limit("RLIMIT_NOTHING") is None
    True
    """
    if sys.platform == "win32":
        return None
    import resource

    kind = getattr(resource, name, None)
    granted = resource.RLIM_INFINITY if kind is None else resource.getrlimit(kind)[0]
    return None if granted == resource.RLIM_INFINITY or granted >= _NO_LIMIT else granted


def _whole(word: str | None) -> int:
    return int(word) if word is not None and word.isdecimal() else 0
