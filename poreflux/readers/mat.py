"""MATLAB files: version 5 through SciPy, version 7.3, which is HDF5, in pieces.

The axes are as SciPy gives them and as MATLAB writes them: `A(i, j, k)` becomes the voxel z=i, y=j,
x=k, in both versions. For image stacks `A(row, column, slice)`, say ``axes="yxz"``.
"""

import functools
import threading
from pathlib import Path

import numpy as np
import scipy.io

from poreflux.errors import UnreadableImage
from poreflux.readers import hdf5
from poreflux.readers.image import Image, plane_chunks, reading, three_axes
from poreflux.readers.lazy import from_chunks
from poreflux.readers.numpy import choose

_KINDS = {
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    **{"single": "float32", "double": "float64", "logical": "bool"},
}
_LOCK = threading.Lock()


def read(path: Path, dataset: str | None = None) -> Image:
    """Read one variable of a MATLAB file, by default the only one of three axes."""
    with path.open("rb") as file:
        if b"MATLAB 7.3" in file.read(128):
            return hdf5.read(path, dataset, reverse=True)
    with reading(path, "a MATLAB file"):
        listed = {name: (shape, kind) for name, shape, kind in scipy.io.whosmat(path)}
        name = choose(path, {key: value[0] for key, value in listed.items()}, dataset)
        stored, kind = listed[name]
        if kind not in _KINDS:
            raise UnreadableImage(f"{path} holds {kind} in {name}, not real numbers")
        shape = three_axes(stored, f"{path}:{name}")
        status = path.stat()
        stamp = (status.st_size, status.st_mtime_ns)
        dtype = _variable(path, name, stamp).dtype
        lazy = from_chunks(
            functools.partial(_box, path, name, stamp, shape),
            shape,
            dtype.newbyteorder("="),
            plane_chunks(shape, dtype.itemsize),
            token=(str(path), *stamp, name),
        )
    return Image(lazy, None, [path], {"dataset": name})


def _box(path: Path, name: str, stamp: tuple, shape, start, stop) -> np.ndarray:
    with reading(path, "a MATLAB file"):
        values = _variable(path, name, stamp).reshape(shape, order="F")
        return np.ascontiguousarray(values[tuple(map(slice, start, stop))])


def _variable(path: Path, name: str, stamp: tuple) -> np.ndarray:
    # a variable of version 5 has at most 2 GiB and is packed as one: it is kept for the next chunk
    with _LOCK:
        return _loaded(path, name, stamp)


@functools.lru_cache(maxsize=1)
def _loaded(path: Path, name: str, stamp: tuple) -> np.ndarray:
    values = scipy.io.loadmat(path, variable_names=[name])[name]
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf":
        raise UnreadableImage(f"{path} holds no array of real numbers in {name}")
    return values
