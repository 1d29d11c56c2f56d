"""What is no volume is refused in one sentence that says what came, before anything is written."""

import zipfile

import h5py
import numpy as np
import pytest
import tifffile

from poreflux import store
from poreflux.errors import UnreadableImage
from poreflux.readers import read
from tests.readers.files import FORMATS

STACK = np.arange(6 * 40 * 50, dtype=np.uint16).reshape(6, 40, 50)


def missing(folder):
    return folder / "nowhere.tif", {}


def empty_folder(folder):
    (folder / "empty").mkdir()
    return folder / "empty", {}


def folder_of_other_files(folder):
    (folder / "png").mkdir()
    (folder / "png" / "a.png").write_bytes(b"\x89PNG")
    return folder / "png", {}


def folder_of_one_page(folder):
    (folder / "one").mkdir()
    tifffile.imwrite(folder / "one" / "a.tif", STACK[0])
    return folder / "one", {}


def folder_of_stacks(folder):
    (folder / "two").mkdir()
    for name in ("a1", "a2"):
        tifffile.imwrite(folder / "two" / f"{name}.tif", STACK)
    return folder / "two", {}


def pages_of_mixed_sizes(folder):
    path, _ = FORMATS["tiff folder"](folder, STACK)
    tifffile.imwrite(path / "scan_7.tif", STACK[0, :-1])
    return path, {}


def pages_of_mixed_kinds(folder):
    path, _ = FORMATS["tiff folder"](folder, STACK)
    tifffile.imwrite(path / "scan_7.tif", STACK[0].astype(np.uint8))
    return path, {}


def stack_of_mixed_sizes(folder):
    path = folder / "mixed.tif"
    with tifffile.TiffWriter(path) as file:
        for plane in (STACK[0], STACK[1], STACK[2, :30]):
            file.write(plane)
    return path, {}


def cut(name, share):
    def make(folder):
        path, options = FORMATS[name](folder, STACK)
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
        return path, options

    return make


def one_image(folder):
    path = folder / "flat.tif"
    tifffile.imwrite(path, STACK[0])
    return path, {}


def colours(folder):
    path = folder / "rgb.tif"
    tifffile.imwrite(path, np.zeros((4, 30, 40, 3), np.uint8), photometric="rgb")
    return path, {}


def text_named_tiff(folder):
    path = folder / "notes.tif"
    path.write_text("These are notes on the scan.")
    return path, {}


def empty_file(folder):
    path = folder / "void.tif"
    path.touch()
    return path, {}


def unknown_file(folder):
    path = folder / "scan.xyz"
    path.write_bytes(b"12345678")
    return path, {}


def flat_array(folder):
    path = folder / "flat.npy"
    np.save(path, STACK[0])
    return path, {}


def objects(folder):
    path = folder / "objects.npy"
    np.save(path, np.array([[[{}]]]), allow_pickle=True)
    return path, {}


def complex_numbers(folder):
    path = folder / "complex.npy"
    np.save(path, STACK.astype(complex))
    return path, {}


def wrong_dataset(folder):
    path, _ = FORMATS["hdf5 exchange"](folder, STACK)
    return path, {"dataset": "exchange/dtaa"}


def two_volumes(folder):
    path = folder / "two.h5"
    with h5py.File(path, "w") as file:
        file["one"] = file["two"] = STACK
    return path, {}


def projections(folder):
    path, _ = FORMATS["hdf5 exchange"](folder, STACK)
    with h5py.File(path, "r+") as file:
        file["exchange/theta"] = np.arange(6.0)
    return path, {}


def raw_too_short(folder):
    path, options = FORMATS["raw"](folder, STACK)
    return path, {**options, "shape": (7, 40, 50)}


def raw_too_long(folder):
    path, options = FORMATS["raw"](folder, STACK)
    return path, {**options, "shape": (5, 40, 50)}


def ome_without_its_array(folder):
    path, _ = FORMATS["ome-zarr 0.4"](folder, STACK)
    (path / "0" / ".zarray").unlink()
    return path, {}


UNREADABLE = [
    (missing, "is not there"),
    (empty_folder, "it is empty"),
    (folder_of_other_files, "a.png"),
    (folder_of_one_page, "one image of shape 40x50"),
    (folder_of_stacks, "has 6 pages"),
    (pages_of_mixed_sizes, "scan_7.tif is 50x39"),
    (pages_of_mixed_kinds, "of 8 bits"),
    (stack_of_mixed_sizes, "page 3 is 50x30"),
    (cut("tiff", 0.5), "cut short"),
    (cut("tiff deflate", 0.5), "cut short"),
    (cut("tiff deflate", 0.999), "cut short"),
    (cut("hdf5 exchange", 0.5), "truncated"),
    (cut("npy", 0.9), "cut short"),
    (cut("mat 5", 0.5), "cut short"),
    (cut("nrrd raw", 0.9), "cut short"),
    (cut("npz", 0.9), "NumPy"),
    (one_image, "one image of shape 40x50"),
    (colours, "3 colours"),
    (text_named_tiff, "begins with b'Thes'"),
    (empty_file, "begins with b''"),
    (unknown_file, "begins with b'1234'"),
    (flat_array, "one image of shape 40x50"),
    (objects, "object"),
    (complex_numbers, "complex128"),
    (wrong_dataset, "exchange/data 6x40x50"),
    (two_volumes, "2 arrays of three axes"),
    (projections, "6 projections"),
    (raw_too_short, "makes 28000"),
    (raw_too_long, "has 24000 bytes"),
    (ome_without_its_array, "lacks its array 0"),
]


@pytest.mark.parametrize("make, says", UNREADABLE, ids=lambda case: getattr(case, "__name__", None))
def test_a_file_that_is_no_volume_is_refused_in_one_sentence(tmp_path, make, says):
    path, options = make(tmp_path)
    with pytest.raises(UnreadableImage) as caught:
        read(path, voxel_size=1, **options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nrrd gzip", "npz packed"])
def test_a_packed_file_cut_short_leaves_no_store(tmp_path, name):
    path, options = cut(name, 0.7)(tmp_path)
    with pytest.raises(UnreadableImage):
        store.save(read(path, voxel_size=1, **options), tmp_path / "v.zarr")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["nrrd gzip", "npz packed", "mat 5 packed"])
def test_a_bit_flipped_in_a_packed_file_is_noticed(tmp_path, name):
    # the last bytes hold checksums; before them, any bit changes what is unpacked
    path, options = FORMATS[name](tmp_path, np.full((40, 40, 50), 3, np.uint16))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with pytest.raises(UnreadableImage):
        store.save(read(path, voxel_size=1, **options), tmp_path / "v.zarr")


def test_a_page_damaged_inside_leaves_no_store_and_is_named(tmp_path):
    path, _ = FORMATS["tiff deflate"](tmp_path, STACK)
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        at = file.pages[3].dataoffsets[0]
    content[at : at + 20] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(UnreadableImage, match="page 4"):
        store.save(read(path, voxel_size=1), tmp_path / "v.zarr")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "options, says",
    [
        ({"voxel_size": float("nan")}, "nan"),
        ({"voxel_size": -1}, "-1"),
        ({"voxel_size": 0}, "not a length"),
        ({"voxel_size": (1, 2)}, "three for"),
        ({"voxel_size": float("inf")}, "inf"),
        ({}, "does not say how large a voxel is"),
        ({"voxel_size": 1, "kind": "grey"}, "choose 'gray' or 'phase'"),
        ({"voxel_size": 1, "axes": "zzy"}, "zzy"),
        ({"voxel_size": 1, "phases": {0: "pore"}}, "kind='phase'"),
        ({"voxel_size": 1, "dataset": "a"}, "no series 'a'"),
        ({"voxel_size": 1, "header": 3}, "leave it out"),
        ({"voxel_size": 1, "series": "a#.tif"}, "folders of pages"),
        ({"voxel_size": 1, "channel": 1}, "no such axis"),
        ({"voxel_size": 1, "shape": (6, 40, 50)}, "dtype"),
        ({"voxel_size": 1, "shape": (6, 40), "dtype": "u2"}, "6x40"),
        ({"voxel_size": 1, "shape": (6, 40, 50), "dtype": "nonsense"}, "nonsense"),
        ({"voxel_size": 1, "shape": (6, 40, -50), "dtype": "u2"}, "-50"),
    ],
)
def test_a_wrong_argument_is_refused_before_any_work(tmp_path, options, says):
    path, _ = FORMATS["tiff"](tmp_path, STACK)
    with pytest.raises(ValueError, match=says):
        read(path, **options)


def test_projections_of_a_real_scan_are_refused(shared_data):
    with pytest.raises(UnreadableImage, match="181 projections in exchange/data"):
        read(shared_data / "tooth.h5", voxel_size=1)


def test_a_raw_file_asks_for_its_shape(tmp_path):
    path, _ = FORMATS["raw"](tmp_path, STACK)
    with pytest.raises(ValueError, match="shape"):
        read(path, voxel_size=1)


def test_a_filter_that_is_not_installed_is_named(tmp_path):
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w") as file:
        space = h5py.h5s.create_simple(STACK.shape)
        options = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        options.set_chunk((6, 40, 50))
        # an optional filter is left out on writing; the chunk is written as if it had been applied
        options.set_filter(32008, h5py.h5z.FLAG_OPTIONAL)
        made = h5py.h5d.create(file.id, b"data", h5py.h5t.NATIVE_UINT16, space, options)
        made.write_direct_chunk((0, 0, 0), STACK.tobytes(), filter_mask=0)
    with pytest.raises(UnreadableImage, match=r"poreflux\[hdf5\]"):
        read(path, voxel_size=1)


def test_a_file_that_unpacks_beyond_all_measure_is_refused_before_it_does(tmp_path):
    path = tmp_path / "bomb.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive,
        archive.open("a.npy", "w") as file,
    ):
        header = {"descr": "|u1", "fortran_order": False, "shape": (400, 420, 430)}
        np.lib.format.write_array_header_1_0(file, header)
        for _ in range(400):
            file.write(bytes(420 * 430))
    assert path.stat().st_size < 10_000
    with pytest.raises(UnreadableImage, match=r"KiB and says that it holds 0.07 GiB"):
        read(path, voxel_size=1)


def test_a_constant_volume_that_is_packed_well_is_no_bomb(tmp_path):
    np.savez_compressed(tmp_path / "flat.npz", a=np.zeros((400, 420, 430), np.uint8))
    assert read(tmp_path / "flat.npz", voxel_size=1).gray.shape == (400, 420, 430)
