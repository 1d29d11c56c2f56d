"""Failures worth catching by name.

Misuse of an argument raises the built-in ``ValueError``, ``TypeError`` or ``KeyError``; the classes
here are for what the world does to a correct call. Every message says what came, what was expected
and what to do.
"""


class PorefluxError(Exception):
    """Any failure that is not a misuse of an argument."""


class UnreadableImage(PorefluxError):
    """A file that cannot be read as a volume: missing, truncated, of mixed sizes, unknown."""


class ChooseOne(UnreadableImage, ValueError):
    """A file of several volumes, or whose axes have no names: an argument chooses."""


class OnePhase(PorefluxError, ValueError):
    """A scan whose grey values show one phase only, or another too faint for a threshold."""


class DamagedStore(PorefluxError):
    """A Zarr store with missing, torn or altered chunks."""


class StoreExists(PorefluxError):
    """The target of a write is there already."""


class CannotWrite(PorefluxError):
    """A write that the system refused: a full disk, a missing permission, a failing device."""


class Unreachable(PorefluxError):
    """An object storage that does not answer, or refuses: no bucket, no right, no network."""


class TooLarge(PorefluxError):
    """The forecast of memory or disk exceeds what is free."""


class NoDevice(PorefluxError):
    """A graphics processor that is not there, or that its driver or a missing package keeps from
    us.
    """


class NoCluster(PorefluxError):
    """A dask scheduler that cannot be reached, or that was lost."""


class NotConverged(PorefluxError):
    """An iterative solve that stalled or ran out of iterations; carries its history."""

    def __init__(self, message: str, history: list[float] | None = None):
        super().__init__(message)
        self.history = history or []
