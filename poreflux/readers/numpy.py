"""NumPy's .npy, read in place, and .npz, unpacked in a stream."""

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from poreflux.errors import UnreadableImage
from poreflux.readers.arrays import named, others
from poreflux.readers.description import Description, Wanted, choose, named_axes
from poreflux.readers.image import Image, reading
from poreflux.readers.raw import flat
from poreflux.readers.stream import sequential


def read(path: Path, wanted: Wanted) -> Image:
    """Read an array of a .npy or .npz file; ``dataset`` names one of several in a .npz."""
    with path.open("rb") as file:
        zipped = file.read(4) == b"PK\x03\x04"
    if zipped:
        return _read_npz(path, wanted)
    if wanted.dataset is not None:
        raise ValueError(f"dataset is given, and {path} holds one array; leave it out")
    with reading(path, "a NumPy file"), path.open("rb") as file:
        shape, fortran, dtype = _raw_header(file)
        offset = file.tell()
    described = _described("NumPy", shape, fortran, dtype, path)
    choice = choose(described, path, wanted)
    array = flat(path, offset, shape, dtype, index=choice.index, fortran=fortran)
    return Image(array, described, choice, [path])


def _read_npz(path: Path, wanted: Wanted) -> Image:
    with reading(path, "a NumPy archive"), zipfile.ZipFile(path) as archive:
        headers = {}
        for member in archive.namelist():
            if member.endswith(".npy"):
                with archive.open(member) as file:
                    headers[member.removesuffix(".npy")] = (*_raw_header(file), file.tell())
        shapes = {name: header[0] for name, header in headers.items()}
        name = named(path, shapes, wanted.dataset)
        shape, fortran, dtype, offset = headers[name]
        described = _described("NumPy archive", shape, fortran, dtype, path)
        described = replace(described, dataset=name, others=others(shapes, name))
        choice = choose(described, path, wanted)
        opener = _Member(path, name + ".npy")
        array = sequential(opener, path, offset, shape, dtype, index=choice.index, fortran=fortran)
    return Image(array, described, choice, [path])


def _described(
    kind: str, shape: Sequence[int], fortran: bool, dtype: np.dtype, path: Path
) -> Description:
    order = f"{kind}, {'Fortran' if fortran else 'C'} order"
    return Description(order, named_axes(shape), str(_numbers(dtype, path)))


class _Member:
    """Opens one file of a zip archive for reading from its start."""

    def __init__(self, path: Path, member: str):
        self.path = path
        self.member = member

    def __call__(self) -> IO[bytes]:
        return zipfile.ZipFile(self.path).open(self.member)


def _raw_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise UnreadableImage(f"version {version} of NumPy's file format is not known")
    return (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)


def _numbers(dtype: np.dtype, path: Path) -> np.dtype:
    if dtype.kind not in "biuf":
        raise UnreadableImage(f"{path} holds {dtype}, not real numbers; convert it")
    return dtype
