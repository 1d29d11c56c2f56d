"""Options that every verb takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from poreflux.objects import at
from poreflux.objects.path import ObjectPath


def whole(kind: Any, tokens: Sequence) -> int:
    """Return the whole number of an option; 1.5 is none, and is not rounded in silence.

    Examples
    --------
    >>> from cyclopts import Token
    >>> whole(int, [Token(value="7")])
    7
    """
    text = tokens[0].value
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{tokens[0].keyword} {text} is not a whole number") from None


def place(kind: Any, tokens: Sequence) -> Path:
    """Return the place that an option names: a path, or one in an object storage.

    Examples
    --------
    >>> from cyclopts import Token
    >>> str(place(Path, [Token(value="s3://tomo/vol.zarr")]))
    's3://tomo/vol.zarr'
    """
    return at(tokens[0].value)


if TYPE_CHECKING:
    _Place = Path
else:  # pydantic, where something imported it, holds no place in a storage against a Path
    _Place = Path | ObjectPath

Location = Annotated[_Place, Parameter(converter=place, accepts_keys=False)]
LocationOrNone = Annotated[_Place | None, Parameter(converter=place, accepts_keys=False)]
Whole = Annotated[int, Parameter(converter=whole)]
WholeOrNone = Annotated[int | None, Parameter(converter=whole)]
Flag = Annotated[bool, Parameter(negative="")]


@Parameter(name="*", group="Every verb")
@dataclass(frozen=True, kw_only=True)
class Common:
    """Options of every verb.

    Attributes
    ----------
    json
        print one JSON document (its key `schema` is its version) instead of text.
    dry_run
        say what the verb would need in memory, disk and time, and do nothing.
    debug
        show the traceback of a failure.
    wait
        where another process writes the same store or results, wait for it to end.
    """

    json: Flag = False
    dry_run: Flag = False
    debug: Flag = False
    wait: Flag = False


@Parameter(name="*", group="Where it runs")
@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the block computations run.

    Attributes
    ----------
    scheduler
        address of a dask scheduler, such as tcp://host:8786; by default threads on this machine.
    """

    scheduler: str | None = None


COMMON, PLACE = Common(), Place()
