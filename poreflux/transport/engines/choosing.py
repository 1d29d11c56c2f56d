"""Which engine runs a solve, by its name; why there is no graphics processor, in a sentence."""

import importlib.util
from typing import NamedTuple, get_args

from poreflux.annotations import EngineName
from poreflux.errors import NoDevice
from poreflux.transport.engines.engine import Engine
from poreflux.transport.engines.threads import Threads

#: what to do where there is no device
INSTEAD = "choose engine='threads'"


class Device(NamedTuple):
    """A graphics processor: its name, and its memory in bytes, free and in all."""

    name: str
    free: int
    total: int


def engine_of(name: EngineName = "threads", threads: int | None = None) -> Engine:
    """Return the engine of a name: ``"threads"`` of so many cores, or the one of the graphics
    processor, ``"cuda"``, whose work on the host takes so many.

    Raises
    ------
    ValueError
        where the name is not known.
    NoDevice
        where there is no graphics processor to use.
    """
    check_engine(name)
    if name == "threads":
        return Threads(threads)
    device()
    from poreflux.transport.engines.cuda.engine import Cuda

    return Cuda(threads)


def check_engine(name: str) -> None:
    """Raise ``ValueError`` where an engine is not known."""
    if name not in get_args(EngineName):
        raise ValueError(f"engine={name!r} is not known; choose 'threads' or 'cuda'")


def device() -> Device:
    """Return the graphics processor that ``engine="cuda"`` takes.

    Raises
    ------
    NoDevice
        where a package, a device or a driver that can run our kernels is missing.
    """
    if importlib.util.find_spec("numba_cuda") is None:
        raise NoDevice(
            "engine='cuda' needs the package numba-cuda, which is not installed; "
            f"pip install 'poreflux[gpu]', or {INSTEAD}"
        )
    from poreflux.kernels.cuda import memory

    try:
        found = memory.device()
    except (
        Exception
    ) as error:  # of numba, of the driver, of the linker: all mean that it is not ours
        raise NoDevice(
            "engine='cuda' needs a graphics processor of NVIDIA and a driver of CUDA "
            f"{memory.OLDEST_DRIVER} or newer, which do not answer here ({first_line(error)}); "
            f"try nvidia-smi, or {INSTEAD}"
        ) from error
    return Device(*found)


def first_line(error: BaseException) -> str:
    """Return what an error says in one line, without the empty ones and the colons around it.

    Examples
    --------
    >>> first_line(RuntimeError("Error at driver init:\\n\\nNo driver was found.\\nInstall one."))
    'Error at driver init: No driver was found.'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" :")]
    head = lines[0] if lines else type(error).__name__
    if head.endswith(":") and len(lines) > 1:
        head = f"{head} {lines[1]}"
    return head.rstrip(":")
