"""Odd command lines end in one line, without a traceback and without leaving anything behind."""

import re

import numpy as np
import pytest

from tests.cli import odd
from tests.cli.command import inside


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Return a folder with stores, results, and what is neither."""
    folder = tmp_path_factory.mktemp("places")
    rng = np.random.default_rng(0)
    np.save(folder / "g.npy", rng.integers(0, 255, (12, 11, 10)).astype(np.uint8))
    np.save(folder / "l.npy", (rng.random((12, 11, 10)) < 0.8).astype(np.uint8))
    names = ("--kind", "phase", "--phases", "0=pore,1=electrolyte")
    for words in (
        ("import", "g.npy", "g.zarr", "--voxel-size", "1"),
        ("import", "l.npy", "v.zarr", "--voxel-size", "1", *names),
        ("import", "l.npy", "l.zarr", "--voxel-size", "2", *names),
        ("measure", "v.zarr", "--out", "r.zarr"),
    ):
        assert inside(*words, cwd=folder).status == 0
    (folder / "empty").mkdir()
    (folder / "empty.tif").touch()
    for name in ("text.tif", "text.npy", "text.h5"):
        (folder / name).write_text("no image")
    (folder / "text.zarr").mkdir()
    (folder / "text.zarr/zarr.json").write_text("no json")
    for name, target in (("loop", "loop"), ("loop.tif", "loop.tif"), ("dangling.zarr", "nowhere")):
        (folder / name).symlink_to(target)
    (folder / "loops.zarr").mkdir()
    (folder / "loops.zarr/again").symlink_to("../loops.zarr")
    return folder


def wrong(places, work, lines) -> list[str]:
    """Return what is wrong with the ends of command lines."""
    found = []
    for words in lines:
        ran = inside(*words, cwd=work)
        said = [x for x in ran.err.splitlines() if not re.match(r"[a-z ]+: (\d+ %|compil)", x)]
        # verify lists what is damaged, and then says that something is
        listed = words[0] == "verify" and ran.status == 1 and "damaged" in ran.err
        raw = "(--debug shows where)" in ran.err or "Traceback" in ran.err
        left = list(work.iterdir())
        if ran.status not in (1, 2) or len(said) != 1 or raw or left or (ran.out and not listed):
            found.append(f"{words}: {ran.status} {ran.out[-60:]!r} {ran.err!r} {left}")
    return found


def test_there_are_many_odd_lines(places):
    assert len({tuple(line) for line in odd.lines(str(places))}) > 900


def test_some_odd_lines_end_in_one_line(places, tmp_path):
    assert wrong(places, tmp_path, odd.lines(str(places))[::20]) == []


@pytest.mark.slow
def test_all_odd_lines_end_in_one_line(places, tmp_path):
    assert wrong(places, tmp_path, odd.lines(str(places))) == []
