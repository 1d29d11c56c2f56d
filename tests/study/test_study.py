"""A step is done again only where its inputs or parameters changed, or what it made."""

import shutil
import signal

import numpy as np
import pytest
import tifffile

from poreflux.results import open_results
from poreflux.study.study import Study
from poreflux.study.watching import unwatched
from poreflux.study.work import Work
from tests.study.conftest import QUICK, samples

PARTS = ["measure", "tortuosity z", "blocks", "current z", "results"]


#: two samples of phases
FILES = "".join(
    f'[[samples]]\nname = "{name}"\npath = "{name}.tif"\nvoxel_size = 1.0\n'
    '[samples.reading]\nkind = "phase"\nphases = {0 = "electrolyte", 1 = "pore"}\n'
    for name in "ab"
)


def done(path):
    outcome = Study(path).run()
    assert outcome.failed == {}
    return [step.name for step in outcome.done]


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "study.toml"
    path.write_text(QUICK + samples(a="fine_500"))
    assert done(path) == ["import", *PARTS]
    return path


@pytest.fixture
def ran(template, tmp_path):
    shutil.copytree(template.parent, tmp_path, dirs_exist_ok=True)
    return tmp_path / "study.toml"


def test_a_second_run_does_nothing(ran):
    assert done(ran) == []
    assert not list(ran.parent.rglob("*.blocks"))  # kept only until the result has them


def test_an_interrupted_step_is_not_called_failed(ran):
    shutil.rmtree(ran.parent / "study-results" / "a" / "current_z.zarr")
    said = []

    def interrupted(title):
        signal.raise_signal(signal.SIGINT)
        return unwatched(title)

    with pytest.raises(KeyboardInterrupt):
        Study(ran).run(work=Work(watch=interrupted), tell=lambda step, what: said.append(what))
    assert said[-1] == "to do"
    assert done(ran) == ["current z", "results"]


CHANGES = {
    ("wagner_lengths = []", "wagner_lengths = [8.0]"): ["current z", "results"],
    ('directions = "z", blocks', 'directions = "zy", blocks'): [
        "tortuosity y", "blocks", "results",
    ],
    ("edge = 16", "edge = 17"): ["import", *PARTS],
    ("edge = 16", 'edge = 16\nlabels = {powder = "fine"}'): ["results"],
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_change_touches_is_done_again_and_nothing_else(change, ran):
    ran.write_text(ran.read_text().replace(*change))
    assert done(ran) == CHANGES[change]


def test_the_results_of_a_sample_have_the_sampling_error_of_its_current(ran):
    results = open_results(ran.parent / "study-results" / "a" / "results.zarr")
    for name in ("current_density_cv", "current_density_p99"):
        value, error = (float(results[f"{name}{end}"][0]) for end in ("", "_sampling_error"))
        assert 0 < error < value


def test_blocks_have_the_error_of_their_voxels_where_the_study_asks_for_it(ran):
    ran.write_text(ran.read_text().replace("discretisation = false", "discretisation = true"))
    assert done(ran) == ["tortuosity z", "blocks", "results"]
    results, mean = Study(ran).by_sample["a"], "block_tortuosity_factor_mean"
    low, high = (float(results[f"{mean}_discretisation_{end}"][0]) for end in ("low", "high"))
    assert 1 < low < high


def test_what_is_lost_or_altered_is_made_again(ran):
    folder = ran.parent / "study-results" / "a"
    shutil.rmtree(folder / "current_z.zarr")
    assert done(ran) == ["current z", "results"]
    (folder / ".steps" / "results.json").write_text("{")
    assert done(ran) == ["results"]


def test_options_of_before_do_not_stay_in_the_results(ran):
    results = ran.parent / "study-results" / "a" / "results.zarr"
    ran.write_text(ran.read_text().replace("current = {", "current = {compute = false, "))
    assert "current_density" in open_results(results)
    assert done(ran) == ["results"]
    assert "current_density" not in open_results(results)


def test_a_scan_is_segmented_and_its_content_decides(write, tmp_path, rng):
    gray = np.where(rng.random((16, 16, 16)) < 0.2, 60, 190) + rng.integers(0, 20, (16, 16, 16))
    tifffile.imwrite(tmp_path / "g.tif", gray.astype(np.uint8))
    quick = "tortuosity = {compute = false}\ncurrent = {compute = false}\nmeasure = {also = []}\n"
    path = write(quick + '[[samples]]\nname = "g"\npath = "g.tif"\nvoxel_size = 0.5\n')
    every = ["import", "segment", "measure", "results"]
    assert done(path) == every
    (tmp_path / "g.tif").touch()
    assert done(path) == []
    tifffile.imwrite(tmp_path / "g.tif", gray.astype(np.uint8)[::-1])
    assert done(path) == every
    path.write_text(path.read_text() + '[segmentation]\nmethod = "li"\n')
    assert done(path) == every[1:]


def test_a_sample_that_fails_does_not_stop_the_others(write):
    lost = '[[samples]]\nname = "lost"\npath = "nowhere.tif"\nvoxel_size = 1.0\n'
    study = Study(write(QUICK + lost + samples(b="fine_500")))
    outcome = study.run()
    assert list(outcome.failed) == ["lost"]
    assert "nowhere.tif" in outcome.failed["lost"]
    assert list(study.by_sample) == ["b"]
    assert study.results["sample"].values.tolist() == ["b"]
    assert study.by_sample["b"].attrs["sample"] == "b"


def test_results_of_other_inputs_are_not_compared(write, tmp_path):
    study = Study(write(QUICK + FILES))
    phase = np.zeros((16, 16, 16), np.uint8)
    for name, edge in (("a", 4), ("b", 6)):
        phase[:edge] = 1
        tifffile.imwrite(tmp_path / f"{name}.tif", phase)
    assert study.run().failed == {}
    assert list(study.by_sample) == ["a", "b"]
    (tmp_path / "b.tif").write_bytes(b"no image")
    assert list(study.run().failed) == ["b"]
    with pytest.warns(UserWarning, match="results of b are of other parameters or inputs"):
        assert list(study.by_sample) == ["a"]
    (tmp_path / "a.tif").unlink()  # laid aside: nobody says that it is another one
    with pytest.warns(UserWarning, match="results of b"):
        assert list(study.by_sample) == ["a"]


def test_a_study_that_another_process_runs_is_refused(ran):
    from poreflux.errors import StoreExists
    from poreflux.store.lock import holding

    folder = ran.parent / "study-results"
    with holding(folder / ".running", folder), pytest.raises(StoreExists, match="another process"):
        Study(ran).run()


def test_what_a_step_could_not_find_out_is_said_now_and_again(write, monkeypatch):
    from poreflux.errors import TooLarge
    from poreflux.study import solving

    def refused(*given, **options):
        raise TooLarge("finer voxels take 9 GiB, 8 GiB are free")

    monkeypatch.setattr(solving, "tortuosity_discretisation", refused)
    study = Study(write(QUICK.replace(", discretisation = false", "") + samples(a="fine_500")))
    for _ in range(2):  # done, and kept
        (note,) = study.run().notes["a", "tortuosity z"]
        assert note.startswith("the error of the voxels along z is missing: finer voxels take 9")


def test_the_time_that_is_left_is_that_of_steps_to_do(ran):
    study, told = Study(ran), []
    pace = study.pace()
    assert pace.left == 0
    ran.write_text(ran.read_text().replace('directions = "z"', 'directions = "z", rtol = 1e-3'))
    pace = Study(ran).pace()
    due = [planned.step for planned in Study(ran).plan() if planned.due]
    assert pace.left > 0
    Study(ran).run(tell=lambda step, what: told.append(step) if what == "to do" else None)
    assert [step.name for step in told] == [step.name for step in due]
    for step in due:
        pace.ended(step, 0.0)
    assert pace.left == 0
