"""Progress where a person looks, and block computations where a cluster is."""

import re

import pytest
from distributed import LocalCluster

from poreflux.cli.terminal import progress
from tests.cli.command import inside, poreflux
from tests.cli.test_habits import on_terminal


def test_a_terminal_shows_a_bar_and_clears_it(scan, tmp_path):
    shown = on_terminal("import", scan, str(tmp_path / "v.zarr"), "--voxel-size", "1")
    assert "━" in shown
    assert "100%" in shown
    assert "is written" in shown
    assert "\x1b[2K" in shown  # the line is erased when the bar is done


def test_a_log_gets_a_line_a_tenth_at_most(capsys, tmp_path):
    with progress("count") as tell:
        for k in range(1001):
            tell(k, 1000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) <= 11


def test_a_log_hears_of_slow_work(capsys):
    with progress("count") as tell:
        tell.last -= 100
        tell(1, 1000, "blocks")
    assert capsys.readouterr().err == "count: 0 % blocks\n"


@pytest.mark.slow
def test_a_cluster_measures_the_same(scan, tmp_path):
    words = ["measure", "v.zarr", "--json"]
    assert inside("import", scan, "v.zarr", "--voxel-size", "1", cwd=tmp_path).status == 0
    assert inside("segment", "v.zarr", cwd=tmp_path).status == 0
    here = inside(*words, "--out", "here.zarr", cwd=tmp_path)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        where = ("--scheduler", cluster.scheduler_address)
        there = poreflux(*words, "--out", "there.zarr", *where, cwd=tmp_path)
    assert there.status == 0, there.err
    mask = re.compile(r'"results": "[^"]*"')
    assert mask.sub("", there.out) == mask.sub("", here.out)
