"""A solve for the current that is killed or stopped goes on from where it was."""

import json
import math
import os
import pickle
import re
import signal

import numpy as np
import pytest

import poreflux
from poreflux.transport.electrode.voxels import BULK_ERROR
from tests.mpi import currents
from tests.mpi.launch import solve_all, start
from tests.mpi.test_failures import Watched, kill_one, terminate

pytestmark = pytest.mark.mpi


#: of the way to the answer, which is another one
WAY = (*currents.WAY, "newton_steps")


def assert_within_errors(found, expected) -> None:
    """Compare all numbers: they may differ by the errors of both, the bulk's among them."""
    assert set(found.variables) == set(expected.variables)
    for name, values in expected.data_vars.items():
        if name.removeprefix("sweep_") in WAY or name.endswith("_solver_error"):
            continue
        if values.dtype.kind != "f":
            np.testing.assert_array_equal(found[name].values, values)
            continue
        error = f"{name}_solver_error"
        size = np.abs(values.values[np.isfinite(values.values)]).max(initial=0)
        both = [float(each[error].max()) for each in (found, expected) if error in each]
        close = {"rtol": currents.SAME, "atol": sum(both) + 1e-9 * size, "err_msg": name}
        if name.endswith(("_feed", "_constriction")):
            # they share the rest by the currents of the bulk, which are right to the root of what
            # its energy is right to
            close["rtol"] = math.sqrt(BULK_ERROR)
        np.testing.assert_allclose(found[name].values, values, **close)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    currents.save_all(folder)
    return folder


def case_of(name, stores, tmp_path) -> dict:
    return {
        "path": str(stores / f"{name}.zarr"),
        "results": str(tmp_path / "found"),
        "checkpoint": str(tmp_path / "kept"),
        "minutes": 0.0,
        "threads": 1,
        **currents.options_of(name),
    }


def interrupted(case, tmp_path, note, how) -> Watched:
    """Start a solve, and end it when it has told of a note."""
    spec = tmp_path / "cases.json"
    spec.write_text(json.dumps([{**case, "pause": 0.1}]))
    watched = Watched(start(2, "-m", "tests.mpi.body", spec))
    watched.wait_for_note(note)
    how(watched.run)
    watched.status = watched.leave()
    return watched


@pytest.mark.parametrize(
    "name, note, how, processes",
    [
        ("odd", "bulk, iteration 3", terminate, 1),
        ("steep", "Newton step 2", kill_one, 2),
        pytest.param(
            "steep from one potential", "Newton step 1", terminate, 3, marks=pytest.mark.slow
        ),
    ],
)
def test_what_is_stopped_goes_on_to_the_same_current(stores, tmp_path, name, note, how, processes):
    case = case_of(name, stores, tmp_path)
    watched = interrupted(case, tmp_path, note, how)
    assert (tmp_path / "kept" / "zarr.json").exists(), "".join(watched.lines)
    if how is terminate:
        said = json.loads((tmp_path / "found.json").read_text())[0]["refused"]
        assert re.match(r"stopped after iteration \d+, as asked; it is saved in", said)
    else:
        assert watched.status != 0
    found = solve_all(processes, [case])[0]
    assert found["notices"][0].startswith("going on from iteration")
    if note.startswith("Newton"):
        assert not any(line.startswith("bulk") for line in found["told"])
        steps = [int(n) for line in found["told"] for n in re.findall(r"^Newton step (\d+)", line)]
        assert steps[0] >= int(note.split()[-1])
    assert not (tmp_path / "kept").exists()
    volume = poreflux.open(case["path"])
    expected = poreflux.interfacial_current(volume, **currents.options_of(name))
    stopped = pickle.loads((tmp_path / "found").read_bytes())
    assert_within_errors(stopped, expected)


def test_a_checkpoint_of_other_conditions_is_left_alone(stores, tmp_path):
    case = case_of("steep", stores, tmp_path)
    interrupted(case, tmp_path, "Newton step 1", terminate)
    other = {**case, "applied": 15.0}
    found = solve_all(1, [other])[0]
    assert not any("going on" in line for line in found["notices"])


def test_a_save_is_asked_for_by_a_signal(stores, tmp_path):
    case = {**case_of("odd", stores, tmp_path), "minutes": 60.0}
    spec = tmp_path / "cases.json"
    spec.write_text(json.dumps([{**case, "pause": 0.1}]))
    watched = Watched(start(2, "-m", "tests.mpi.body", spec))
    watched.wait_for_note("bulk, iteration 2")
    assert not (tmp_path / "kept").exists()
    os.kill(watched.run.pid, signal.SIGUSR1)
    watched.wait_until((tmp_path / "kept" / "zarr.json").exists)
    assert watched.leave() == 0
    assert not (tmp_path / "kept").exists()
