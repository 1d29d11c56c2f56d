"""Limits of the shell end in a sentence; what takes long once says so."""

import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from poreflux.cli.limits import CORE, LIBRARIES
from poreflux.machine import available_cores
from tests.cli.command import inside, poreflux, refused


def enough() -> int:
    """Return the kilobytes of address space that are said to suffice."""
    return (LIBRARIES + CORE * available_cores()) // 1024 + 1000


def limited(kilobytes: int) -> tuple[str, ...]:
    return "sh", "-c", f'ulimit -v {kilobytes}; exec "$@"', "sh"


@pytest.fixture(scope="module")
def labels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limited")
    values = np.random.default_rng(2).random((20, 21, 22)) < 0.8
    np.save(folder / "l.npy", values.astype(np.uint8))
    named = ("--kind", "phase", "--phases", "0=pore,1=electrolyte")
    assert inside("import", "l.npy", "v.zarr", "--voxel-size", "1", *named, cwd=folder).status == 0
    np.save(folder / "g.npy", (60 * values + 40).astype(np.uint8))
    assert inside("import", "g.npy", "g.zarr", "--voxel-size", "1", cwd=folder).status == 0
    return folder


@pytest.mark.parametrize("kilobytes", [500_000, 1_000_000])
def test_an_address_space_too_small_for_the_libraries_is_refused_at_once(labels, kilobytes):
    ran = poreflux("measure", "v.zarr", cwd=labels, prefix=limited(kilobytes))
    refused(ran, 1, "ulimit -v", "GiB")
    assert not (labels / "results.zarr").exists()


@pytest.mark.slow
def test_a_verb_runs_in_the_address_space_that_is_said_to_suffice(labels):
    ran = poreflux("measure", "v.zarr", "--out", "r.zarr", cwd=labels, prefix=limited(enough()))
    assert ran.status == 0, ran.err


@pytest.mark.slow
def test_a_volume_too_large_for_the_address_space_is_refused_with_numbers(tmp_path):
    from poreflux import from_array, save

    save(from_array(np.ones((400, 400, 400), np.uint8)), tmp_path / "v.zarr")
    ran = poreflux("solve", "tortuosity", "v.zarr", cwd=tmp_path, prefix=limited(enough()))
    refused(ran, 1, "400x400x400", "GiB are free")


@pytest.mark.slow
def test_the_first_compilation_says_that_it_happens_once(labels, tmp_path):
    words = ("measure", "v.zarr", "--only", "chords", "--out", tmp_path / "r.zarr")
    cold = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_DISABLE_JIT": "0"}
    first = poreflux(*words, cwd=labels, **cold)
    assert first.err.count("compiling kernels, once on this machine, up to a minute") == 1
    assert "compiling" not in poreflux(*words, cwd=labels, **cold).err


def test_what_a_run_has_finished_goes_to_the_scratch_folder(labels, tmp_path, monkeypatch):

    kept = []
    monkeypatch.setattr(shutil, "rmtree", lambda path, **_: kept.append(path))
    words = ("solve", "tortuosity", "v.zarr", "--blocks", "1,1,2", "--out", tmp_path / "r.zarr")
    assert inside(*words, "--scratch", tmp_path, cwd=labels).status == 0
    (folder,) = [path for path in tmp_path.iterdir() if path.suffix == ".blocks"]
    assert folder in kept
    assert folder.name.startswith("r.zarr-")
    assert any(folder.iterdir())


def test_a_scratch_folder_that_is_not_there_is_refused(labels):
    words = ("solve", "tortuosity", "v.zarr", "--scratch", "nowhere")
    refused(inside(*words, cwd=labels), 2, "--scratch nowhere")


def test_output_to_a_full_device_is_a_sentence(labels):
    line = f"{sys.executable} -m poreflux verify v.zarr > /dev/full"
    ran = subprocess.run(["sh", "-c", line], cwd=labels, capture_output=True, text=True)
    assert ran.returncode == 1
    assert (
        ran.stderr.splitlines()[-1] == "poreflux: what was to be printed: no space left on device"
    )
    assert "Exception ignored" not in ran.stderr


def test_a_reader_of_the_output_that_leaves_is_no_failure_of_ours(labels):
    line = f"{sys.executable} -m poreflux measure --help | head -1"
    ran = subprocess.run(["sh", "-c", line], cwd=labels, capture_output=True, text=True)
    assert ran.stderr == ""


@pytest.mark.parametrize("words", ["verify v.zarr >&-", "verify v.zarr --json >&-", "verify n >&-"])
def test_a_closed_stdout_is_no_traceback(labels, words):
    line = f"{sys.executable} -m poreflux {words}"
    ran = subprocess.run(["sh", "-c", line], cwd=labels, capture_output=True, text=True)
    assert "Traceback" not in ran.stderr
    assert "Exception" not in ran.stderr


@pytest.mark.parametrize(
    "words, place",
    [
        ("segment {}/g.zarr", "g.zarr"),
        ("solve tortuosity {}/v.zarr --out {}/r.zarr", "r.zarr"),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                ("measure {}/v.zarr --out {}/r.zarr", "r.zarr"),
                ("measure {}/v.zarr --labels --out r.zarr", "v.zarr"),
                ("measure {}/v.zarr --table {}/t.csv --out r.zarr", "t.csv"),
                ("solve tortuosity {}/v.zarr --field --out r.zarr", "v.zarr"),
                ("solve current {}/v.zarr --out {}/r.zarr", "r.zarr"),
            )
        ),
    ],
)
def test_a_read_only_target_is_found_before_the_work(labels, tmp_path, words, place):
    mount = f"mount --bind {labels} {labels} && mount -o remount,ro,bind {labels} || exit 99"
    line = f"{mount}; exec {sys.executable} -m poreflux {words.replace('{}', str(labels))}"
    ran = subprocess.run(
        ["unshare", "-m", "sh", "-c", line], cwd=tmp_path, capture_output=True, text=True
    )
    if ran.returncode == 99 or "unshare" in ran.stderr:
        pytest.skip("no mount is allowed here")
    (said,) = ran.stderr.splitlines()  # no line of progress before it
    assert said.startswith("poreflux: ")
    assert f"{place} cannot be written: Read-only file system" in said
    assert list(tmp_path.iterdir()) == []


def test_tiny_chunks_by_the_million_are_refused_with_numbers(tmp_path):
    np.save(tmp_path / "g.npy", np.zeros((100, 100, 100), np.uint8))
    words = ("import", "g.npy", "v.zarr", "--voxel-size", "1", "--chunk", "1")
    refused(inside(*words, cwd=tmp_path), 2, "--chunk 1", "1000000 chunks", "16 or more")
    assert [path.name for path in tmp_path.iterdir()] == ["g.npy"]


def test_a_scheduler_that_does_not_answer_is_named_within_seconds(labels, tmp_path):
    words = ("measure", labels / "v.zarr", "--scheduler", "tcp://127.0.0.1:1")
    begun = time.monotonic()
    refused(inside(*words, cwd=tmp_path), 1, "no dask scheduler at tcp://127.0.0.1:1")
    assert time.monotonic() - begun < 20
