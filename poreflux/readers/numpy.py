"""NumPy's .npy, read in place, and .npz, unpacked in a stream."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from poreflux.errors import UnreadableImage
from poreflux.readers.image import Image, reading, three_axes
from poreflux.readers.raw import flat
from poreflux.readers.stream import sequential


def read(path: Path, dataset: str | None = None) -> Image:
    """Read an array of a .npy or .npz file; ``dataset`` names one of several in a .npz."""
    with path.open("rb") as file:
        zipped = file.read(4) == b"PK\x03\x04"
    if zipped:
        return _read_npz(path, dataset)
    with reading(path, "a NumPy file"), path.open("rb") as file:
        shape, fortran, dtype = _header(file, path)
        return Image(flat(path, file.tell(), shape, dtype, fortran=fortran), files=[path])


def _read_npz(path: Path, dataset: str | None) -> Image:
    with reading(path, "a NumPy archive"), zipfile.ZipFile(path) as archive:
        headers = {}
        for member in archive.namelist():
            if member.endswith(".npy"):
                with archive.open(member) as file:
                    headers[member.removesuffix(".npy")] = (*_raw_header(file), file.tell())
        wanted = choose(path, {name: header[0] for name, header in headers.items()}, dataset)
        shape, fortran, dtype, offset = headers[wanted]
        shape, dtype = three_axes(shape, path), _numbers(dtype, path)
        opener = _Member(path, wanted + ".npy")
        return Image(sequential(opener, path, offset, shape, dtype, fortran), files=[path])


def choose(path, shapes: dict[str, tuple], dataset: str | None) -> str:
    """Return the array that is meant: the one named, or the only one of three axes."""
    if dataset is not None:
        if dataset.strip("/") not in shapes:
            raise UnreadableImage(
                f"{path} has no array {dataset!r}; choose one of {_list(shapes) or 'none'}"
            )
        return dataset.strip("/")
    volumes = [
        name for name, shape in shapes.items() if len(shape) >= 3 and sum(n > 1 for n in shape) >= 3
    ] or [name for name, shape in shapes.items() if len(shape) == 3]
    if len(volumes) != 1:
        raise UnreadableImage(
            f"{path} has {len(volumes)} arrays of three axes ({_list(shapes) or 'nothing'}); "
            "name one with dataset="
        )
    return volumes[0]


class _Member:
    """Opens one file of a zip archive for reading from its start."""

    def __init__(self, path: Path, member: str):
        self.path = path
        self.member = member

    def __call__(self):
        return zipfile.ZipFile(self.path).open(self.member)


def _header(file, path: Path) -> tuple[tuple[int, ...], bool, np.dtype]:
    shape, fortran, dtype = _raw_header(file)
    return three_axes(shape, path), fortran, _numbers(dtype, path)


def _raw_header(file):
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise UnreadableImage(f"version {version} of NumPy's file format is not known")
    return (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)


def _numbers(dtype: np.dtype, path: Path) -> np.dtype:
    if dtype.kind not in "biuf":
        raise UnreadableImage(f"{path} holds {dtype}, not real numbers; convert it")
    return dtype


def _list(shapes: dict[str, tuple]) -> str:
    return ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items())
