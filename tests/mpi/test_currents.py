"""Real processes under mpiexec find the current at an electrode that the serial driver finds."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import poreflux
from poreflux import results
from poreflux.transport.electrode.conditions import conditions
from poreflux.transport.electrode.kinetics import Kinetics
from poreflux.transport.parallel import reading as mpi_reading
from poreflux.transport.parallel.electrode import Task, memory
from poreflux.transport.parallel.partition import partition
from tests.mpi import currents
from tests.mpi.currents import CASES
from tests.mpi.launch import ROOT, TIMEOUT, environment, finish, solve_all, start

pytestmark = pytest.mark.mpi

LAWS = ("primary", "linear", "butler-volmer")

FIELDS = ("cell_potential", "cell_current_density")

#: what all processes refuse, and its words
REFUSED = [
    {"memory": 100 * 2**20},
    {"contact": [[1, 0]]},
    {"field": "no.zarr"},
    {"petsc_options": ["-ksp_max_it", "2"]},
    {"petsc_options": ["-ksp_max_it", "1000", "-ksp_type", "pipecg"]},
]
WORDS = [
    r"the current through 33x14x17 voxels needs 0.[23]\d? GiB on each of \d processes, 0.098 GiB",
    r"the contact mask has shape \(1, 2\); the face across z has \(14, 17\) voxels",
    "no.zarr",
    "PETSc gave up after 2 iterations",
    "the current takes plain conjugate gradients; leave -ksp_type out",
]


class Together(NamedTuple):
    """What so many processes found of each case, the folder of their stores, and what they said."""

    processes: int
    found: dict
    folder: Path
    said: dict


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    currents.save_all(folder)
    dense = poreflux.from_array(np.ones((11, 8, 9), np.uint8), voxel_size=currents.VOXEL)
    poreflux.save(dense, folder / "dense.zarr", chunk=16)
    return folder


@pytest.fixture(scope="module")
def alone(stores):
    """Return the serial driver's results of each case, and its fields."""
    found = {}
    for name in CASES:
        target = stores / f"{name} alone.zarr"
        shutil.copytree(stores / f"{name}.zarr", target)
        options = currents.options_of(name)
        made = poreflux.interfacial_current(poreflux.open(target), field=target, **options)
        fields = poreflux.open(target)
        found[name] = made, {key: fields[key].load() for key in FIELDS if key in fields}
    return found


@pytest.fixture(scope="module", params=[1, 2, 3, 4])
def together(request, stores, tmp_path_factory):
    """Return what so many processes found of each case, and the folder of their stores."""
    folder = tmp_path_factory.mktemp(f"together{request.param}")
    cases = []
    for name in CASES:
        path = folder / f"{name}.zarr"
        shutil.copytree(stores / f"{name}.zarr", path)
        case = {"path": str(path), "field": str(path), "results": str(folder / name)}
        cases.append({**case, **currents.options_of(name)})
    again = {"path": str(stores / "odd.zarr"), "results": str(folder / "again")}
    again |= currents.options_of("odd")
    dense = {"path": str(stores / "dense.zarr"), "contact": 1.0, "drive": "equipotential"}
    solved = {"again": again, **{f"dense {name}": {**dense, "kinetics": name} for name in LAWS}}
    for name, case in solved.items():
        cases.append({**case, "results": str(folder / name)})
    wrong = [{**again, **words} for words in REFUSED]
    names = [*CASES, *solved]
    said = solve_all(request.param, [*cases, *wrong])
    found = {name: pickle.loads((folder / name).read_bytes()) for name in names}
    return Together(request.param, found, folder, dict(zip([*names, *range(9)], said)))


@pytest.mark.parametrize("name", CASES)
def test_any_number_of_processes_finds_the_dataset_of_one(together, alone, name):
    found, expected = together.found[name], alone[name][0]
    currents.assert_same(found, expected)
    if name != "blocked":
        mean = expected.current_density_mean.item()
        assert found.current_density_mean.item() == pytest.approx(mean, rel=1e-8)


@pytest.mark.parametrize("name", [name for name in CASES if name != "blocked"])
def test_what_enters_leaves(together, name):
    found = together.found[name]
    assert found.current_mismatch.item() < 1e-8
    assert found.current_flux_imbalance.item() < 1e-6
    assert found.current_residual.item() < 1e-6


@pytest.mark.parametrize("law", LAWS)
def test_a_slab_that_is_solved_from_the_start_is_exact(together, law):
    found = together.found[f"dense {law}"]
    np.testing.assert_allclose(found.current_density, 1.0, rtol=1e-7)
    ohmic = 11 * 0.7e-6 / 0.1 * 1e4
    thermal, i0 = Kinetics(law).thermal, Kinetics("linear").thermal / 0.8e-4
    interface = {"primary": 0.0, "linear": 0.8, "butler-volmer": 2e3 * thermal * np.arcsinh(5 / i0)}
    expected = pytest.approx(ohmic + interface[law], rel=1e-9)
    assert found.area_specific_resistance.item() == expected


def test_no_way_to_the_contact_is_an_answer(together):
    found = together.found["blocked"]
    assert found.contact_fraction.item() == 0
    assert found.area_specific_resistance.item() == np.inf


@pytest.mark.parametrize("name", [name for name in CASES if name != "blocked"])
def test_fields_that_all_write_are_those_of_one(together, alone, name):
    found = poreflux.open(together.folder / f"{name}.zarr")
    for key, expected in alone[name][1].items():
        size = np.nanmax(np.abs(expected.values))
        np.testing.assert_allclose(found[key].values, expected.values, rtol=0, atol=1e-6 * size)
        assert found[key].attrs == expected.attrs
    assert poreflux.verify(together.folder / f"{name}.zarr") == []


def test_the_same_processes_find_the_same_bits(together):
    found = together.found
    assert found["odd"].identical(found["again"])


def test_processes_without_planes_rest_and_say_so(together):
    boxes = partition((7, 16, 15), together.processes, 16).boxes
    idle = together.processes - boxes
    said = [f"{idle} of {together.processes} processes stay idle"] if idle else []
    assert [notice.split(":")[0] for notice in together.said["thin"]["notices"]] == said


def test_progress_is_told_of_the_bulk_and_of_each_step_of_newton(together):
    told = together.said["odd"]["told"]
    assert told[0].startswith("bulk, iteration 1")
    assert any(note.startswith("Newton step 2") for note in told)


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_all_processes_refuse_is_one_sentence(together, number):
    assert re.search(WORDS[number], together.said[number]["refused"])


def test_what_one_process_raises_ends_all_with_one_sentence(stores, tmp_path):
    spec = tmp_path / "cases.json"
    case = {"path": str(stores / "odd.zarr"), "results": str(tmp_path / "r"), "raise": [0, 5]}
    spec.write_text(json.dumps([case]))
    done = finish(start(2, "-m", "tests.mpi.body", spec))
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["poreflux: process 0 of 2: a cosmic ray"]
    assert not (tmp_path / "found.json").exists()


def test_the_job_script_gives_the_command_line_to_many_processes(stores, alone, tmp_path):
    own = Path(sys.executable).parent
    variables = environment() | {"PATH": f"{own}:{os.environ['PATH']}"}
    variables |= {"LAUNCH": f"{own / 'mpiexec'} -n 2", "SLURM_CPUS_PER_TASK": "1"}
    words = ["bash", "deploy/slurm/current.sbatch", stores / "odd.zarr", tmp_path / "out", "--json"]
    words += ["--contact", 0.85, "--rtol", currents.RTOL, "--wagner-lengths", "0,2,40"]
    words += ["-ksp_monitor", f"ascii:{tmp_path}/norms"]
    done = subprocess.run(
        list(map(str, words)), env=variables, cwd=ROOT, capture_output=True, text=True,
        timeout=TIMEOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    expected = alone["odd"][0]
    numbers = json.loads(done.stdout)["numbers"]["current_density_cv"]["direction"]["z"]
    assert numbers["value"] == pytest.approx(expected.current_density_cv.item(), rel=1e-6)
    found = results.open(tmp_path / "out" / "current.zarr")
    for name in ("current_density", "sweep_current_density_max"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)
    assert (tmp_path / "norms").read_text().count("KSP Residual norm") > 9


def test_a_dry_run_says_what_each_process_would_take(stores):
    verb = ["-m", "poreflux", "solve", "current", stores / "odd.zarr", "--solver", "petsc"]
    done = finish(start(2, *verb, "--dry-run", "--json"))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["dry_run"]
    stored_phase = mpi_reading.read_stored_phase(stores / "odd.zarr", "z")
    task = Task(conditions(), {"electrolyte": 0.1}, [], np.ones((14, 17), bool))
    layout = partition(stored_phase.shape, 2, stored_phase.chunk[0])
    each = [memory(stored_phase, layout, task, box) for box in range(2)]
    assert told["processes"] == 2
    assert told["process_memory_bytes"] == max(each)
    assert told["memory_bytes"] == sum(each)


def test_a_process_starts_without_what_only_the_first_needs():
    heavy = {"xarray", "dask", "pandas", "mpi4py", "petsc4py"}
    module = "poreflux.transport.parallel.interfacial_current"
    code = f"import sys, {module}; print({heavy} & set(sys.modules))"
    done = finish(start(1, "-c", code))
    assert done.stdout.strip() == "set()", done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "shape, options",
    [
        ((160, 160, 160), {}),
        ((16, 500, 500), {}),
        ((16, 500, 500), {"drive": "equipotential", "wagner_lengths": [0.0, 9.0]}),
    ],
)
def test_a_process_takes_the_memory_that_is_forecast(tmp_path, shape, options):
    labels = (np.random.default_rng(2).random(shape) < 0.85).astype(np.uint8)
    store = poreflux.save(poreflux.from_array(labels), tmp_path / "vol.zarr")
    case = {"path": str(store), "results": str(tmp_path / "r"), "threads": 1, **options}
    stored_phase = mpi_reading.read_stored_phase(store, "z")
    lengths = options.pop("wagner_lengths", [])
    task = Task(conditions(**options), {"electrolyte": 0.1}, lengths, np.ones(shape[1:], bool))
    forecast = memory(
        stored_phase, partition(stored_phase.shape, 2, stored_phase.chunk[0]), task, 0
    )
    # half of it are libraries, which differ between machines
    assert 0.8 * forecast < solve_all(2, [case])[0]["peak"] < 1.05 * forecast
