"""poreflux import: a file or folder of images becomes a store."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from poreflux.annotations import VolumeKind
from poreflux.cli.answer import Answer
from poreflux.cli.options import (
    COMMON,
    PLACE,
    Common,
    Flag,
    Location,
    LocationOrNone,
    Place,
    Whole,
    WholeOrNone,
)
from poreflux.cli.parsing import numbers, pairs, size
from poreflux.cli.terminal import progress

if TYPE_CHECKING:
    import xarray as xr


def import_(
    source: Location,
    store: Location,
    /,
    *,
    voxel_size: str | None = None,
    kind: VolumeKind = "gray",
    phases: str | None = None,
    dataset: str | None = None,
    shape: str | None = None,
    dtype: str | None = None,
    header: Whole = 0,
    axes: str | None = None,
    channel: WholeOrNone = None,
    time: WholeOrNone = None,
    series: str | None = None,
    mask: LocationOrNone = None,
    missing_as: float | None = None,
    allow_external: Flag = False,
    chunk: Whole = 128,
    overwrite: Flag = False,
    common: Common = COMMON,
    place: Place = PLACE,
) -> Answer:
    """Import a scan into a Zarr store: chunked, checked, and open to other programs.

    Reads TIFF stacks, folders of pages (TIFF, PNG, BMP, JPEG), HDF5, NumPy, MATLAB, NRRD, raw and
    Zarr; with --dry-run it says what the file says of itself. An import that was stopped goes on
    with the same command; a finished one is left as it is.

    Parameters
    ----------
    source
        file, or folder of pages.
    store
        folder to make, by custom NAME.zarr.
    voxel_size
        edge of a voxel in µm, or three for z,y,x; needed where the file does not say.
    kind
        gray for measured values, phase for labels.
    phases
        meaning of the labels, like 0=pore,1=electrolyte; outside is what is no sample.
    dataset
        path inside an HDF5, MATLAB or Zarr file, or series of a TIFF file.
    shape
        of a raw file: z,y,x.
    dtype
        of a raw file, such as uint16 or <f4.
    header
        bytes to skip at the start of a raw file.
    axes
        names of the axes as they are stored, where the file does not say or errs, a letter of z, y,
        x, c (channel) and t (time) for each; yxz for image stacks of MATLAB.
    channel
        which of several channels, from 0.
    time
        which of several times, from 0.
    series
        names of the pages of a folder, with # for the number that counts, like 'scan_#.tif'.
    mask
        file of the same shape that is 0 outside of the sample.
    missing_as
        value of the chunks that an HDF5 or Zarr file lacks; by default such a file is refused.
    allow_external
        read a file that takes its values from files outside of its folder (detached NRRD, HDF5).
    chunk
        edge of a stored chunk in voxels.
    overwrite
        replace another store.

    Examples
    --------
    poreflux import scan/ vol.zarr --voxel-size 0.92
    poreflux import labels.tif vol.zarr --voxel-size 0.92 --kind phase --phases 0=pore,1=electrolyte
    """
    from poreflux.readers import read

    volume = read(
        source,
        **_options(voxel_size, phases, shape),
        kind=kind,
        dataset=dataset,
        dtype=dtype,
        header=header,
        axes=axes,
        channel=channel,
        time=time,
        series=series,
        mask=mask,
        missing_as=missing_as,
        allow_external=allow_external,
    )
    if common.dry_run:
        return _forecast(volume, store, chunk)
    from poreflux.blocks import running_on
    from poreflux.store.saving import saved

    with running_on(place.scheduler), progress("import") as on_progress:
        path, unchanged = saved(
            volume, store, overwrite=overwrite, wait=common.wait, chunk=chunk, progress=on_progress
        )
    return _answer(volume, path, unchanged)


def _answer(volume: "xr.Dataset", path: Path, unchanged: bool) -> Answer:
    """Return the answer: what is in the store now, and the next command."""
    from poreflux.reporting.guards import guards

    done = f"{path.name} holds this already; nothing to do" if unchanged else f"{path} is written"
    stored = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    name = str(next(iter(volume.data_vars)))
    content_lines, content_data = _contents_of(path, name)
    lines = [done, *content_lines, f"{size(stored)} on disk", f"next: {_next(path, name)}"]
    data = {
        "store": str(path),
        "variable": name,
        **content_data,
        "bytes": stored,
        "unchanged": unchanged,
        "source": volume.encoding["description"].document(),
    }
    return Answer("import", lines, data, guards(volume))


def _contents_of(path: Path, name: str) -> tuple[list[str], dict]:
    """Return size and values of the stored volume, as lines and for the JSON document."""
    from poreflux.cli.contents import contents
    from poreflux.store import open as open_store

    volume = open_store(path)
    edges = [float(h) for h in volume.attrs["voxel_size"]]
    sizes = tuple(volume.sizes[d] for d in "zyx")
    values = contents(volume, name)
    extent = " x ".join(f"{n * h:.4g}" for n, h in zip(sizes, edges))
    lines = [
        f"{name}: {' x '.join(map(str, sizes))} voxels (z, y, x) of "
        f"{' x '.join(f'{h:g}' for h in edges)} µm, {volume[name].dtype}",
        f"the sample is {extent} µm",
        *values.lines(),
    ]
    data = {
        "shape": sizes,
        "voxel_size_um": edges,
        "dtype": str(volume[name].dtype),
        **values.document(),
    }
    return lines, data


def _next(path: Path, name: str) -> str:
    verb = "segment" if name == "gray" else "measure"
    return f"poreflux {verb} {shlex.quote(str(path))}"


def _options(voxel_size: str | None, phases: str | None, shape: str | None) -> dict:
    """Return the keywords of `read` that were given as text."""
    options: dict = {}
    if voxel_size is not None:
        lengths = numbers(voxel_size, option="--voxel-size")
        options["voxel_size"] = lengths if len(lengths) == 3 else lengths[0]
    if shape is not None:
        options["shape"] = tuple(numbers(shape, option="--shape", kind=int))
    if phases is not None:
        options["phases"] = pairs(phases, option="--phases", key=int, value=str)
    return options


def _forecast(volume: "xr.Dataset", store: Path, chunk: int) -> Answer:
    from poreflux.cli import forecast
    from poreflux.machine import available_cores
    from poreflux.readers.image import CHUNK_BYTES

    voxels = 1
    for n in volume.sizes.values():
        voxels *= n
    name = next(iter(volume.data_vars))
    itemsize = volume[name].dtype.itemsize
    slab = volume.sizes["y"] * volume.sizes["x"] * min(chunk, volume.sizes["z"]) * itemsize
    described = volume.encoding["description"]
    in_hand = available_cores() * (min(slab, CHUNK_BYTES) + 2 * chunk**3 * itemsize)
    memory = 4 * slab + min(in_hand, 2 * voxels * itemsize) + forecast.LIBRARIES["import"]
    if described.format in ("HDF5", "MATLAB 7.3"):
        memory += slab + forecast.APART
    need = forecast.Need(
        memory=memory, disk=voxels * itemsize * 8 / 7, seconds=forecast.seconds("import", voxels)
    )
    answer = forecast.answer("import", need, store)
    edges = " x ".join(f"{h:g}" for h in volume.attrs["voxel_size"])
    shape = " x ".join(str(volume.sizes[d]) for d in "zyx")
    answer.lines[:0] = [*described.lines(), f"becomes {shape} voxels (z, y, x) of {edges} µm"]
    answer.data |= {"source": described.document()}
    answer.warnings += described.notes
    return answer
