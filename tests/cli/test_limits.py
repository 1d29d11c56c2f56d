"""Limits of the shell end in a sentence; what takes long once says so."""

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
    return folder


@pytest.mark.parametrize("kilobytes", [500_000, 1_000_000])
def test_an_address_space_too_small_for_the_libraries_is_refused_at_once(labels, kilobytes):
    ran = poreflux("measure", "v.zarr", cwd=labels, prefix=limited(kilobytes))
    refused(ran, 1, "ulimit -v", "GiB")
    assert not (labels / "results.zarr").exists()


def test_a_verb_runs_in_the_address_space_that_is_said_to_suffice(labels):
    ran = poreflux("measure", "v.zarr", "--out", "r.zarr", cwd=labels, prefix=limited(enough()))
    assert ran.status == 0, ran.err


def test_a_volume_too_large_for_the_address_space_is_refused_with_numbers(tmp_path):
    from poreflux import from_array, save

    save(from_array(np.ones((400, 400, 400), np.uint8)), tmp_path / "v.zarr")
    ran = poreflux("solve", "tortuosity", "v.zarr", cwd=tmp_path, prefix=limited(enough()))
    refused(ran, 1, "400x400x400", "GiB are free")


def test_the_first_compilation_says_that_it_happens_once(labels, tmp_path):
    words = ("measure", "v.zarr", "--only", "chords", "--out", tmp_path / "r.zarr")
    cold = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_DISABLE_JIT": "0"}
    first = poreflux(*words, cwd=labels, **cold)
    assert first.err.count("compiling kernels, once on this machine, up to 20 s") == 1
    assert "compiling" not in poreflux(*words, cwd=labels, **cold).err


def test_what_a_run_has_finished_goes_to_the_scratch_folder(labels, tmp_path, monkeypatch):
    from poreflux.cli import solve

    kept = []
    monkeypatch.setattr(solve.shutil, "rmtree", lambda path, **_: kept.append(path))
    words = ("solve", "tortuosity", "v.zarr", "--blocks", "1,1,2", "--out", tmp_path / "r.zarr")
    assert inside(*words, "--scratch", tmp_path, cwd=labels).status == 0
    (folder,) = [path for path in tmp_path.iterdir() if path.suffix == ".blocks"]
    assert folder in kept
    assert folder.name.startswith("r.zarr-")
    assert any(folder.iterdir())


def test_a_scratch_folder_that_is_not_there_is_refused(labels):
    words = ("solve", "tortuosity", "v.zarr", "--scratch", "nowhere")
    refused(inside(*words, cwd=labels), 2, "--scratch nowhere")
