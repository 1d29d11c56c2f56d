"""The comparison of solvers runs, at small size, and its numbers are those of known answers."""

import json

import numpy as np
import pytest

from tests.bench.peers import page, running
from tests.bench.peers.images import blobs
from tests.bench.peers.reference import exact
from tests.bench.peers.table import exact_of, runs_of


def test_blobs_conduct_by_the_share_asked_for_and_are_those_of_the_seed():
    image = blobs(20, 0.35, 1)
    assert image.sum() == round(0.35 * 20**3)
    assert (image == blobs(20, 0.35, 1)).all()
    assert (image != blobs(20, 0.35, 1, seed=2)).any()


@pytest.mark.parametrize("where, n", [("faces", 20), ("centres", 19)])
def test_the_exact_value_of_a_slanted_strip_is_that_of_its_convention(where, n):
    strip = np.zeros((20, 21, 21), np.uint8)
    for i in range(20):
        strip[i, i : i + 2, i : i + 2] = 1
    tau = {"faces": 451 / 60, "centres": 148 / 19}[where]
    found = exact(strip, where)
    assert found.conductivity == pytest.approx(strip.mean() / tau, rel=1e-9)
    assert found.error <= 1e-10


@pytest.mark.parametrize("where", ["faces", "centres"])
def test_a_uniform_block_has_the_conductivity_of_what_it_is_made_of(where):
    assert exact(np.ones((6, 5, 4), np.uint8), where).conductivity == pytest.approx(1, rel=1e-9)


def test_a_length_of_n_at_centres_is_told_from_one_of_n_less_one():
    known = {"image": "blobs-0.5-1", "n": 20, "faces": 0.3, "centres": 0.19}
    found = [exact_of(known, program) for program in ("poreflux", "porespy", "openimpala")]
    assert found == pytest.approx([0.3, 0.19, 0.2])


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    kept = running.Records(tmp_path_factory.mktemp("peers") / "solver-benchmark.json")
    list(running.run(kept, ["blobs-0.7-1"], ["poreflux"], ["chosen"], n=24))
    return kept


def test_a_run_keeps_what_it_found_and_is_not_run_again(records):
    again = running.Records(records.path)
    assert again.records == records.records
    assert [each["program"] for each in again.records] == ["exact", "poreflux"]
    assert not list(running.run(again, ["blobs-0.7-1"], ["poreflux"], ["chosen"], n=24))


def test_the_error_of_our_solver_is_what_was_asked_for(records):
    runs = runs_of(records.records)
    assert runs
    assert all(run.error <= 1e-4 and run.triads > 0 and run.processor > 0 for run in runs)


def test_the_page_has_a_row_a_program_and_says_what_was_not_run(records, tmp_path):
    of = {"n": 24, "program": "porespy", "setting": "defaults", "version": "3.2.0", "load": 1.0}
    nothing = {"n": 24, "program": "exact", "setting": "", "share": 0.1, "faces": 0, "centres": 0}
    more = [
        {"image": "blobs-0.7-1", **of, "over": 60},
        {"image": "blobs-0.1-1", **nothing},
        {"image": "blobs-0.1-1", **of, "conductivity": 0.0},
    ]
    page.write_page(records.records + more, tmp_path)
    text = (tmp_path / "solver-benchmark.md").read_text()
    assert "| poreflux 0" in text
    assert "over 60 s" in text
    assert "| does not percolate | not run | says so |" in text
    assert (tmp_path / "solver-benchmark.svg").read_text().startswith("<?xml")


def test_what_ended_a_program_is_kept_as_one_line():
    said = "MPI is on\namrex::Abort::0::more than 2 cuts !!!\nSIGABRT\naddr2line: no such file\n"
    assert running.reason(said) == "amrex::Abort::0::more than 2 cuts !!!"
    assert running.reason("Traceback\nValueError: no\n") == "ValueError: no"


def test_a_partial_file_of_results_never_replaces_a_whole_one(tmp_path):
    kept = running.Records(tmp_path / "a.json")
    kept.add({"image": "a"})
    kept.add({"image": "b"})
    assert json.loads(kept.path.read_text()) == [{"image": "a"}, {"image": "b"}]
    assert list(tmp_path.iterdir()) == [kept.path]
