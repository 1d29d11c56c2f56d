"""What a reader finds in a file: a lazy array with what the file says of it."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dask.array as da

from poreflux.errors import PorefluxError, UnreadableImage

#: a lazy chunk is as many planes as fit in this, a power of two up to `PLANES`
CHUNK_BYTES = 64 * 2**20
PLANES = 128

#: µm in one of each unit of length that files name
MICROMETERS = {
    "angstrom": 1e-4,
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
    """A lazy array of three axes, the voxel edges along them in µm where the file tells, and files.

    ``how`` says where the voxel size comes from and what else a reader of the provenance should
    know.
    """

    array: da.Array
    voxel_size: tuple[float, ...] | None = None
    files: list[Path] = field(default_factory=list)
    how: dict = field(default_factory=dict)


@contextmanager
def reading(path, what: str) -> Iterator[None]:
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


def three_axes(shape: Sequence[int], path) -> tuple[int, ...]:
    """Return the shape without axes of length one beyond three; refuse what is no volume."""
    lengths = tuple(int(n) for n in shape)
    extra = len(lengths) - 3
    for axis in reversed(range(len(lengths))):
        if extra > 0 and lengths[axis] == 1:
            lengths = lengths[:axis] + lengths[axis + 1 :]
            extra -= 1
    if len(lengths) != 3 or 0 in lengths:
        kind = "one image" if len(lengths) == 2 else "an array"
        raise UnreadableImage(
            f"{path} holds {kind} of shape {'x'.join(map(str, shape)) or '()'}; a volume has three "
            "axes (z, y, x), none empty"
        )
    return lengths


def kept_axes(stored: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return which axes of an array are those of the volume; the others have length one."""
    keep: list[int] = []
    spare = len(stored) - len(shape)
    for axis in reversed(range(len(stored))):
        if stored[axis] == 1 and spare:
            spare -= 1
        else:
            keep.insert(0, axis)
    return tuple(keep)


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
