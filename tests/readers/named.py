"""One array with named axes, written in every way that keeps the names: name -> function."""

import json

import h5py
import numpy as np
import tifffile
import zarr

from tests.readers.files import write_nrrd

KINDS = {"c": "channel", "t": "time"}


def ome_tiff(folder, array, names, spacing):
    path = folder / "stack.ome.tif"
    sizes = {f"PhysicalSize{a.upper()}": h for a, h in spacing.items()}
    meta = {"axes": names.upper(), **sizes, **{f"{key}Unit": "µm" for key in sizes}}
    tifffile.imwrite(path, array, ome=True, photometric="minisblack", metadata=meta)
    return path


def imagej(folder, array, names, spacing):
    path = folder / "stack.tif"
    meta = {"axes": names.upper(), "spacing": spacing["z"], "unit": "um"}
    resolution = (1 / spacing["x"], 1 / spacing["y"])
    tifffile.imwrite(path, array, imagej=True, resolution=resolution, metadata=meta)
    return path


def ome_zarr(version):
    def write(folder, array, names, spacing):
        path = folder / "scan.zarr"
        group = zarr.open_group(path, mode="w", zarr_format=2 if version == "0.4" else 3)
        axes = [
            {"name": n, "type": KINDS.get(n, "space")}
            | ({} if n in KINDS else {"unit": "micrometer"})
            for n in names
        ]
        target = group
        if version == "0.4":
            group.attrs["bioformats2raw.layout"] = 3
            target = group.create_group("0")
        levels = []
        for level in (0, 1):
            step = tuple(slice(None, None, 1 if n in KINDS else 2**level) for n in names)
            target.create_array(str(level), data=array[step])
            scale = [1 if n in KINDS else spacing[n] * 2**level for n in names]
            transformations = [{"type": "scale", "scale": scale}]
            levels.append({"path": str(level), "coordinateTransformations": transformations})
        image = {"axes": axes, "datasets": levels}
        if version == "0.4":
            target.attrs["multiscales"] = [{"version": "0.4", **image}]
        else:
            target.attrs["ome"] = {"version": "0.5", "multiscales": [image]}
        return path

    return write


def xarray_zarr(version):
    def write(folder, array, names, spacing):
        path = folder / "data.zarr"
        group = zarr.open_group(path, mode="w", zarr_format=version)

        def keep(name, values, dims):
            if version == 3:
                return group.create_array(name, data=values, dimension_names=dims)
            made = group.create_array(name, data=values)
            made.attrs["_ARRAY_DIMENSIONS"] = list(dims)
            return made

        keep("density", array, tuple(names))
        for n, count in zip(names, array.shape):
            if n in spacing:
                made = keep(n, np.arange(count) * spacing[n] / 1e3, (n,))
                made.attrs["units"] = "mm"
        return path

    return write


def nexus(folder, array, names, spacing):
    path = folder / "scan.nxs"
    with h5py.File(path, "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update(NX_class="NXentry", default="reconstruction")
        data = entry.create_group("reconstruction")
        labels = [f"sample_{n}" if n in "xyz" else KINDS[n] for n in names]
        data.attrs.update(NX_class="NXdata", signal="density", axes=labels)
        data["density"] = array
        data["weights"] = np.ones(array.shape)
        for n, label, count in zip(names, labels, array.shape):
            data[label] = np.arange(count) * spacing.get(n, 1.0) * 1e3
            data[label].attrs["units"] = "nm" if n in spacing else ""
    return path


def ilastik(folder, array, names, spacing):
    path = folder / "labels.h5"
    with h5py.File(path, "w") as file:
        made = file.create_dataset("exported_data", data=array)
        tags = {"axes": [{"key": n, "typeFlags": 2, "resolution": 0} for n in names]}
        made.attrs["axistags"] = json.dumps(tags)
        made.attrs["element_size_um"] = [spacing[n] for n in "zyx"]
    return path


def dimension_scales(folder, array, names, spacing):
    path = folder / "scan.nc"
    with h5py.File(path, "w") as file:
        made = file.create_dataset("density", data=array)
        for axis, (n, count) in enumerate(zip(names, array.shape)):
            scale = file.create_dataset(n, data=np.arange(count) * spacing.get(n, 1.0))
            scale.attrs["units"] = "um" if n in spacing else "1"
            scale.make_scale(n)
            made.dims[axis].attach_scale(scale)
    return path


def nrrd_directions(folder, array, names, spacing):
    path = folder / "scan.nrrd"
    axes = names[::-1]  # the fastest first
    none = [np.nan] * 3
    rows = [[spacing[n] * (n == a) for a in "xyz"] if n in spacing else none for n in axes]
    header = {
        "space dimension": 3,
        "space directions": np.array(rows, float),
        "space units": ["um", "um", "um"],
        "kinds": [{"c": "list", "t": "time"}.get(n, "domain") for n in axes],
    }
    write_nrrd(path, array, header, index_order="C")
    return path


#: formats that keep axes in any order
ANY_ORDER = {
    "OME-Zarr 0.4": ome_zarr("0.4"),
    "OME-Zarr 0.5": ome_zarr("0.5"),
    "xarray Zarr 2": xarray_zarr(2),
    "Zarr 3 dimension names": xarray_zarr(3),
    "NeXus": nexus,
    "ilastik": ilastik,
    "HDF5 dimension scales": dimension_scales,
    "NRRD space directions": nrrd_directions,
}
#: those whose pages are y, x, in orders that they allow
PAGES = {"OME-TIFF": ome_tiff, "ImageJ": imagej}
