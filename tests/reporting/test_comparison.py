"""The page of a comparison: what it opens with, its figures, the paper's numbers beside ours."""

import re

import numpy as np
import pytest
import xarray as xr

import poreflux as pf
from poreflux.plot import comparison as drawn
from poreflux.reporting.comparison_page import compare_page
from poreflux.reporting.published import beside
from poreflux.study.answer import answer
from poreflux.uncertainty.sampling import too_narrow

LABELS = {"fine": ("fine", 100), "regular": ("regular", 100), "dense": ("regular", 500)}


def sample(powder, pressure, seed):
    volume = pf.phantoms.synthetic_twin(f"{powder}_{pressure}", 16, seed=seed)
    parts = (
        pf.porosity(volume), pf.porosity_profile(volume), pf.structure_factor(volume),
        pf.block_porosity(volume, blocks=(2, 2, 2)), pf.tortuosity_factor(volume, rtol=1e-3),
        pf.block_tortuosity(volume, blocks=(2, 2, 2)),
        pf.interfacial_current(volume, wagner_lengths=[0, 8], rtol=1e-3),
    )  # fmt: skip
    labels = {"powder": powder, "pressure": pressure}
    measured = {"limit": {"value": pressure / 100, "scatter": 0.1, "unit": "mA/cm²"}}
    return pf.collect(*parts, volume=volume).assign_attrs(labels=labels, measured=measured)


@pytest.fixture(scope="module")
def samples():
    return {name: sample(*LABELS[name], k + 1) for k, name in enumerate(LABELS)}


@pytest.fixture(scope="module")
def comparison(samples):
    return pf.compare(samples, draws=500)


@pytest.fixture(scope="module")
def page(samples, comparison, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "comparison.html"
    return compare_page(samples, comparison, path, title="Three").read_text(encoding="utf-8")


def test_the_page_opens_with_the_computed_answer(page, comparison):
    opening = page.partition("<h2")[0]
    for sentence in answer(comparison):
        assert sentence.replace("'", "&#39;") in opening


def test_samples_too_narrow_to_be_representative_are_named(samples, page):
    said = {name: too_narrow(results) for name, results in samples.items()}
    assert any(said.values())
    for name, sentence in said.items():
        assert (f"Of {name}, the sample is not representative" in page) == bool(sentence)
        assert sentence in page


def test_every_figure_is_there_once(page):
    figures = re.findall(r'<figure id="figure-([\w-]+)"', page)
    assert sorted(figures) == sorted(
        ["values", "arrangement", "bands", "rank-correlations", "measured-limit", "profiles",
         "maps",
         "block-porosity", "block-tortuosity", "block-porosity-map", "block-tortuosity-map",
         "current", "distribution", "wagner"]
    )  # fmt: skip


def test_nothing_is_loaded_from_elsewhere(page):
    assert not re.search(r'(src|href)="(?!#|data:)', page)


@pytest.mark.slow
def test_the_same_results_give_the_same_page(samples, comparison, page, tmp_path):
    again = compare_page(samples, comparison, tmp_path / "c.html", title="Three")
    assert again.read_text(encoding="utf-8") == page


def test_the_papers_numbers_stand_beside_those_of_the_same_powder(samples, comparison):
    rows = {row.what: row for row in beside(samples, comparison)}
    assert rows["porosity, fine powder at 100 MPa"].paper == "9.5 %"
    assert rows["share of the face in contact"].deviation == "none" or (
        "percentage" in rows["share of the face in contact"].deviation
    )
    assert rows["mean current density of a dense sample"].paper == "1.07 mA/cm²"
    assert "exclude each other" in (
        rows["tortuosity of fine powder at 100 MPa and of regular powder"].deviation
    )


def test_a_deviation_is_weighed_by_the_error():
    labels = {"powder": "fine", "pressure": 100}
    near, far = (
        xr.Dataset({"porosity": p, "porosity_sampling_error": 0.01}).assign_attrs(labels=labels)
        for p in (0.085, 0.2)
    )
    found = {}
    for name, results in (("near", near), ("far", far)):
        other = results.assign_attrs(labels={})
        rows = beside({name: results}, pf.compare({name: results, "other": other}))
        found[name] = {row.what: row for row in rows}["porosity, fine powder at 100 MPa"]
    assert found["near"].deviation == (
        "up to 1.0 percentage points outside, within twice the total error"
    )
    assert found["far"].deviation.endswith("beyond twice the total error")
    assert found["far"].ours == "20.0 ± 1.0 %"


def test_samples_of_no_known_powder_have_no_paper(tmp_path):
    results = xr.Dataset({"porosity": 0.1, "porosity_sampling_error": 0.01})
    assert beside({"a": results, "b": results}, pf.compare({"a": results, "b": results})) == []


def test_bars_end_where_no_value_is_possible():
    results = xr.Dataset(
        {
            "tortuosity_factor": ("direction", [1.02]),
            "tortuosity_factor_sampling_error": ("direction", [0.05]),
        },
        coords={"direction": ["z"]},
    )
    compared = pf.compare({"one": results, "other": results})
    figures = (
        drawn.values(compared, ["tortuosity_factor z"]),
        drawn.bands({"one": results, "other": results}, [("tortuosity_factor", "z")]),
    )
    for figure in figures:
        drawn_ends = [x for line in figure.axes[0].lines for x in np.ravel(line.get_xdata())]
        drawn_ends += [
            x for bars in figure.axes[0].collections for x in np.ravel(bars.get_segments()[0])[::2]
        ]
        assert min(drawn_ends) == 1.0
        assert max(drawn_ends) >= 1.07 - 1e-9
