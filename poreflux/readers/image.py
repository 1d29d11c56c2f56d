"""What a reader finds in a file: a lazy array with what the file says of it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from poreflux.errors import PorefluxError, UnreadableImage
from poreflux.readers.description import Choice, Description

if TYPE_CHECKING:
    import dask.array as da

#: a lazy chunk is as many planes as fit in this, a power of two up to `PLANES`
CHUNK_BYTES = 64 * 2**20
PLANES = 128

#: µm in one of each unit of length that files name
MICROMETERS = {
    "angstrom": 1e-4,
    "ångström": 1e-4,
    "å": 1e-4,
    "pm": 1e-6,
    "picometer": 1e-6,
    "nanometers": 1e-3,
    "nanometres": 1e-3,
    "micrometers": 1.0,
    "micrometres": 1.0,
    "microm": 1.0,
    "\\u00b5m": 1.0,
    "millimeters": 1e3,
    "millimetres": 1e3,
    "in": 25400.0,
    "inches": 25400.0,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "nanometre": 1e-3,
    "um": 1.0,
    "µm": 1.0,  # micro sign
    "μm": 1.0,  # Greek mu
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "mm": 1e3,
    "millimeter": 1e3,
    "millimetre": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
    "centimetre": 1e4,
    "inch": 25400.0,
    "m": 1e6,
    "meter": 1e6,
    "metre": 1e6,
}


@dataclass
class Image:
    """A lazy array of three axes in their stored order, and what the file says of itself.

    ``how`` is what else a reader of the provenance should know, ``phases`` the names of labels
    where the file has them, ``no_value`` what its values are where nothing was measured.
    """

    array: "da.Array"
    description: Description
    choice: Choice
    files: list[Path] = field(default_factory=list)
    how: dict = field(default_factory=dict)
    phases: dict[int, str] | None = None
    no_value: float | None = None


@contextmanager
def reading(path: str | Path, what: str) -> Iterator[None]:
    """Turn whatever a library says against a file into one sentence."""
    try:
        yield
    except PorefluxError:
        raise
    except Exception as error:
        said = " ".join(str(error).split()) or "no reason given"
        raise UnreadableImage(
            f"{path} cannot be read as {what} ({type(error).__name__}: {said[:200]}); is it "
            "complete, and of the kind its name says?"
        ) from error


def plane_chunks(shape: Sequence[int], itemsize: int, limit: int = CHUNK_BYTES) -> tuple[int, ...]:
    """Return chunks of whole planes: few enough to fit, a power of two so that slabs are whole.

    Examples
    --------
    >>> plane_chunks((2000, 2000, 2000), 2)
    (8, 2000, 2000)
    """
    planes = max(1, min(PLANES, limit // max(1, math.prod(shape[1:]) * itemsize)))
    return (2 ** int(math.log2(planes)), *shape[1:])


def aligned_chunks(shape: Sequence[int], itemsize: int, native: Sequence[int]) -> tuple[int, ...]:
    """Return chunks that are multiples of the file's own, widened along x, then y, then z.

    Examples
    --------
    >>> aligned_chunks((1000, 1000, 1000), 2, (16, 100, 100))
    (32, 1000, 1000)
    """
    chunk = [min(c, n) for c, n in zip(native, shape)]
    for axis in reversed(range(len(shape))):
        room = CHUNK_BYTES // (math.prod(chunk) * itemsize)
        most = min(shape[axis], PLANES if axis == 0 else shape[axis])
        times = min(room, -(-most // chunk[axis]))
        chunk[axis] = min(chunk[axis] * max(1, times), shape[axis])
    return tuple(chunk)


def micrometers(unit: str | None) -> float | None:
    """Return the µm in a unit, None for one that is no length.

    Examples
    --------
    >>> micrometers("Nanometer"), micrometers("pixel")
    (0.001, None)
    """
    return MICROMETERS.get((unit or "").strip().lower())


def even_step(positions: ArrayLike, unit: str | None) -> float | None:
    """Return the distance of even positions in µm, None where they are uneven or have no unit.

    Examples
    --------
    >>> even_step([0, 0.5, 1.0], "mm"), even_step([0, 1, 3], "um"), even_step([0, 1], "pixel")
    (500.0, None, None)
    """
    scale = micrometers(unit)
    places = np.ravel(np.asarray(positions))
    if scale is None or places.size < 2 or places.dtype.kind not in "iuf":
        return None
    steps = np.diff(places.astype(float))
    mean = float(steps.mean())
    return abs(mean) * scale if mean and np.all(abs(steps - mean) < 1e-3 * abs(mean)) else None


#: attributes by which CF, netCDF and xarray say which value stands for none
_NO_VALUE = ("_FillValue", "missing_value")


def no_value(attrs: Mapping[str, Any]) -> float | None:
    """Return the value that stands for none by the CF attributes of an array, None where none.

    Examples
    --------
    >>> no_value({"_FillValue": -1}), no_value({"_FillValue": float("nan")}), no_value({})
    (-1.0, None, None)
    """
    for key in _NO_VALUE:
        with suppress(TypeError, ValueError):
            said = float(np.ravel(np.asarray(attrs[key]))[0]) if key in attrs else np.nan
            if np.isfinite(said):
                return said
    return None


def packed(attrs: Mapping[str, Any]) -> list[str]:
    """Return what to say of values that CF attributes scale: they are taken as they are stored.

    Examples
    --------
    >>> packed({"scale_factor": 2.0})
    ['the file scales its values (scale_factor 2); they are taken as they are stored']
    """
    said = [f"{key} {attrs[key]:g}" for key in ("scale_factor", "add_offset") if key in attrs]
    return (
        [f"the file scales its values ({', '.join(said)}); they are taken as they are stored"]
        if said
        else []
    )


def flags(attrs: Mapping[str, Any]) -> dict[int, str] | None:
    """Return the names of labels that the CF attributes of an array give, None where none.

    Examples
    --------
    >>> flags({"flag_values": [0, 2], "flag_meanings": "pore solid"})
    {0: 'pore', 2: 'solid'}
    """
    values, meanings = attrs.get("flag_values"), attrs.get("flag_meanings")
    if values is None or not isinstance(meanings, str):
        return None
    numbers = [int(value) for value in np.ravel(np.asarray(values))]
    words = meanings.split()
    return dict(zip(numbers, words)) if len(words) == len(numbers) > 0 else None
