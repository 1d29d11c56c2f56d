"""poreflux import: a file or folder of images becomes a store."""

from pathlib import Path

from poreflux.annotations import VolumeKind
from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, Common, Flag
from poreflux.cli.terminal import progress
from poreflux.cli.words import numbers, pairs, size


def import_(
    source: Path,
    store: Path,
    /,
    *,
    voxel_size: str | None = None,
    kind: VolumeKind = "gray",
    phases: str | None = None,
    dataset: str | None = None,
    shape: str | None = None,
    dtype: str | None = None,
    header: int = 0,
    axes: str = "zyx",
    chunk: int = 128,
    overwrite: Flag = False,
    common: Common = COMMON,
) -> Answer:
    """Import a scan into a Zarr store: chunked, checked, and open to other programs.

    Reads TIFF stacks and folders of pages, HDF5, NumPy, MATLAB, NRRD, raw and Zarr. An import that
    was stopped goes on with the same command; a finished one is left as it is.

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
        meaning of the labels, like 0=pore,1=electrolyte.
    dataset
        path inside an HDF5, MATLAB or Zarr file.
    shape
        of a raw file: z,y,x.
    dtype
        of a raw file, such as uint16 or <f4.
    header
        bytes to skip at the start of a raw file.
    axes
        names of the axes as they come from the file; yxz for image stacks of MATLAB.
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
    )
    if common.dry_run:
        return _forecast(volume, store, chunk)
    from poreflux.store.saving import saved

    with progress("import") as tell:
        path, unchanged = saved(
            volume, store, overwrite=overwrite, wait=common.wait, chunk=chunk, progress=tell
        )
    return _answer(volume, path, unchanged)


def _answer(volume, path: Path, unchanged: bool) -> Answer:
    """Return what is in the store now."""
    from poreflux.reporting.guards import guards

    done = f"{path.name} holds this already; nothing to do" if unchanged else f"{path} is written"
    sizes = tuple(volume.sizes[d] for d in "zyx")
    stored = sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())
    edges = [float(h) for h in volume.attrs["voxel_size"]]
    name = next(iter(volume.data_vars))
    lines = [
        done,
        f"{name}: {' x '.join(map(str, sizes))} voxels (z, y, x) of "
        f"{' x '.join(f'{h:g}' for h in edges)} µm, {volume[name].dtype}, {size(stored)} on disk",
    ]
    data = {
        "store": str(path),
        "variable": name,
        "shape": sizes,
        "voxel_size_um": edges,
        "dtype": str(volume[name].dtype),
        "bytes": stored,
        "unchanged": unchanged,
    }
    return Answer("import", lines, data, guards(volume))


def _options(voxel_size: str | None, phases: str | None, shape: str | None) -> dict:
    """Return the keywords of `read` that were given as words."""
    options: dict = {}
    if voxel_size is not None:
        lengths = numbers(voxel_size, option="--voxel-size")
        options["voxel_size"] = lengths if len(lengths) == 3 else lengths[0]
    if shape is not None:
        options["shape"] = tuple(numbers(shape, option="--shape", kind=int))
    if phases is not None:
        options["phases"] = pairs(phases, option="--phases", key=int, value=str)
    return options


def _forecast(volume, store: Path, chunk: int) -> Answer:
    from poreflux.cli import forecast

    voxels = 1
    for n in volume.sizes.values():
        voxels *= n
    name = next(iter(volume.data_vars))
    itemsize = volume[name].dtype.itemsize
    slab = volume.sizes["y"] * volume.sizes["x"] * min(chunk, volume.sizes["z"]) * itemsize
    need = forecast.Need(
        memory=3 * slab, disk=voxels * itemsize * 8 / 7, seconds=forecast.seconds("import", voxels)
    )
    return forecast.answer("import", need, store)
