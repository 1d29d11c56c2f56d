"""Files of many kinds become lazy volumes."""

import importlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import DTypeLike

from poreflux.annotations import VolumeKind
from poreflux.errors import UnreadableImage
from poreflux.objects import at, fetch, is_remote
from poreflux.readers.description import Wanted
from poreflux.readers.image import reading

if TYPE_CHECKING:
    import dask.array as da
    import xarray as xr

_MAGIC = {
    b"II*\x00": "tiff",
    b"MM\x00*": "tiff",
    b"II+\x00": "tiff",
    b"MM\x00+": "tiff",
    b"\x89HDF": "hdf5",
    b"NRRD": "nrrd",
    b"\x93NUM": "numpy",
    b"MATL": "mat",
    b"\x89PNG": "pictures:read_one",
    b"\xff\xd8\xff\xe0": "pictures:read_one",
    b"\xff\xd8\xff\xe1": "pictures:read_one",
}
_SUFFIXES = {
    **dict.fromkeys((".tif", ".tiff", ".btf", ".tf8"), "tiff"),
    **dict.fromkeys((".h5", ".hdf5", ".hdf", ".nxs", ".nx"), "hdf5"),
    **dict.fromkeys((".nrrd", ".nhdr"), "nrrd"),
    **dict.fromkeys((".npy", ".npz"), "numpy"),
    **dict.fromkeys((".raw", ".bin", ".vol", ".dat"), "raw"),
    ".mat": "mat",
}


def read(
    path: str | Path,
    *,
    voxel_size: float | Sequence[float] | None = None,
    kind: VolumeKind = "gray",
    phases: Mapping[int, str] | None = None,
    dataset: str | None = None,
    shape: Sequence[int] | None = None,
    dtype: DTypeLike | None = None,
    header: int = 0,
    axes: str | None = None,
    channel: int | None = None,
    time: int | None = None,
    series: str | None = None,
    mask: str | Path | None = None,
    missing_as: float | None = None,
    allow_external: bool = False,
) -> "xr.Dataset":
    """Read an image file or folder as a lazy Volume; `save` it to work with it.

    TIFF (multi-page, BigTIFF, ImageJ, OME), a folder of TIFF, PNG, BMP or JPEG pages, HDF5 (NeXus,
    ilastik, Data Exchange, netCDF 4), NRRD, MATLAB, NumPy, Zarr and OME-Zarr are recognised by
    their content; raw numbers by the ``shape`` that is given. The names of axes in the file decide
    which is z, y and x; where it has none, their order does.

    Parameters
    ----------
    path
        file or folder.
    voxel_size
        edge of a voxel in µm, one number or three for (z, y, x); by default what the file says.
    kind
        ``"gray"`` for measured values, ``"phase"`` for an image that is segmented already.
    phases
        for ``kind="phase"``, the meaning of every value in the file; by default
        ``{0: "pore", 1: "electrolyte"}``, which is said. Voxels of the value called ``"outside"``
        are no sample: a `mask` leaves them out. Values beyond 254, as in masks of 0 and 255, are
        numbered anew from 0 in their order.
    dataset
        which array of an HDF5, MATLAB, .npz or Zarr file, or series of a TIFF file; by default what
        NeXus or OME say, Data Exchange's ``exchange/data``, or the only one of three axes.
    shape, dtype, header
        of a raw file: voxels along (z, y, x), such as ``"<u2"``, and bytes to skip at its start.
    axes
        names of the axes as they are stored, in place of those in the file, a letter of z, y, x, c
        (channel) and t (time) for each; ``"yxz"`` for MATLAB's image stacks.
    channel, time
        which of several, from 0.
    series
        pattern of the names of the pages of a folder, with ``#`` for the number that counts:
        ``"scan_#.tif"``.
    mask
        file or folder of the same shape that is 0 outside of the sample; becomes a `mask`.
    missing_as
        value of the chunks that an HDF5 or Zarr file lacks; by default such a file is refused.
    allow_external
        read a file that takes its values from files outside of its folder (detached NRRD, HDF5).

    Returns
    -------
    Volume, lazy: only headers are read, until it is saved or computed.

    Raises
    ------
    UnreadableImage
        if the file is missing, cut short, of mixed page sizes, not three-dimensional, or no image.
    ValueError
        if the voxel size is neither given nor in the file, or an argument is not possible.
    ChooseOne
        (a ``ValueError`` too) if there is more than one volume; the message names the arguments
        that choose.

    Warns
    -----
    UserWarning
        for each assumption, gap or loss that the numbers rest on; all are kept in the history.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> path = tempfile.mkdtemp() + "/gray.npy"
    >>> np.save(path, np.zeros((3, 4, 5), np.uint16))
    >>> volume = read(path, voxel_size=0.92)
    >>> volume.gray.shape, volume.gray.dtype.name
    ((3, 4, 5), 'uint16')
    """
    from poreflux.readers.volumes import masked, to_volume

    place = _local(at(path).absolute())
    _check_axes(axes)
    if kind not in ("gray", "phase"):
        raise ValueError(f"kind={kind!r} is not known; choose 'gray' or 'phase'")
    reader = _reader_of(place, raw=shape is not None)
    wanted = Wanted(dataset, channel, time, axes, series, missing_as, allow_external)
    module = importlib.import_module(f"poreflux.readers.{reader.split(':')[0]}")
    function = getattr(module, reader.partition(":")[2] or "read")
    image = function(place, wanted, **_options(reader, wanted, kind, shape, dtype, header))
    volume = to_volume(image, place, voxel_size=voxel_size, kind=kind, phases=phases)
    if mask is not None:
        volume = masked(volume, _inside(_local(at(mask).absolute())), at(mask))
    for note in volume.encoding["description"].notes:
        warnings.warn(note, stacklevel=2)
    return volume


def _local(place: Path) -> Path:
    """Return a place that readers can open: files of an object storage are fetched, Zarr is not."""
    return fetch(place) if is_remote(place) and not _is_zarr(place) else place


def _inside(path: Path) -> "da.Array":
    """Return the values of a mask, axes (z, y, x)."""
    reader = _reader_of(path, raw=False)
    module = importlib.import_module(f"poreflux.readers.{reader.split(':')[0]}")
    function = getattr(module, reader.partition(":")[2] or "read")
    image = function(path, Wanted(), **_options(reader, Wanted(), "phase", None, None, 0))
    return image.array.transpose(image.choice.order)


def _check_axes(axes: str | None) -> None:
    letters = "" if axes is None else axes
    if axes is not None and (
        not set("zyx") <= set(letters) <= set("zyxct") or len(set(letters)) < len(letters)
    ):
        raise ValueError(
            f"axes={axes!r} is not an order of 'z', 'y', 'x', with 'c' and 't' where there are "
            "channels and times; give such as 'yxz'"
        )


def _reader_of(path: Path, *, raw: bool) -> str:
    """Return the name of the module that reads a path, by content first, then by name."""
    if not path.exists():
        raise UnreadableImage(f"{path} is not there; check the name")
    if not path.is_dir() and not path.is_file():
        raise UnreadableImage(f"{path} is a pipe or a device, not a file; copy it to a file first")
    if path.is_dir():
        return "zarr" if _is_zarr(path) else "tiff:read_folder"
    if raw:
        return "raw"
    with reading(path, "a file"), path.open("rb") as file:
        start = file.read(4)
    by_name = _SUFFIXES.get(path.suffix.lower())
    # a .npz is a zip file, a .mat may be HDF5, and HDF5 may begin with a block of the user's
    if by_name in ("mat", "hdf5") or (by_name == "numpy" and start == b"PK\x03\x04"):
        return by_name
    reader = _MAGIC.get(start, "raw" if by_name == "raw" else None)
    if reader is None:
        raise UnreadableImage(
            f"{path} is not an image that is known: it begins with {start!r}; give TIFF, HDF5, "
            "NRRD, MATLAB, NumPy or Zarr, or the shape and dtype of raw numbers"
        )
    return reader


def _is_zarr(path: Path) -> bool:
    return any((path / mark).is_file() for mark in ("zarr.json", ".zarray", ".zgroup"))


def _options(
    reader: str,
    wanted: Wanted,
    kind: VolumeKind,
    shape: Sequence[int] | None,
    dtype: DTypeLike | None,
    header: int,
) -> dict[str, Any]:
    """Return the options of one reader; refuse those it has no use for."""
    useless = {
        "dataset": wanted.dataset is not None
        and reader in ("raw", "nrrd", "pictures:read_one", "tiff:read_folder"),
        "missing_as": wanted.missing_as is not None and reader not in ("zarr", "hdf5", "mat"),
        "series": wanted.series is not None and reader != "tiff:read_folder",
        "shape": shape is not None and reader != "raw",
        "dtype": dtype is not None and reader != "raw",
        "header": header != 0 and reader != "raw",
    }
    for name, given in useless.items():
        if given:
            use = {
                "dataset": "files of several arrays",
                "series": "folders of pages",
                "missing_as": "files in chunks (HDF5, Zarr)",
            }
            raise ValueError(
                f"{name} is given, and is for {use.get(name, 'raw numbers')} only; leave it out"
            )
    if reader == "raw":
        return {"shape": shape, "dtype": dtype, "header": header}
    return {"kind": kind} if reader in ("zarr", "tiff", "tiff:read_folder") else {}
