"""Stores and results of every release open, verify and report for ever.

Each archive in ``written/`` was made by the command line of the version it is named after: a volume
with `gray` and `phase` (24, 28, 32), results of all verbs, and the scalars of these results.
"""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

import poreflux
from poreflux import results as stored

ARCHIVES = sorted((Path(__file__).parent / "written").glob("*.zip"))


@pytest.fixture(scope="module", params=ARCHIVES, ids=lambda path: path.stem)
def written(request, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp(request.param.stem)
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(folder)
    return folder


def test_there_are_archives():
    assert ARCHIVES


def test_the_volume_verifies_and_gives_the_same_porosity(written):
    assert poreflux.verify(written / "volume") == []
    volume = poreflux.open(written / "volume")
    measured = poreflux.collect(poreflux.porosity(volume))
    assert float(measured.porosity) == json.loads((written / "values.json").read_text())["porosity"]


@pytest.mark.filterwarnings("ignore:.* is called .* now:FutureWarning")  # names of then
def test_every_scalar_of_the_results_is_what_was_written(written):
    results = stored.open(written / "results")
    values = json.loads((written / "values.json").read_text())
    found = {name: results[name].values.item() for name in values}
    assert found == pytest.approx(values, rel=0, abs=0, nan_ok=True)


@pytest.mark.filterwarnings("ignore:.* is called .* now:FutureWarning")  # names of then
def test_the_results_make_a_report(written, tmp_path):
    page = poreflux.report(written / "results", tmp_path / "report.html").read_text("utf-8")
    assert "Tortuosity factor" in page
    assert "Current density" in page or "current density" in page


def test_the_results_verify_and_a_damage_to_them_is_named(written, tmp_path):
    copy = tmp_path / "results.zarr"
    shutil.copytree(written / "results", copy)
    assert poreflux.verify(copy) == []
    chunk = next(path for path in sorted(copy.glob("porosity/c*")) if path.exists())
    file = chunk if chunk.is_file() else next(p for p in chunk.rglob("*") if p.is_file())
    file.write_bytes(file.read_bytes()[:-3])
    (damage,) = poreflux.verify(copy)
    assert "porosity" in str(damage)
