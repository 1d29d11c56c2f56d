"""Files as programs of the field write them; each maker takes a folder and returns the path."""

import json

import h5py
import nrrd
import numpy as np
import scipy.io
import tifffile
import zarr
from PIL import Image
from scipy.ndimage import gaussian_filter

_FIELD = gaussian_filter(np.random.default_rng(5).standard_normal((9, 14, 17)), 2)
PHASE = (np.quantile(_FIELD, 0.3) < _FIELD).astype("u1")
GRAY = (60 + 120 * PHASE + 9 * _FIELD / _FIELD.std()).clip(0, 255).astype("u1")
WIDE = (GRAY.astype("u2") * 200 + 7).astype("u2")
OTHER = 255 - GRAY
IMAGEJ = {"unit": "um", "spacing": 0.5}
OME = {f"PhysicalSize{a}": 0.5 for a in "XYZ"}
RAMP = np.tile(np.arange(256, dtype="u2") * 257, (3, 1))
ONE, HALF = {"voxel_size": 1}, (0.5, 0.5, 0.5)
LABELS = {"voxel_size": 1, "kind": "phase"}
NAMED = {**LABELS, "phases": {0: "pore", 1: "solid"}}
COLOURED = RAMP.copy()
COLOURED[0] = COLOURED[0][::-1]


def tiff(array, **options):
    def make(folder):
        tifffile.imwrite(folder / "v.tif", array, **options)
        return folder / "v.tif"

    return make


def ome_tiff(array, axes, **said):
    return tiff(array, ome=True, metadata={"axes": axes, **said})


def imagej(array, axes, resolution=(2, 2), **said):
    meta = {"axes": axes, **(said or IMAGEJ)}
    return tiff(array, imagej=True, resolution=resolution, metadata=meta)


def edited(make, old, new):
    """Write a file, and replace bytes of its description."""

    def write(folder):
        path = make(folder)
        content = path.read_bytes()
        assert old in content
        path.write_bytes(content.replace(old, new))
        return path

    return write


def odd_page(change, **options):
    """Write a stack of which one page differs."""

    def make(folder):
        with tifffile.TiffWriter(folder / "v.tif") as file:
            for z, page in enumerate(GRAY):
                odd = z == 4
                file.write(
                    change(page) if odd else page, metadata=None, contiguous=False,
                    **(options if odd else {}),
                )  # fmt: skip
        return folder / "v.tif"

    return make


def with_thumbnail(first):
    def make(folder):
        small = GRAY[0, ::4, ::4].copy()
        pages = [*GRAY] if not first else [small, *GRAY]
        with tifffile.TiffWriter(folder / "v.tif") as file:
            for page in pages if first else [*pages, small]:
                kind = 1 if page is small else 0
                file.write(page, metadata=None, contiguous=False, subfiletype=kind)
        return folder / "v.tif"

    return make


def two_series(folder):
    with tifffile.TiffWriter(folder / "v.ome.tif", ome=True) as file:
        file.write(GRAY, metadata={"axes": "ZYX"})
        file.write(OTHER, metadata={"axes": "ZYX"})
    return folder / "v.ome.tif"


def pages(names, planes=None, write=tifffile.imwrite, extra=()):
    """Write one file for each plane, and other files."""

    def make(folder):
        place = folder / "scan"
        place.mkdir()
        for name, plane in zip(names, GRAY if planes is None else planes, strict=True):
            write(place / name, plane)
        for name, content in extra:
            (place / name).write_bytes(content)
        return place

    return make


def numbered(pattern):
    return [pattern.format(z, 2 * z, len(GRAY) - z) for z in range(len(GRAY))]


def picture(mode):
    return lambda path, plane: Image.fromarray(plane).convert(mode).save(path)


def npy(array):
    def make(folder):
        np.save(folder / "v.npy", array, allow_pickle=True)
        return folder / "v.npy"

    return make


def npz(**arrays):
    def make(folder):
        np.savez(folder / "v.npz", **arrays)
        return folder / "v.npz"

    return make


def mat(**arrays):
    def make(folder):
        scipy.io.savemat(folder / "v.mat", arrays)
        return folder / "v.mat"

    return make


def nrrd_of(array, **header):
    def make(folder):
        data = np.asfortranarray(array.T)
        nrrd.write(
            str(folder / "v.nrrd"), data, {k.replace("_", " "): v for k, v in header.items()}
        )
        return folder / "v.nrrd"

    return make


def directions(*rows, unit="um"):
    return {"space_dimension": 3, "space_units": [unit] * 3, "space_directions": np.array(rows)}


def detached(*lines, before=b""):
    def make(folder):
        (folder / "v.raw").write_bytes(before + GRAY.tobytes())
        start = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 17 14 9\nencoding: raw\n"
        (folder / "v.nhdr").write_text(start + "\n".join([*lines, "data file: v.raw", "", ""]))
        return folder / "v.nhdr"

    return make


def hdf5(write):
    def make(folder):
        with h5py.File(folder / "v.h5", "w") as file:
            write(file)
        return folder / "v.h5"

    return make


def dataset(array, dims="", **attrs):
    def write(file):
        file["v"] = array
        file["v"].attrs.update(attrs)
        for axis, name in enumerate(dims):
            file["v"].dims[axis].label = name

    return hdf5(write)


def nexus(order, unit="um", scale=1.0):
    def write(file):
        entry = file.create_group("entry/data")
        file.attrs["default"], file["entry"].attrs["default"] = "entry", "data"
        entry.attrs.update({"NX_class": "NXdata", "signal": "v", "axes": list(order)})
        entry["v"] = ordered(order)
        for axis, name in enumerate(order):
            step = dict(zip("zyx", (1, 0.5, 0.25)))[name] * scale
            entry[name] = np.arange(entry["v"].shape[axis]) * step
            entry[name].attrs["units"] = unit

    return hdf5(write)


def tagged(array, keys):
    return dataset(array, axistags=json.dumps({"axes": [{"key": key} for key in keys]}))


def ordered(order, array=GRAY):
    return np.ascontiguousarray(np.transpose(array, ["zyx".index(name) for name in order]))


def ome_zarr(levels, axes="zyx", unit="micrometer", version="0.4", images=1):
    def make(folder):
        group = zarr.open_group(folder / "v.zarr", mode="w", zarr_format=2 + (version == "0.5"))
        kinds = {"t": "time", "c": "channel"}
        named = [
            {"name": n, "type": kinds.get(n, "space"), **({} if n in kinds else {"unit": unit})}
            for n in axes
        ]
        datasets = []
        for path, (array, scale) in levels.items():
            group.create_array(path, shape=array.shape, dtype=array.dtype)[...] = array
            change = [{"type": "scale", "scale": list(scale)}]
            datasets.append({"path": path, "coordinateTransformations": change})
        parts = [datasets] if images == 1 else [[each] for each in datasets]
        said = [{"version": version, "axes": named, "datasets": part} for part in parts]
        group.attrs.update(
            {"ome": {"multiscales": said}} if version == "0.5" else {"multiscales": said}
        )
        return folder / "v.zarr"

    return make


def zarr_of(array, **options):
    attrs = options.pop("attrs", {})

    def make(folder):
        stored = zarr.create_array(
            folder / "v.zarr", shape=array.shape, dtype=array.dtype, chunks=(4, 5, 6), **options
        )
        stored[...] = array
        stored.attrs.update(attrs)
        return folder / "v.zarr"

    return make


def raw(content):
    def make(folder):
        (folder / "v.raw").write_bytes(content)
        return folder / "v.raw"

    return make


def as_raw(dtype, shape=GRAY.shape, **more):
    return {"shape": shape, "dtype": dtype, "voxel_size": 1, **more}
