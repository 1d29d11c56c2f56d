"""Bad input ends with one sentence and leaves nothing half-made."""

import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tifffile

from tests.cli.command import inside, poreflux, refused


@pytest.fixture(scope="module")
def made(scan, tmp_path_factory):
    """Return a folder with a store of the crop, and the same segmented."""
    folder = tmp_path_factory.mktemp("made")
    words = ("import", scan, "gray.zarr", "--voxel-size", "0.92")
    assert inside(*words, cwd=folder).status == 0
    shutil.copytree(folder / "gray.zarr", folder / "vol.zarr")
    assert inside("segment", "vol.zarr", cwd=folder).status == 0
    return folder


@pytest.fixture
def store(made):
    """Return a store of the crop, not segmented."""
    return made / "gray.zarr"


@pytest.fixture
def phases(made):
    """Return a segmented store of the crop."""
    return made / "vol.zarr"


def importing(path, folder, *words):
    return inside("import", path, "new.zarr", *(words or ("--voxel-size", "1")), cwd=folder)


def test_a_missing_file(tmp_path):
    refused(importing("nothing.tif", tmp_path), 1, "nothing.tif", "not there")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder(tmp_path):
    (tmp_path / "scan").mkdir()
    refused(importing("scan", tmp_path), 1, "scan")
    assert [path.name for path in tmp_path.iterdir()] == ["scan"]


def test_pages_of_mixed_sizes(tmp_path):
    (tmp_path / "scan").mkdir()
    for k, edge in enumerate((8, 8, 9)):
        tifffile.imwrite(tmp_path / "scan" / f"{k}.tif", np.zeros((edge, 8), np.uint8))
    refused(importing("scan", tmp_path), 1, "2.tif")
    assert not (tmp_path / "new.zarr").exists()


def test_a_truncated_tiff(scan, tmp_path):
    whole = scan.read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) // 2])
    refused(importing("cut.tif", tmp_path), 1, "cut.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["cut.tif"]


def test_a_file_that_is_no_image(tmp_path):
    (tmp_path / "notes.tif").write_text("not an image")
    refused(importing("notes.tif", tmp_path), 1, "notes.tif")


@pytest.mark.parametrize("length", ["nan", "-0.92", "0", "inf", "one", "1,2", "1,-2,3"])
def test_a_voxel_size_that_is_no_length(scan, tmp_path, length):
    refused(importing(scan, tmp_path, f"--voxel-size={length}"), 2, "voxel")
    assert list(tmp_path.iterdir()) == []


def test_a_voxel_size_that_nobody_gave(scan, tmp_path):
    refused(importing(scan, tmp_path, "--kind", "gray"), 2, "--voxel-size")
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_exists(store, scan):
    before = sorted(store.rglob("*"))
    refused(
        inside("import", scan, store, "--voxel-size", "5", cwd=store.parent),
        1,
        "gray.zarr",
        "--overwrite",
    )  # fmt: skip
    assert sorted(store.rglob("*")) == before


def test_a_constant_image(tmp_path):
    tifffile.imwrite(tmp_path / "flat.tif", np.full((6, 7, 8), 9, np.uint8))
    assert importing("flat.tif", tmp_path).status == 0
    before = sorted((tmp_path / "new.zarr").rglob("*"))
    refused(inside("segment", "new.zarr", cwd=tmp_path), 2, "nothing to separate")
    assert sorted((tmp_path / "new.zarr").rglob("*")) == before


@pytest.mark.parametrize("verb", ["measure", "solve tortuosity"])
def test_a_direction_that_is_no_dimension(phases, verb, tmp_path):
    ran = inside(*verb.split(), phases, "--direction", "w", cwd=tmp_path)
    refused(ran, 2, "'w'", "'z', 'y', 'x'")
    assert not (tmp_path / "results.zarr").exists()


def test_a_phase_that_is_not_there(phases, tmp_path):
    refused(inside("measure", phases, "--phase", "binder", cwd=tmp_path), 2, "binder", "pore")
    words = ("solve", "tortuosity", phases, "--conductivity", "binder=1")
    refused(inside(*words, cwd=tmp_path), 2, "binder", "electrolyte")
    assert not (tmp_path / "results.zarr").exists()


@pytest.mark.parametrize("verb", ["measure", "solve tortuosity"])
def test_grey_values_without_phases(store, verb, tmp_path):
    refused(inside(*verb.split(), store, cwd=tmp_path), 2, "phase", "segment")


@pytest.mark.parametrize(
    "words, said",
    [
        ("solve tortuosity {} --conductivity electrolyte", "electrolyte=1.0,binder=0.1"),
        ("solve tortuosity {} --conductivity electrolyte=-1", "electrolyte"),
        ("solve tortuosity {} --rtol 2", "rtol"),
        ("solve tortuosity {} --sides open", "insulated"),
        ("solve tortuosity {} --blocks 4,4", "--blocks"),
        ("solve tortuosity {} --blocks 400", "400"),
        ("measure {} --blocks 0", "blocks"),
        ("segment {} --method magic", "otsu"),
        ("segment {} --threshold dark --method threshold", "--threshold"),
        ("segment {} --phases pore", "--phases"),
    ],
)
def test_options_that_make_no_sense(phases, tmp_path, words, said):
    refused(inside(*words.format(phases).split(), cwd=tmp_path), 2, said)
    assert not (tmp_path / "results.zarr").exists()


@pytest.mark.parametrize("verb", ["segment", "measure", "solve tortuosity", "verify", "report"])
def test_a_store_that_is_not_there(verb, tmp_path):
    ran = inside(*verb.split(), "nothing.zarr", cwd=tmp_path)
    refused(ran, 1, "nothing.zarr")
    assert list(tmp_path.iterdir()) == []


def test_a_volume_is_no_results(phases, tmp_path):
    refused(inside("report", phases, "--out", "r.html", cwd=tmp_path), 2, "measure")
    assert not (tmp_path / "r.html").exists()


def test_results_of_another_volume_are_kept(phases, scan, tmp_path):
    assert inside("measure", phases, "--out", "r.zarr", cwd=tmp_path).status == 0
    inside("import", scan, "other.zarr", "--voxel-size", "2", cwd=tmp_path)
    inside("segment", "other.zarr", cwd=tmp_path)
    refused(inside("measure", "other.zarr", "--out", "r.zarr", cwd=tmp_path), 1, "another volume")


@pytest.mark.skipif(shutil.which("unshare") is None or os.getuid() != 0, reason="needs root")
def test_a_full_disk_and_the_same_command_afterwards(crop, tmp_path):
    """On a file system too small for the store; when there is room the import goes on."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 65536, (96, 128, 128)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "noise.tif", noise)
    (tmp_path / "small").mkdir()
    script = (
        "mount -t tmpfs -o size=2m tmpfs small && cd small || exit 99; "
        "{} import ../noise.tif v.zarr --voxel-size 1 --chunk 64; first=$?; "
        "test ! -e v.zarr || exit 98; mount -o remount,size=30m . ; "
        "{} import ../noise.tif v.zarr --voxel-size 1 --chunk 64 >/dev/null && "
        "{} verify v.zarr >/dev/null || exit 97; exit $first"
    ).replace("{}", f"{sys.executable} -m poreflux")
    ran = subprocess.run(
        ["unshare", "-m", "bash", "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    if ran.returncode == 99:
        pytest.skip("no mount is allowed here")
    said = [line for line in ran.stderr.splitlines() if line.startswith("poreflux: ")]
    assert ran.returncode == 1, ran.stderr
    assert len(said) == 1
    assert "full" in said[0] or "disk" in said[0]
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_one_line_and_the_import_goes_on_afterwards(tmp_path, asked):
    """Ctrl-C, or what a queue sends before the time of a job is up."""
    noise = np.random.default_rng(2).integers(0, 255, (512, 256, 256), np.uint8)
    tifffile.imwrite(tmp_path / "big.tif", noise)
    words = ["import", "big.tif", "v.zarr", "--voxel-size", "1", "--chunk", "32"]
    partial = tmp_path / "v.zarr.partial"
    child = subprocess.Popen(
        [sys.executable, "-m", "poreflux", *words],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        # what a shell starts in the background ignores interrupts, and so do its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    while not (partial / "data/gray/c/0").exists() and child.poll() is None:
        time.sleep(0.002)
    child.send_signal(asked)
    said = child.communicate(timeout=60)[1].splitlines()
    assert child.returncode == 130, said
    assert said[-1].startswith("poreflux: interrupted")
    assert not any("Traceback" in line for line in said)
    assert not (tmp_path / "v.zarr").exists()
    assert not list(partial.glob("holder*"))  # a process on another node need not wait for it
    assert poreflux(*words, cwd=tmp_path).status == 0
    assert poreflux("verify", "v.zarr", cwd=tmp_path).status == 0
    assert not partial.exists()
