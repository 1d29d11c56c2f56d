"""One array, written in every way that users bring it: name -> function(folder, array)."""

import warnings

import h5py
import nrrd
import numpy as np
import scipy.io
import tifffile
import zarr


def _tiff(**options):
    def write(folder, array):
        path = folder / "stack.tif"
        tifffile.imwrite(path, array, photometric="minisblack", **options)
        return path, {}

    return write


def _pages(folder, array):
    pages = folder / "pages"
    pages.mkdir()
    for number, plane in enumerate(array):
        tifffile.imwrite(pages / f"scan_{number + 1}.tif", plane)
    (pages / "scan.log").write_text("kV 60")
    (pages / "._scan_1.tif").write_bytes(b"\0\0")
    return pages, {}


def _page_by_page(folder, array):
    path = folder / "stack.tif"
    with tifffile.TiffWriter(path) as file:
        for plane in array:
            file.write(plane, contiguous=False, metadata=None)
    return path, {}


def _hdf5(name, libver="earliest", **options):
    def write(folder, array):
        path = folder / "scan.h5"
        with h5py.File(path, "w", libver=libver) as file:
            file.create_dataset(name, data=array, **options)
            file["other/small"] = np.zeros((2, 2))
        return path, {}

    return write


def _mat5(compressed):
    def write(folder, array):
        path = folder / "scan.mat"
        scipy.io.savemat(path, {"A": array, "note": "x"}, do_compression=compressed)
        return path, {"axes": "zyx"}

    return write


def _mat73(folder, array):
    path = folder / "scan.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        # MATLAB writes its first axis as the last of HDF5
        file.create_dataset("A", data=array.T, chunks=tuple(min(7, n) for n in array.T.shape))
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + bytes(12))
    return path, {"axes": "zyx"}


def _npy(order):
    def write(folder, array):
        path = folder / "scan.npy"
        np.save(path, np.asarray(array, order=order))
        return path, {}

    return write


def _npz(save):
    def write(folder, array):
        path = folder / "scan.npz"
        save(path, scan=array, angle=np.arange(3))
        return path, {}

    return write


def write_nrrd(path, array, header, **options):
    """Write an NRRD file; the package dates it in a way that Python 3.12 warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        nrrd.write(str(path), array, header, **options)


def _nrrd(encoding, endian="little", detached=False):
    def write(folder, array):
        path = folder / ("scan.nhdr" if detached else "scan.nrrd")
        header = {"encoding": encoding, "endian": endian}
        write_nrrd(path, array, header, index_order="C", detached_header=detached)
        return path, {}

    return write


def _raw(order, header):
    def write(folder, array):
        path = folder / "scan.raw"
        dtype = array.dtype.newbyteorder(order)
        path.write_bytes(bytes(header) + array.astype(dtype).tobytes())
        return path, {"shape": array.shape, "dtype": dtype, "header": header}

    return write


def _zarr(version, **options):
    def write(folder, array):
        path = folder / "scan.zarr"
        chunks = tuple(min(5, n) for n in array.shape)
        zarr.create_array(path, data=array, chunks=chunks, zarr_format=version, **options)
        return path, {}

    return write


def _ome(folder, array):
    path = folder / "scan.ome.zarr"
    group = zarr.create_group(path, zarr_format=2)
    group.create_array("0", data=array[None, None], chunks=(1, 1, 4, 4, 4))
    group.create_array("1", data=array[None, None, ::2, ::2, ::2], chunks=(1, 1, 4, 4, 4))
    group.attrs["multiscales"] = [
        {
            "version": "0.4",
            "axes": [
                {"name": "t", "type": "time"},
                {"name": "c", "type": "channel"},
                *({"name": dim, "type": "space", "unit": "nanometer"} for dim in "zyx"),
            ],
            "datasets": [
                {
                    "path": str(level),
                    "coordinateTransformations": [
                        {"type": "scale", "scale": [1, 1, *(n * 2**level for n in (3e3, 2e3, 1e3))]}
                    ],
                }
                for level in (0, 1)
            ],
        }
    ]
    return path, {}


FORMATS = {
    "tiff": _tiff(),
    "tiff big-endian": _tiff(byteorder=">"),
    "tiff big": _tiff(bigtiff=True),
    "tiff one strip a row": _tiff(rowsperstrip=1, compression="zlib"),
    "tiff deflate": _tiff(compression="zlib", predictor=False),
    "tiff deflate with predictor": _tiff(compression="zlib", predictor=True),
    "tiff lzw": _tiff(compression="lzw"),
    "tiff packbits": _tiff(compression="packbits"),
    "tiff zstd": _tiff(compression="zstd"),
    "tiff tiles": _tiff(tile=(16, 16), compression="zlib"),
    "tiff tiles, plain": _tiff(tile=(16, 16)),
    "tiff page by page": _page_by_page,
    "tiff imagej": _tiff(imagej=True, metadata={"axes": "ZYX"}),
    "tiff ome": _tiff(ome=True, metadata={"axes": "ZYX"}),
    "tiff folder": _pages,
    "hdf5 exchange": _hdf5("exchange/data"),
    "hdf5 chunked": _hdf5("a/b/c", chunks=True, compression="gzip"),
    "hdf5 shuffled": _hdf5("v", chunks=(2, 3, 4), compression="gzip", shuffle=True),
    "hdf5 lzf": _hdf5("v", chunks=(2, 3, 4), compression="lzf", fletcher32=True),
    "hdf5 scaled": _hdf5("v", chunks=(2, 3, 4), scaleoffset=0),
    "hdf5 newest": _hdf5("v", libver="latest", chunks=(2, 3, 4), compression="gzip"),
    "mat 5": _mat5(False),
    "mat 5 packed": _mat5(True),
    "mat 7.3": _mat73,
    "npy": _npy("C"),
    "npy fortran": _npy("F"),
    "npz": _npz(np.savez),
    "npz packed": _npz(np.savez_compressed),
    "nrrd raw": _nrrd("raw"),
    "nrrd raw big-endian": _nrrd("raw", "big"),
    "nrrd gzip": _nrrd("gzip"),
    "nrrd bzip2": _nrrd("bzip2"),
    "nrrd detached": _nrrd("raw", detached=True),
    "nrrd detached gzip": _nrrd("gzip", detached=True),
    "raw": _raw("<", 0),
    "raw big-endian behind a header": _raw(">", 37),
    "zarr 2": _zarr(2),
    "zarr 3": _zarr(3),
    "zarr 3 sharded": _zarr(3, shards=(10, 10, 10)),
    "ome-zarr 0.4": _ome,
}

#: formats whose bytes are few and whose damage must be met with one sentence
FRAGILE = (
    "tiff",
    "tiff deflate",
    "tiff lzw",
    "tiff tiles",
    "hdf5 exchange",
    "hdf5 chunked",
    "hdf5 shuffled",
    "hdf5 lzf",
    "hdf5 scaled",
    "hdf5 newest",
    "mat 5",
    "mat 5 packed",
    "npy",
    "npz packed",
    "nrrd raw",
    "nrrd gzip",
)
