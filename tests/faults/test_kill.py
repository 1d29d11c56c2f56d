"""A process killed at any moment leaves no half-made store, and the same call completes it."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from poreflux import store
from tests.faults.killing import SCENARIOS, tree
from tests.faults.table import record, tries

ROOT = Path(__file__).parents[2]


#: fault -> (its name in the table, how each try ends)
FAULTS = {
    "KILL": ("SIGKILL before a step", "no half store; the same call ends in the same bytes"),
    "EIO": ("EIO at a step", "one sentence, no half store; the same call ends in the same bytes"),
}


def stopped(folder, *faults: str) -> dict:
    """Return what came of each scenario and fault, all in one process that is forked."""
    command = [sys.executable, "-m", "tests.faults.killing", str(folder), *faults]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    verdicts = json.loads(out.stdout)
    assert list(verdicts) == list(SCENARIOS)
    return verdicts


def wrong(verdict: dict) -> list:
    return [verdict[key] for key in ("visible", "unlike", "left", "said") if verdict[key]]


@pytest.mark.timeout(tries(300, 3000))
def test_a_stop_at_any_step_leaves_nothing_half_made(quick_folder):
    verdicts = stopped(quick_folder, f"KILL:1:{tries(7, 1)}", f"EIO:1:{tries(19, 1)}")
    for scenario, by_fault in verdicts.items():
        for fault, verdict in by_fault.items():
            name, ending = FAULTS[fault]
            count = sum(map(len, wrong(verdict)))
            record(name, f"store: {scenario}", verdict["kills"], count, ending)
            assert wrong(verdict) == [], (scenario, fault)
            assert verdict["kills"] > 4, (scenario, fault)


@pytest.mark.slow
def test_another_four_hundred_kills_leave_nothing_half_made(quick_folder):
    verdicts = [each["KILL"] for each in stopped(quick_folder, "KILL:2:2").values()]
    assert [wrong(verdict) for verdict in verdicts if wrong(verdict)] == []
    assert sum(verdict["kills"] for verdict in verdicts) > 400


@pytest.mark.slow
def test_kills_at_random_times_end_in_the_same_bytes(tmp_path, rng):
    np.save(tmp_path / "gray.npy", rng.integers(0, 99, (256, 256, 256)).astype(np.uint8))
    code = (
        "import sys; from poreflux import read, save\n"
        "volume = read(sys.argv[1], voxel_size=1)\n"
        "print('begun', flush=True)\n"
        "save(volume, sys.argv[2], chunk=32)"
    )

    def start(target):
        command = [sys.executable, "-c", code, str(tmp_path / "gray.npy"), str(target)]
        return subprocess.Popen(command, stdout=subprocess.PIPE)

    def finish(process):
        with process:
            process.stdout.read()
        return process.returncode

    assert finish(start(tmp_path / "whole.zarr")) == 0
    target, pauses = tmp_path / "killed.zarr", random.Random(1)
    killed = 0
    for _ in range(4):
        process = start(target)
        process.stdout.readline()
        time.sleep(pauses.uniform(0, 0.8))
        process.send_signal(signal.SIGKILL)
        killed += finish(process) == -signal.SIGKILL
        assert not target.exists() or store.verify(target) == []
    assert killed > 0
    assert finish(start(target)) == 0
    assert tree(target) == tree(tmp_path / "whole.zarr")


def test_two_processes_do_not_write_one_store(tmp_path):
    from poreflux import from_array
    from poreflux.errors import StoreExists
    from poreflux.store.partial import making

    with making(tmp_path / "v.zarr"), pytest.raises(StoreExists, match="another process"):
        store.save(from_array(np.ones((3, 3, 3), np.uint8)), tmp_path / "v.zarr")
    store.save(from_array(np.ones((3, 3, 3), np.uint8)), tmp_path / "v.zarr")
    assert [p.name for p in tmp_path.iterdir()] == ["v.zarr"]


def test_writers_that_meet_at_any_step_never_harm_each_other(tmp_path):
    command = [sys.executable, "-m", "tests.faults.interleaving", str(tmp_path), "30", "200"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    verdict = json.loads(out.stdout)
    ending = "one writes, the others are refused and touch nothing"
    record("two or three writers, switched between at any step", "store: all writes",
           verdict["schedules"], len(verdict["wrong"]), ending)  # fmt: skip
    assert verdict["wrong"] == []
    assert verdict["schedules"] > 1000
    assert min(verdict["crashes"], verdict["refused"], verdict["made"]) > 100
