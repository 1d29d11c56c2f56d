"""What the shell or a batch system grants this process, seen before a verb starts."""

import ctypes
import sys

from poreflux.errors import TooLarge

#: address space in bytes that the libraries take before they hold a voxel, and each core's threads;
#: measured with one arena of malloc, in which every verb on 60x50x40 voxels ran and compiled
LIBRARIES, CORE = 1_250_000_000, 70_000_000

#: the name that mallopt knows the number of arenas by
_M_ARENA_MAX = -8


def check_address_space() -> None:
    """Refuse a limit of address space (``ulimit -v``) in which the libraries cannot be loaded.

    Raises
    ------
    TooLarge
        where less is granted than any verb needs; beyond, C++ libraries would end the process.

    Notes
    -----
    Under a limit the threads share one arena of malloc: each of their own reserves 64 MiB.

    Examples
    --------
    >>> check_address_space()
    """
    if sys.platform == "win32":
        return
    import resource

    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return
    from poreflux.machine import available_cores, resource_limit

    granted = resource_limit("RLIMIT_AS")
    need = LIBRARIES + CORE * available_cores()
    if granted is not None and granted < need:
        raise TooLarge(
            f"the shell or batch system grants {granted / 2**30:.2f} GiB of address space "
            f"(ulimit -v), the libraries and threads alone need {need / 2**30:.2f} GiB; raise it, "
            "as with ulimit -v unlimited or a job with more memory"
        )
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, 1)


def memory_ran_out(error: BaseException) -> bool:
    """Return whether a failure says that memory, address space or threads were refused.

    Examples
    --------
    >>> memory_ran_out(MemoryError()), memory_ran_out(RuntimeError("can't start new thread"))
    (True, True)
    """
    return isinstance(error, MemoryError) or "can't start new thread" in str(error)


def said_of_memory(error: BaseException) -> str:
    """Return a sentence on memory that ran out: what is granted, and what to do."""
    from poreflux.machine import free_memory, resource_limits, total_memory

    text = " ".join(str(error).split()) or "no memory was left"
    tight = ", ulimit" if any(resource_limits()) else ""
    return (
        f"memory ran out ({text[:1].lower()}{text[1:]}): {free_memory() / 2**30:.1f} GiB of "
        f"{total_memory() / 2**30:.1f} GiB are free by machine, job{tight} and control groups; "
        "take a machine or job with more memory, or fewer cores (taskset)"
    )
