"""Files of every kind, as programs of the field write them, come back as they were meant."""

import warnings

import imageio.v3 as imageio
import numpy as np
import pytest

import poreflux as pf
from tests.readers.brought import (
    GRAY,
    HALF,
    LABELS,
    OME,
    ONE,
    OTHER,
    PHASE,
    WIDE,
    as_raw,
    dataset,
    detached,
    directions,
    imagej,
    mat,
    nexus,
    npy,
    npz,
    nrrd_of,
    numbered,
    ome_tiff,
    ome_zarr,
    ordered,
    pages,
    picture,
    raw,
    tagged,
    tiff,
    with_thumbnail,
    zarr_of,
)

#: what was written, how it is read, and what comes back with which voxel size
READ = {
    "ImageJ in nm": (
        imagej(GRAY, "ZYX", (0.02, 0.02), unit="nm", spacing=50.0),
        {},
        GRAY,
        (0.05,) * 3,
    ),
    "ImageJ in mm": (
        imagej(GRAY, "ZYX", (1e3, 2e3), unit="mm", spacing=2e-3),
        {},
        GRAY,
        (2, 0.5, 1),
    ),
    "ImageJ in inches": (
        imagej(GRAY, "ZYX", (50800, 50800), unit="inch", spacing=0.5 / 25400),
        {},
        GRAY,
        HALF,
    ),
    "ImageJ, negative spacing": (imagej(GRAY, "ZYX", unit="um", spacing=-0.5), {}, GRAY, HALF),
    "ImageJ, second channel": (
        imagej(np.stack([OTHER, GRAY], 1), "ZCYX"),
        {"channel": 1},
        GRAY,
        HALF,
    ),
    "ImageJ, time and channel": (
        imagej(np.stack([np.stack([OTHER, GRAY], 1)] * 2), "TZCYX"),
        {"channel": 1, "time": 0},
        GRAY,
        HALF,
    ),
    "ImageJ signed": (imagej((WIDE // 2).astype("i2"), "ZYX"), {}, (WIDE // 2).astype("i2"), HALF),
    "big endian": (tiff(WIDE, byteorder=">"), ONE, WIDE, None),
    "BigTIFF, big endian": (tiff(WIDE, byteorder=">", bigtiff=True), ONE, WIDE, None),
    "signed": (tiff(WIDE.astype("i4") - 9000), ONE, WIDE.astype("i4") - 9000, None),
    "signed bytes": (tiff((GRAY - 128).view("i1")), ONE, (GRAY - 128).view("i1"), None),
    "half floats": (tiff(GRAY.astype("f2")), ONE, GRAY.astype("f2"), None),
    "doubles": (tiff(GRAY / 255), ONE, GRAY / 255, None),
    "LZW tiles": (tiff(WIDE, tile=(16, 16), compression="lzw", predictor=True), ONE, WIDE, None),
    "Zstandard": (tiff(WIDE, compression="zstd"), ONE, WIDE, None),
    **{
        f"tifffile axes {order}": (
            tiff(ordered(order), metadata={"axes": order.upper()}),
            ONE,
            GRAY,
            None,
        )
        for order in ("xyz", "yxz", "zxy", "xzy", "yzx")
    },
    "thumbnail at the end": (with_thumbnail(first=False), ONE, GRAY, None),
    "thumbnail first": (with_thumbnail(first=True), ONE, GRAY, None),
    "OME in nm": (
        ome_tiff(
            GRAY,
            "ZYX",
            **{f"PhysicalSize{a}": 500 for a in "XYZ"},
            **{f"PhysicalSize{a}Unit": "nm" for a in "XYZ"},
        ),
        {},
        GRAY,
        HALF,
    ),
    "OME in µm and mm": (
        ome_tiff(GRAY, "ZYX", **{**OME, "PhysicalSizeZ": 5e-4, "PhysicalSizeZUnit": "mm"}),
        {},
        GRAY,
        HALF,
    ),
    "OME of one channel": (ome_tiff(GRAY[None], "CZYX", **OME), {}, GRAY, HALF),
    "pages without zeros": (pages(numbered("s{0}.tif")), ONE, GRAY, None),
    "pages with a date": (pages(numbered("{0:02d}_20240301.tif")), ONE, GRAY, None),
    "pages counted backwards": (pages(numbered("s{2:02d}.tif")), ONE, GRAY[::-1], None),
    "pages of so many": (pages(numbered("s{0:02d}of09.tif")), ONE, GRAY, None),
    "pages with two spellings": (
        pages([f"s{z}.{'tif' if z % 2 else 'TIF'}" for z in range(9)]),
        ONE,
        GRAY,
        None,
    ),
    "pages of a Mac": (
        pages(numbered("s{0}.tif"), extra=[(f"._s{z}.tif", b"?") for z in range(9)]),
        ONE,
        GRAY,
        None,
    ),
    "pages of Windows": (
        pages(numbered("s{0}.tif"), extra=[("Thumbs.db", b"?"), ("scan.log", b"?")]),
        ONE,
        GRAY,
        None,
    ),
    "pages of two channels": (
        pages(
            [f"z{z}_ch0{c}.tif" for z in range(9) for c in (0, 1)],
            [plane for page in GRAY for plane in (page, 255 - page)],
        ),
        {**ONE, "series": "z#_ch00.tif"},
        GRAY,
        None,
    ),
    "PNG with a grey palette": (pages(numbered("s{0}.png"), write=picture("P")), ONE, GRAY, None),
    "PNG, grey and opaque": (pages(numbered("s{0}.png"), write=picture("LA")), ONE, GRAY, None),
    "PNG of 16 bits": (pages(numbered("s{0}.png"), WIDE, write=imageio.imwrite), ONE, WIDE, None),
    "BMP": (pages(numbered("s{0}.bmp"), write=picture("L")), ONE, GRAY, None),
    "PNG of one bit": (
        pages(numbered("s{0}.png"), 255 * PHASE, write=picture("1")),
        {**LABELS, "phases": {0: "pore", 255: "solid"}},
        PHASE,
        None,
    ),
    "NumPy, Fortran and big endian": (npy(np.asfortranarray(WIDE.astype(">u2"))), ONE, WIDE, None),
    "NumPy in x, y, z": (npy(ordered("xyz")), {**ONE, "axes": "xyz"}, GRAY, None),
    "NumPy of channels": (
        npy(np.stack([OTHER, GRAY], 1)),
        {**ONE, "axes": "zcyx", "channel": 1},
        GRAY,
        None,
    ),
    "NumPy, one channel last": (npy(GRAY[..., None]), ONE, GRAY, None),
    "NumPy of 64 bits": (npy(GRAY.astype("u8") << 40), ONE, GRAY.astype("u8") << 40, None),
    "npz of one volume": (npz(v=GRAY, angles=np.zeros(3)), ONE, GRAY, None),
    "MATLAB's stack": (mat(v=ordered("yxz")), {**ONE, "axes": "yxz"}, GRAY, None),
    "NRRD spacings": (
        nrrd_of(GRAY, spacings=[0.25, 0.5, 1.0], units=["um"] * 3),
        {},
        GRAY,
        (1, 0.5, 0.25),
    ),
    "NRRD in mm": (
        nrrd_of(GRAY, **directions([1e-3, 0, 0], [0, 2e-3, 0], [0, 0, 3e-3], unit="mm")),
        {},
        GRAY,
        (3, 2, 1),
    ),
    "NRRD turned": (
        nrrd_of(GRAY, **directions([1, 0.5, 0], [-0.5, 1, 0], [0, 0, 1])),
        {},
        GRAY,
        (1, 1.25**0.5, 1.25**0.5),
    ),
    "NRRD in x, z, y": (
        nrrd_of(ordered("yzx"), **directions([1, 0, 0], [0, 0, 3], [0, 2, 0])),
        {},
        GRAY,
        (3, 2, 1),
    ),
    "NRRD of a vector": (
        nrrd_of(
            np.stack([OTHER, GRAY]), kinds=["domain"] * 3 + ["vector"], spacings=[1, 1, 1, np.nan]
        ),
        {**ONE, "channel": 1, "axes": "czyx"},
        GRAY,
        None,
    ),
    "NRRD behind a line": (detached("line skip: 1", before=b"made by\n"), ONE, GRAY, None),
    "NRRD at the end": (detached("byte skip: -1", before=b"what came before"), ONE, GRAY, None),
    **{
        f"NeXus {order}": (nexus(order), {}, GRAY, (1, 0.5, 0.25))
        for order in ("xyz", "yxz", "zyx", "xzy")
    },
    "NeXus in mm": (nexus("zyx", "mm", 1e-3), {}, GRAY, (1, 0.5, 0.25)),
    "ilastik zyxc": (tagged(GRAY[..., None], "zyxc"), ONE, GRAY, None),
    "ilastik tzyxc": (tagged(GRAY[None, ..., None], "tzyxc"), ONE, GRAY, None),
    "ilastik xyz": (tagged(ordered("xyz"), "xyz"), ONE, GRAY, None),
    "HDF5, big endian": (dataset(WIDE.astype(">u2")), ONE, WIDE, None),
    "HDF5 with names": (dataset(ordered("xyz"), "xyz"), ONE, GRAY, None),
    "HDF5 element size": (dataset(GRAY, element_size_um=[1, 0.5, 0.25]), {}, GRAY, (1, 0.5, 0.25)),
    **{
        f"OME-Zarr {order}": (
            ome_zarr(
                {"0": (ordered(order), [{"z": 1, "y": 0.5, "x": 0.25}[a] for a in order])}, order
            ),
            {},
            GRAY,
            (1, 0.5, 0.25),
        )
        for order in ("xyz", "yxz", "zyx")
    },
    "OME-Zarr 0.5 in nm": (
        ome_zarr({"0": (GRAY, (1e3, 500, 250))}, unit="nanometer", version="0.5"),
        {},
        GRAY,
        (1, 0.5, 0.25),
    ),
    "OME-Zarr, one channel": (
        ome_zarr({"0": (GRAY[None], (1, 1, 0.5, 0.25))}, "czyx"),
        {},
        GRAY,
        (1, 0.5, 0.25),
    ),
    "OME-Zarr, small level first": (
        ome_zarr({"s": (GRAY[::2, ::2, ::2], (2, 2, 2)), "f": (GRAY, (1, 1, 1))}),
        {},
        GRAY,
        (1, 1, 1),
    ),
    "Zarr 3 in x, y, z": (zarr_of(ordered("xyz"), dimension_names=list("xyz")), ONE, GRAY, None),
    "Zarr 2, big endian": (zarr_of(WIDE.astype(">u2"), zarr_format=2), ONE, WIDE, None),
    "Zarr 2, Fortran": (zarr_of(GRAY, zarr_format=2, order="F"), ONE, GRAY, None),
    "raw": (raw(GRAY.tobytes()), as_raw("u1"), GRAY, None),
    "raw behind a header": (raw(bytes(512) + GRAY.tobytes()), as_raw("u1", header=512), GRAY, None),
    "raw, big endian": (raw(WIDE.astype(">u2").tobytes()), as_raw(">u2"), WIDE, None),
    "raw in x, y, z": (
        raw(ordered("xyz").tobytes()),
        as_raw("u1", GRAY.shape[::-1], axes="xyz"),
        GRAY,
        None,
    ),
}


@pytest.mark.parametrize("name", READ)
def test_a_file_comes_back_as_it_was_meant(tmp_path, name):
    make, options, expected, size = READ[name]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "v.* does not say what its labels mean|Duplicate|.*zarr")
        path = make(tmp_path)
        volume = pf.read(path, **options)
    array = volume["phase" if options.get("kind") == "phase" else "gray"]
    np.testing.assert_array_equal(array.values, expected)
    np.testing.assert_allclose(volume.attrs["voxel_size"], size or (1, 1, 1), rtol=1e-6)
