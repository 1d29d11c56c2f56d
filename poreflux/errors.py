"""Failures worth catching by name.

Misuse of an argument raises the built-in ``ValueError``, ``TypeError`` or ``KeyError``; the classes
here are for what the world does to a correct call. Every message says what came, what was expected
and what to do; where a page of the documentation helps, the class names it.
"""

from typing import Any, ClassVar


class PorefluxError(Exception):
    """Any failure that is not a misuse of an argument.

    Attributes
    ----------
    page : str
        Page of the documentation that tells more, such as ``how-to/threshold``; a traceback
        shows it below the message, the command line behind it. Empty where there is none.
    """

    page: ClassVar[str] = ""

    def __init__(self, *args: Any):
        super().__init__(*args)
        if self.page:
            self.add_note(f"The documentation tells more: {self.page}")


class UnreadableImage(PorefluxError):
    """A file that cannot be read as a volume: missing, truncated, of mixed sizes, unknown."""


class ChooseOne(UnreadableImage, ValueError):
    """A file of several volumes, or whose axes have no names: an argument chooses."""

    page = "how-to/import"


class OnePhase(PorefluxError, ValueError):
    """A scan whose grey values show one phase only, or another too faint for a threshold."""

    page = "how-to/threshold"


class DamagedStore(PorefluxError):
    """A Zarr store with missing, torn or altered chunks."""

    page = "reference/store"


class StoreExists(PorefluxError):
    """The target of a write is there already."""


class CannotWrite(PorefluxError):
    """A write that the system refused: a full disk, a missing permission, a failing device."""


class Unreachable(PorefluxError):
    """An object storage that does not answer, or refuses: no bucket, no right, no network."""

    page = "how-to/object-storage"


class TooLarge(PorefluxError):
    """The forecast of memory or disk exceeds what is free."""

    page = "how-to/larger-than-memory"


class NoDevice(PorefluxError):
    """A graphics processor that is not there, or that its driver or a missing package keeps from
    us.
    """

    page = "how-to/gpu"


class NoCluster(PorefluxError):
    """A dask scheduler that cannot be reached, or that was lost."""

    page = "how-to/dask"


class NotConverged(PorefluxError):
    """An iterative solve that stalled or ran out of iterations; carries its history."""

    page = "explanation/uncertainties"

    def __init__(self, message: str, history: list[float] | None = None):
        super().__init__(message)
        self.history = history or []
