"""A process among those of all machines, and whether it still runs."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

#: seconds between two updates of the time stamp, and its age when a holder elsewhere has crashed
BEAT, SILENCE = 10.0, 120.0


@dataclass(frozen=True)
class Process:
    """One process among those of all machines: enough to tell whether it still runs."""

    host: str
    pid: int
    #: when it was started, as the kernel counts; numbers of processes are used again
    started: str
    #: of the machine since its last start, and of the container
    machine: str

    @classmethod
    def this(cls) -> "Process":
        """Return this process."""
        pid = os.getpid()
        return cls(os.uname().nodename, pid, _state(pid)[1], _machine())

    def seen_from(self, other: "Process") -> bool:
        """Return whether ``other`` can look this process up."""
        return bool(self.machine) and self.machine == other.machine

    def runs(self) -> bool:
        """Return whether it runs; of this machine only."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        state, started = _state(self.pid)
        return state not in ("Z", "X") and (not started or started == self.started)


def parsed(content: bytes) -> Process | None:
    try:
        said = json.loads(content)
        return Process(**{name: said[name] for name in ("host", "pid", "started", "machine")})
    except (ValueError, TypeError, KeyError):
        return None


def _machine() -> str:
    """Return a name of this machine since its last start, and of this space of processes."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        import psutil

        return f"{os.uname().nodename} {psutil.boot_time():.0f}"


def _state(pid: int) -> tuple[str, str]:
    """Return (state, time of start) of a process as the kernel says them; nothing where unknown."""
    try:
        # the name, in brackets, may hold anything
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return "", ""
