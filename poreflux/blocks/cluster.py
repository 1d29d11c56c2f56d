"""A dask cluster: reached by its address, watched while it works, missed in one sentence."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from poreflux.annotations import Progress
from poreflux.errors import NoCluster

if TYPE_CHECKING:
    from distributed import Client

#: None for the active dask cluster if there is one, else threads; ``"threads"``,
#: ``"synchronous"``, ``"processes"``; the address ``"tcp://..."`` of a dask scheduler; a client
Scheduler: TypeAlias = "str | Client | None"

#: schedulers of this process and machine
_HERE = ("threads", "synchronous", "processes")

#: how long a scheduler may take to answer, and to come back, in seconds
_PATIENCE = 5.0

#: least time between two reports of progress, in seconds
PAUSE = 0.2


def compute_on(lazy: Sequence, progress: Progress | None, client: "Client") -> tuple:
    """Return the values of dask collections, computed on a cluster."""
    with said_of(client):
        note = _note(client)
        futures = client.compute(lazy)
        total = 0
        while progress and not all(future.done() for future in futures):
            unfinished = client.run_on_scheduler(_unfinished)
            total = max(total, unfinished)
            progress(total - unfinished, total, note)
            time.sleep(PAUSE)
        return client.gather(futures)


@contextmanager
def running_on(scheduler: Scheduler) -> Iterator[None]:
    """Let what dask computes within the block run on a cluster; by threads where there is none.

    Raises
    ------
    NoCluster
        if it cannot be reached, or is lost on the way.

    Examples
    --------
    >>> import dask.array as da
    >>> with running_on("threads"):
    ...     int(da.ones(3).sum().compute())
    3
    """
    import dask

    with cluster_of(scheduler) as client:
        if client is None:
            options = {"scheduler": scheduler} if isinstance(scheduler, str) else {}
            with dask.config.set(options):
                yield
        else:
            with said_of(client), client.as_current(), dask.config.set(scheduler=client):
                yield


@contextmanager
def said_of(client: "Client") -> Iterator[None]:
    """Turn what dask raises when a cluster, or part of it, is lost into one sentence."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    address = client.scheduler.address if client.scheduler else "its address"
    try:
        yield
    except KilledWorker as error:
        raise NoCluster(
            f"several workers of {address} died of one block, the last at "
            f"{error.last_worker.address}: it may need more memory than they have; give each more, "
            "or store the volume in smaller chunks"
        ) from error
    except (CancelledError, CommClosedError, TimeoutError, OSError, RuntimeError) as error:
        if client.status == "running" and not isinstance(error, (CancelledError, CommClosedError)):
            raise  # of a task
        raise NoCluster(
            f"the dask scheduler at {address} was lost; start it and its workers again and run the "
            "same command: what is written already is kept"
        ) from error


@contextmanager
def cluster_of(scheduler: Scheduler) -> Iterator:
    """Yield the Client to use, or None for this process."""
    if scheduler is None:
        yield _active_client()
    elif isinstance(scheduler, str) and "://" in scheduler:
        with _connected(scheduler) as client:
            yield client
    elif isinstance(scheduler, str) and scheduler not in _HERE:
        raise ValueError(
            f"scheduler={scheduler!r} is not known; give the address of a dask scheduler, such as "
            f"'tcp://host:8786', or one of {_HERE}"
        )
    else:
        yield None if isinstance(scheduler, str) else scheduler


@contextmanager
def _connected(address: str) -> Iterator["Client"]:
    """Yield a client of the scheduler at an address; say in seconds that there is none."""
    import dask
    from distributed import Client
    from distributed.comm import parse_address

    if not parse_address(address, strict=True)[1]:
        raise ValueError(f"scheduler={address!r} has no host; give such as 'tcp://host:8786'")
    # a client that asks for a lost scheduler for half a minute only delays the news
    with dask.config.set({"distributed.comm.timeouts.connect": _PATIENCE}):
        try:
            client = Client(address, set_as_default=False, timeout=_PATIENCE)
        except (OSError, TimeoutError, ValueError) as error:
            raise NoCluster(
                f"there is no dask scheduler at {address} ({_cause(error)}); start it with "
                "'dask scheduler', and check host, port and firewall"
            ) from error
        with client:
            yield client


def _active_client() -> "Client | None":
    if "distributed" not in sys.modules:
        return None
    try:
        return sys.modules["distributed"].Client.current()
    except ValueError:
        return None


def _cause(error: BaseException) -> str:
    """Return what the system said of a connection that failed, in a few words."""
    text = str(error.__cause__ or error).partition(": in <")[2] or str(error)
    return " ".join(text.partition(">: ")[2].split() or text.split())[:80]


def _note(client: "Client") -> str:
    """Return the note of the progress: how many work, and where one can watch them."""
    note = "blocks"
    with suppress(Exception):  # a cluster may have no dashboard
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        note = f"blocks on {workers} workers"
        note += f", watch {client.dashboard_link}" if client.dashboard_link else ""
    return note


def _unfinished(dask_scheduler: Any = None) -> int:
    states = ("waiting", "queued", "processing", "no-worker")
    return sum(task.state in states for task in dask_scheduler.tasks.values())
