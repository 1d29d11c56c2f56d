"""poreflux check and run: exit status, what is printed, and what a kill leaves."""

import sys

import pytest
import xarray as xr

from poreflux.results import save
from tests.cli.command import inside
from tests.study.conftest import QUICK, samples

LOST = '[[samples]]\nname = "lost"\npath = "nowhere.tif"\nvoxel_size = 1.0\n'


def test_check_prints_the_defaults_and_names_what_would_fail(tmp_path):
    (tmp_path / "study.toml").write_text(QUICK + LOST + samples(b="fine_500"))
    ran = inside("check", "study.toml", cwd=tmp_path)
    assert ran.status == 1
    assert "rtol = 1e-06  # default" in ran.out
    assert "b: 16 x 16 x 16 voxels (z, y, x) of 0.92 x 0.92 x 0.92 µm: pore, elec" in ran.out
    assert ran.err.splitlines() == ["poreflux: 1 of 2 samples would fail: lost"]


@pytest.mark.slow
def test_run_goes_on_after_a_failure_and_names_it(tmp_path):
    (tmp_path / "study.toml").write_text(QUICK + LOST + samples(b="fine_500", c="regular_100"))
    ran = inside("run", "study.toml", "--json", cwd=tmp_path)
    assert ran.status == 1
    assert list(ran.document["failed"]) == ["lost"]
    assert "1 of 3 samples failed: lost" in ran.document["error"]
    assert (tmp_path / "study-results" / "b" / "report.html").is_file()
    page = (tmp_path / "study-results" / "comparison.html").read_text(encoding="utf-8")
    assert "Of 2 samples" in page
    assert 'src="http' not in page
    planned = inside("run", "study.toml", "--dry-run", cwd=tmp_path)
    assert planned.status == 0
    assert "b: report (there already)" in planned.out
    assert "lost: import" in planned.out


def test_compare_tells_which_samples_differ(tmp_path):
    for name, porosity in (("a", 0.1), ("b", 0.2), ("c", 0.21)):
        found = xr.Dataset({"porosity": porosity, "porosity_sampling_error": 0.01})
        save(found, tmp_path / f"{name}.zarr")
    ran = inside("compare", "a.zarr", "b.zarr", "c.zarr", cwd=tmp_path)
    assert ran.status == 0
    assert ran.out.startswith("Of 3 samples c has the largest porosity, 0.210, with a")
    assert [line.split(",")[0] for line in ran.out.splitlines() if line.startswith("  a - ")] == [
        "  a - b", "  a - c",
    ]  # fmt: skip
    document = inside("compare", "a.zarr", "b.zarr", "c.zarr", "--json", cwd=tmp_path).document
    assert [d["differs"] for d in document["differences"]] == [True, True, False]
    assert len(document["answer"]) == 3


@pytest.mark.slow
def test_check_names_what_the_machine_lacks(tmp_path, monkeypatch):
    monkeypatch.setattr("poreflux.cli.launching.starter", lambda: None)
    resources = 'resources = {processes = 2, scheduler = "tcp://127.0.0.1:9"}\n'
    (tmp_path / "study.toml").write_text(resources + QUICK + samples(b="fine_500"))
    monkeypatch.setattr(sys.modules["poreflux.blocks.cluster"], "_PATIENCE", 0.5)
    ran = inside("check", "study.toml", cwd=tmp_path)
    assert ran.status == 1
    assert "would fail: resources.processes=2 needs mpirun, which is not in PATH" in ran.out
    assert "would fail: resources.scheduler='tcp://127.0.0.1:9': " in ran.out
