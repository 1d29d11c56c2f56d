"""Real processes under mpiexec give what the serial driver gives."""

import json
import shutil

import numpy as np
import pytest

import poreflux
from poreflux.transport.parallel.partition import partition
from tests.mpi.launch import finish, solve_all, start
from tests.mpi.performance_model import PROOF_REDUCTIONS, proof_traffic, traffic

pytestmark = pytest.mark.mpi

RTOL = 1e-12

#: large enough for two grids to be worked on boxes
SHARED = (128, 72, 72)

#: shape (z, y, x), phases that conduct, options
CASES = {
    "odd": ((33, 26, 21), {"electrolyte": 1.0}, {}),
    "thin": ((7, 30, 18), {"electrolyte": 1.0}, {}),
    "along x": ((14, 22, 37), {"electrolyte": 1.0}, {"direction": "x"}),
    "periodic": ((24, 17, 20), {"electrolyte": 1.0}, {"sides": "periodic", "direction": "z"}),
    "two phases": ((20, 19, 26), {"electrolyte": 1.0, "binder": 0.1}, {"direction": "y"}),
    "shared grids": (SHARED, {"electrolyte": 1.0}, {}),
    "blocked": ((12, 11, 10), {"electrolyte": 1.0}, {}),
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Return a folder of stores, one a case, with voxels of unequal edges and small chunks."""
    folder = tmp_path_factory.mktemp("stores")
    rng = np.random.default_rng(7)
    for name, (shape, _, _) in CASES.items():
        labels = (rng.random(shape) < 0.8).astype(np.uint8)
        labels[(rng.random(shape) < 0.15) & (labels == 1)] = 2
        if name == "blocked":
            labels[5] = 0
        phases = {0: "pore", 1: "electrolyte", 2: "binder"}
        volume = poreflux.from_array(labels, voxel_size=(0.8, 1.0, 1.3), phases=phases)
        poreflux.save(volume, folder / f"{name}.zarr", chunk=16)
    return folder


@pytest.fixture(scope="module")
def alone(stores):
    """Return the serial driver's results of each case, and its potential."""
    found = {}
    for name, (_, conductivity, options) in CASES.items():
        volume = poreflux.open(stores / f"{name}.zarr").load()
        target = stores / f"{name} alone.zarr"
        shutil.copytree(stores / f"{name}.zarr", target)
        results = poreflux.tortuosity_factor(
            poreflux.open(target), conductivity=conductivity, rtol=RTOL, field=target, **options
        )
        fields = poreflux.open(target)
        found[name] = results, fields["potential"].values if "potential" in fields else None
        assert volume.phase.shape == CASES[name][0]
    return found


@pytest.fixture(scope="module", params=[1, 2, 3, 4])
def together(request, stores, alone, tmp_path_factory):
    """Return how many processes there were, what they found of each case, and their folder."""
    folder = tmp_path_factory.mktemp(f"together{request.param}")
    cases = []
    for name, (_, conductivity, options) in CASES.items():
        path = folder / f"{name}.zarr"
        shutil.copytree(stores / f"{name}.zarr", path)
        case = {"path": str(path), "field": str(path), "check": name != "shared grids"}
        cases.append({**case, "conductivity": conductivity, "rtol": RTOL, **options})
    again = {key: value for key, value in cases[0].items() if key not in ("field", "check")}
    many = {"path": str(stores / "shared grids.zarr"), "rtol": RTOL}
    found = solve_all(request.param, [*cases, again, {**many, "rtol": 1e-4}, many])
    return request.param, dict(zip([*CASES, "again", "few", "many"], found)), folder


@pytest.mark.parametrize("name", [name for name in CASES if name != "blocked"])
def test_any_number_of_processes_finds_what_one_finds(together, alone, name):
    _, found, folder = together
    expected, potential = alone[name]
    for key in ("tortuosity_factor", "effective_conductivity", "percolating_fraction"):
        assert found[name][key] == pytest.approx(expected[key].item(), rel=1e-10)
    assert abs(found[name]["iterations"] - expected["iterations"].item()) <= 2
    field = poreflux.open(folder / f"{name}.zarr")["potential"].values
    np.testing.assert_allclose(field, potential, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "name", [name for name in CASES if name not in ("blocked", "shared grids")]
)
def test_an_assembled_matrix_with_algebraic_multigrid_agrees(together, name):
    assert together[1][name]["check_difference"] < 1e-9


def test_current_in_and_out_and_through_every_plane_is_the_same(together):
    assert together[1]["odd"]["flux_imbalance"] < 1e-5


def test_nothing_percolates_is_an_answer(together):
    found = together[1]["blocked"]
    assert found["tortuosity_factor"] == np.inf
    assert found["effective_conductivity"] == found["iterations"] == 0


def test_the_same_processes_find_the_same_bits(together):
    found = together[1]
    assert found["odd"]["tortuosity_factor"] == found["again"]["tortuosity_factor"]
    assert found["odd"]["residual"] == found["again"]["residual"]


def test_processes_without_planes_rest_and_say_so(together):
    processes, found, _ = together
    boxes = partition((7, 30, 18), processes, 16).boxes
    said = [f"{processes - boxes} of {processes} processes stay idle"] if boxes < processes else []
    assert [notice.split(":")[0] for notice in found["thin"]["notices"]] == said


SENT = ("messages", "message_bytes", "joined_bytes")


def test_messages_and_sums_of_an_iteration_are_those_of_the_model(together):
    processes, found, _ = together
    few, many = found["few"], found["many"]
    steps = many["iterations"] - few["iterations"]
    assert steps >= 3
    layout = partition(SHARED, processes, 16)
    assert processes == 1 or layout.grids == 2
    counted = traffic(SHARED, layout, 0)
    proofs = many["proofs"] - few["proofs"]
    proof = proof_traffic(SHARED, layout, 0, many["edges"], many["nodes"])
    for name in SENT:
        expected = steps * getattr(counted, name) + proofs * getattr(proof, name)
        assert many[name] - few[name] == expected, name
    assert many["reductions"] - few["reductions"] == steps + proofs * PROOF_REDUCTIONS


def test_the_command_line_speaks_with_one_voice_and_hands_words_to_petsc(stores, alone, tmp_path):
    words = ["-m", "poreflux", "solve", "tortuosity", stores / "odd.zarr", "--rtol", RTOL, "--json"]
    words += ["--out", tmp_path / "r.zarr", "--solver", "petsc", "--threads", 1]
    done = finish(start(2, *words, "-ksp_monitor", f"ascii:{tmp_path}/norms", "-ksp_max_it", 90))
    assert done.returncode == 0, done.stderr
    numbers = json.loads(done.stdout)["numbers"]["tortuosity_factor"]["direction"]["z"]
    expected = alone["odd"][0]
    assert numbers["value"] == pytest.approx(expected.tortuosity_factor.item(), rel=1e-10)
    kinds = {error["kind"] for error in numbers["uncertainties"]}
    assert kinds >= {"solver", "discretisation"}  # by the first process
    lines = (tmp_path / "norms").read_text().splitlines()
    assert len(lines) == expected.iterations.item() + 1
    assert not (tmp_path / "r.zarr.checkpoint").exists()


def test_other_methods_of_petsc_stop_at_the_same_error(stores, alone):
    case = {"path": str(stores / "shared grids.zarr"), "rtol": RTOL, "threads": 1}
    methods = [["-ksp_type", method] for method in ("pipecg", "fcg")]
    expected = alone["shared grids"][0].tortuosity_factor.item()
    for found in solve_all(2, [{**case, "petsc_options": words} for words in methods]):
        assert found["tortuosity_factor"] == pytest.approx(expected, rel=1e-9)


def test_the_serial_driver_needs_no_mpi():
    code = "import sys, poreflux; poreflux.tortuosity_factor; print('mpi4py' in sys.modules)"
    done = finish(start(1, "-c", code))
    assert done.stdout.strip() == "False", done.stderr
