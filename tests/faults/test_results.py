"""Whatever byte of results is lost or altered, `verify` names it, and it is not opened."""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import poreflux
from poreflux import results
from poreflux.errors import DamagedStore, PorefluxError
from poreflux.phantoms import random_sites
from tests.faults.killing import tree
from tests.faults.table import record, tries

DAMAGES = [tries(20, 220), pytest.param(190, marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    volume = random_sites((16, 17, 18), 0.3, seed=2)
    metrics = (poreflux.porosity, poreflux.porosity_profile, poreflux.block_porosity)
    found = [metric(volume) for metric in metrics]
    found += [poreflux.tortuosity_factor(volume, direction=d) for d in "zx"]
    return results.save(
        poreflux.collect(*found, volume=volume), tmp_path_factory.mktemp("whole") / "r.zarr"
    )


def flip(path: Path, rng: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def truncate(path: Path, rng: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))])


def delete(path: Path, rng: random.Random) -> None:
    path.unlink()


def replace(path: Path, rng: random.Random) -> None:
    """Put another file of the same kind in its place."""
    root = next(each for each in path.parents if each.name == "r.zarr")
    others = [each for each in root.rglob("*") if each.is_file() and each.name == path.name]
    others = [each for each in others if each.read_bytes() != path.read_bytes()]
    if others:
        path.write_bytes(rng.choice(sorted(others)).read_bytes())
    else:
        flip(path, rng)


def remove_array(path: Path, rng: random.Random) -> None:
    arrays = sorted(each for each in path.parents if each.parent.name == "r.zarr")
    if arrays:
        shutil.rmtree(arrays[0])
    else:
        path.unlink()


@pytest.mark.parametrize("count", DAMAGES)
@pytest.mark.parametrize("damage", [flip, truncate, delete, replace, remove_array])
def test_any_damage_is_named_and_not_opened(whole, damage, count, quick_folder):
    rng = random.Random(f"{damage.__name__} {count}")
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    missed, opened = [], []
    for number in range(count):
        work = quick_folder / str(number) / "r.zarr"
        shutil.copytree(whole, work)
        file = rng.choice(files)
        damage(work / file, rng)
        if not poreflux.verify(work):
            missed.append(file)
        try:
            results.open(work)
            opened.append(file)
        except (PorefluxError, FileNotFoundError, ValueError):
            pass
        shutil.rmtree(work)
    fault = f"a file: {damage.__name__.replace('_', ' ')}"
    wrong = len(missed) + len(opened)
    record(fault, "results: open, verify", count, wrong, "named by verify, not opened")
    assert missed == opened == []


def test_an_array_or_chunk_that_was_added_is_named(whole, tmp_path):
    for place in ("added/zarr.json", "porosity_profile/c/7"):
        work = tmp_path / place.replace("/", "-") / "r.zarr"
        shutil.copytree(whole, work)
        (work / place).parent.mkdir(exist_ok=True)
        (work / place).write_bytes(b"{}")
        (damage,) = poreflux.verify(work)
        assert "was not there" in str(damage)
        with pytest.raises(DamagedStore):
            results.open(work)


def test_whole_results_have_no_damage(whole):
    assert poreflux.verify(whole) == []


def test_a_second_run_leaves_the_same_bytes(tmp_path):
    volume = random_sites((16, 17, 18), 0.3, seed=2)

    def run(direction):
        found = poreflux.porosity(volume), poreflux.tortuosity_factor(volume, direction=direction)
        return results.update(poreflux.collect(*found, volume=volume), tmp_path / "r.zarr")

    path = run("z")
    before = tree(path)
    assert tree(run("z")) == before
    run("x")
    before = tree(path)
    assert tree(run("x")) == tree(run("z")) == before


def test_numbers_keep_their_kind_when_others_join(tmp_path):
    import xarray as xr

    small = xr.Dataset({"phase_slice": (("a", "b"), np.ones((2, 3), np.uint8))})
    path = results.save(small, tmp_path / "r.zarr")
    results.update(xr.Dataset({"voxels": 3, "phase_slice": small.phase_slice}), path)
    results.update(xr.Dataset({"porosity": 0.5}), path)
    assert results.open(path).phase_slice.dtype == np.uint8


STOPS = """
import json, shutil, sys
from pathlib import Path
import numpy as np
import poreflux as pf
from poreflux import results
from tests.faults.killing import in_child, load

folder, first = Path(sys.argv[1]), json.loads(sys.argv[2])
made = pf.collect(pf.porosity(pf.phantoms.uniform((4, 4, 4))))
old, new = (made.assign(porosity=made.porosity + change) for change in (0.1, 0.2))
(folder / "start").mkdir()
results.save(old, folder / "start/r.zarr")

def overwrite(place):
    results.save(new, place / "r.zarr", overwrite=True)

def begin(name):
    shutil.copytree(folder / "start", folder / name)
    return folder / name

load(overwrite, begin("loading"))
steps = in_child(overwrite, begin("whole"), None)
wrong, tried = [], 0
for step in range(int(first * steps), steps + 1):
    place = begin(f"stop-{step}")
    in_child(overwrite, place, step, "EIO")
    tried += 1
    try:
        value = float(results.open(place / "r.zarr").porosity)
    except Exception as error:
        value = str(error)
    in_child(overwrite, place, None)
    if value not in (0.1, 0.2) or float(results.open(place / "r.zarr").porosity) != 0.2:
        wrong.append([step, value])
print(json.dumps([tried, wrong]))
"""


def test_a_failing_disk_loses_no_results(quick_folder):
    """The renames at the end are where the old results are aside and the new not yet in place."""
    first = str(tries(60, 0) / 100)
    command = [sys.executable, "-W", "ignore", "-c", STOPS, str(quick_folder), first]
    root = Path(__file__).parents[2]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    tried, wrong = json.loads(ran.stdout)
    record("EIO at a step", "results: overwrite", tried, len(wrong), "the old results or the new")
    assert wrong == []
    assert tried > 20
