"""Files that could be meant in two ways, or that lose something: doubted in words, or refused."""

import warnings

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile

import poreflux as pf
from poreflux.errors import TooLarge, UnreadableImage
from tests.readers.brought import (
    COLOURED,
    GRAY,
    LABELS,
    NAMED,
    ONE,
    OTHER,
    PHASE,
    WIDE,
    as_raw,
    dataset,
    directions,
    edited,
    hdf5,
    imagej,
    mat,
    nexus,
    npy,
    npz,
    nrrd_of,
    numbered,
    odd_page,
    ome_tiff,
    ome_zarr,
    pages,
    picture,
    raw,
    tagged,
    tiff,
    two_series,
    zarr_of,
)

#: what was written, how it is read, and a word of what is said
SAID = {
    "ImageJ, slices called times": (
        imagej(GRAY, "TYX"),
        {},
        "9 times are taken as slices",
    ),
    "16 bits, white is zero": (tiff(65535 - WIDE, photometric="miniswhite"), ONE, "WhiteIsZero"),
    "labels, white is zero": (tiff(PHASE, photometric="miniswhite"), NAMED, "WhiteIsZero"),
    "floats, white is zero": (
        tiff(GRAY.astype("f4"), photometric="miniswhite"),
        ONE,
        "WhiteIsZero",
    ),
    "one bit": (tiff(PHASE.astype(bool), photometric="minisblack"), ONE, "True and False"),
    "a palette of colours": (tiff(GRAY, photometric="palette", colormap=COLOURED), ONE, "palette"),
    "JPEG in TIFF": (tiff(GRAY, compression="jpeg"), ONE, "as JPEG: grey values may not be"),
    "JPEG in pages of TIFF": (
        pages(numbered("s{0}.tif"), write=lambda p, a: tifffile.imwrite(p, a, compression="jpeg")),
        ONE,
        "as JPEG: grey values may not be",
    ),
    "JPEG": (pages(numbered("s{0}.jpg"), write=picture("L")), ONE, "compressed with loss"),
    "PNG, transparent": (
        pages(numbered("s{0}.png"), [np.dstack([a] * 4) for a in GRAY], imageio.imwrite),
        ONE,
        "transparent",
    ),
    "every other page": (pages(numbered("s{1:03d}.tif")), ONE, "steps of 2"),
    "boolean": (npy(PHASE.astype(bool)), ONE, "True and False"),
    "labels": (npy(PHASE), LABELS, "where 1 is the pore"),
    "MATLAB without axes": (mat(v=GRAY), ONE, "does not name its axes"),
    "HDF5 with a value for none": (
        dataset(GRAY.astype("i2"), _FillValue=np.int16(60)),
        ONE,
        "60 stands for no value",
    ),
    "HDF5, scaled": (dataset(GRAY, scale_factor=2.0), ONE, "scales its values"),
    "Zarr with a value for none": (
        zarr_of(GRAY, attrs={"missing_value": 60}),
        ONE,
        "60 stands for no value",
    ),
    "TIFF with a value for none": (
        tiff(GRAY, metadata=None, extratags=[(42113, 2, 3, "60", True)]),
        ONE,
        "60 stands for no value",
    ),
    "raw in the wrong byte order": (raw(WIDE.astype(">u2").tobytes()), as_raw("<u2"), "byte order"),
    "raw floats in the wrong order": (
        raw(GRAY.astype(">f4").tobytes()),
        as_raw("<f4"),
        "byte order",
    ),
    "raw, y and x exchanged": (
        raw(GRAY.tobytes()),
        as_raw("u1", (9, 17, 14)),
        "in the order z, y, x",
    ),
    "another voxel size": (imagej(GRAY, "ZYX"), ONE, "is given and taken"),
}

#: what was written, how it is read, and a word of the refusal
REFUSED = {
    "ImageJ in pixels": (imagej(GRAY, "ZYX", unit="pixel", spacing=0.5), {}, "give voxel_size"),
    "ImageJ, one of two": (
        imagej(np.stack([np.stack([OTHER, GRAY], 1)] * 2), "TZCYX"),
        {"channel": 1},
        "time=",
    ),
    "ImageJ in colour": (imagej(np.stack([GRAY, OTHER, GRAY], -1), "ZYXS"), ONE, "colours"),
    "ImageJ announces more": (
        edited(imagej(GRAY, "ZYX"), b"images=9", b"images=12"),
        ONE,
        "cut short|pages",
    ),
    "ImageJ announces fewer": (
        edited(imagej(GRAY, "ZYX"), b"slices=9", b"slices=5"),
        ONE,
        "tell 5",
    ),
    "OME announces fewer": (
        edited(ome_tiff(GRAY, "ZYX"), b'SizeZ="9"', b'SizeZ="5"'),
        ONE,
        "tell 5",
    ),
    "OME of two images": (two_series, ONE, "2 series"),
    "OME without slice distance": (
        ome_tiff(GRAY, "ZYX", PhysicalSizeX=0.5, PhysicalSizeY=0.5),
        {},
        "along z",
    ),
    "complex": (tiff(GRAY.astype("c8")), ONE, "unknown kind"),
    "two values in a pixel": (
        tiff(np.stack([GRAY, OTHER], -1), photometric="minisblack", planarconfig="contig"),
        ONE,
        "colours",
    ),
    "a page of another type": (odd_page(lambda page: page.astype("u2")), ONE, "differ"),
    "a page of another size": (odd_page(lambda page: page[:-1].copy()), ONE, "differ"),
    "a page turned over": (
        odd_page(lambda page: 255 - page, photometric="miniswhite"),
        ONE,
        "photometric",
    ),
    "resolution of a printer": (
        tiff(GRAY, resolution=(72, 72), resolutionunit="INCH"),
        {},
        "how large a voxel is",
    ),
    "pages with letters": (pages([f"s_{letter}.tif" for letter in "abcdefghi"]), ONE, "series"),
    "an empty page": (pages(numbered("s{0}.tif"), extra=[("s4.tif", b"")]), ONE, "s4.tif"),
    "a folder of stacks": (pages(["s0.tif", "s1.tif"], [GRAY[:5], GRAY[4:]]), ONE, "5 pages"),
    "coloured pages": (
        pages(numbered("s{0}.tif"), [np.dstack([a, 255 - a, a]) for a in GRAY]),
        ONE,
        "colours",
    ),
    "TIFF and PNG": (
        pages([f"s{z}.{'tif' if z < 5 else 'png'}" for z in range(9)], write=imageio.imwrite),
        ONE,
        "series",
    ),
    "NumPy of four axes": (npy(np.stack([GRAY, OTHER], 1)), ONE, "axes"),
    "NumPy of colours": (npy(np.stack([GRAY] * 3, -1)), ONE, "axes"),
    "NumPy of objects": (npy(GRAY.astype(object)), ONE, "numbers"),
    "NumPy of nothing": (npy(np.zeros((0, 4, 5), "u1")), ONE, "axes"),
    "NumPy of one plane": (npy(GRAY[0]), ONE, "axes"),
    "NumPy of long doubles": (npy(GRAY.astype(np.longdouble)), ONE, "save it as float64"),
    "npz of two volumes": (npz(a=GRAY, b=OTHER), ONE, "dataset="),
    "labels of 1 and 2": (npy(PHASE + 1), LABELS, "2"),
    "labels below zero": (npy(PHASE.astype("i2") - 1), LABELS, "-1"),
    "labels and NaN": (npy(np.where(GRAY > 170, np.nan, PHASE)), LABELS, "without a label"),
    "MATLAB, two variables": (mat(v=GRAY, w=OTHER), ONE, "dataset="),
    "MATLAB, a structure": (mat(v={"a": GRAY}), ONE, "v.mat"),
    "NRRD without units": (nrrd_of(GRAY, spacings=[0.25, 0.5, 1.0]), {}, "give voxel_size"),
    "NRRD askew": (
        nrrd_of(GRAY, **directions([1, 0, 0], [0.5, 1, 0], [0, 0, 1])),
        {},
        "right angles",
    ),
    "NRRD of channels": (
        nrrd_of(np.stack([OTHER, GRAY]), kinds=["domain"] * 3 + ["vector"]),
        ONE,
        "channel=",
    ),
    "NeXus without units": (nexus("zyx", ""), {}, "give voxel_size"),
    "probabilities of ilastik": (tagged(np.stack([GRAY, OTHER], -1), "zyxc"), ONE, "channel="),
    "HDF5, compound": (dataset(np.zeros((3, 4, 5), [("a", "u1")])), ONE, "real numbers"),
    "HDF5, two volumes": (
        hdf5(lambda file: [file.create_dataset(name, data=GRAY) for name in "ab"]),
        ONE,
        "dataset=",
    ),
    "HDF5, projections": (
        hdf5(
            lambda file: [
                file.create_dataset("exchange/data", data=GRAY),
                file.create_dataset("exchange/theta", data=np.arange(9.0)),
            ]
        ),
        ONE,
        "projections",
    ),
    "OME-Zarr, two channels": (
        ome_zarr({"0": (np.stack([GRAY, OTHER]), (1, 1, 1, 1))}, "czyx"),
        {},
        "channel=",
    ),
    "OME-Zarr without unit": (ome_zarr({"0": (GRAY, (1, 1, 1))}, unit=None), {}, "give voxel_size"),
    "OME-Zarr, two images": (
        ome_zarr({"a": (GRAY, (1, 1, 1)), "b": (OTHER, (1, 1, 1))}, images=2),
        {},
        "2 images",
    ),
    "raw, too long": (raw(GRAY.tobytes() + b"?"), as_raw("u1"), "bytes"),
    "raw without a shape": (raw(GRAY.tobytes()), ONE, "shape"),
}


@pytest.mark.parametrize("name", SAID)
def test_what_decides_a_number_is_said(tmp_path, name):
    make, options, word = SAID[name]
    path = make(tmp_path)
    with pytest.warns(UserWarning, match=word):
        volume = pf.read(path, **options)
    assert any(word in note for note in volume.attrs["history"][0]["parameters"]["notes"])


def read_all(path, options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for array in pf.read(path, **options).values():
            array.compute()


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_another_volume_is_refused(tmp_path, name):
    make, options, word = REFUSED[name]
    path = make(tmp_path)
    with pytest.raises((UnreadableImage, ValueError, TooLarge), match=word):
        read_all(path, options)


@pytest.mark.parametrize("name", [name for name in SAID if "value for none" in name])
def test_a_value_for_none_is_outside_of_the_sample(tmp_path, name):
    make, options, word = SAID[name]
    with pytest.warns(UserWarning, match=word):
        volume = pf.read(make(tmp_path), **options)
    np.testing.assert_array_equal(volume["mask"].values, GRAY != 60)
