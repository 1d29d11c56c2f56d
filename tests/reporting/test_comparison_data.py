"""Every figure of a comparison gives its numbers, and the pores of each sample can be turned."""

import base64
import csv
import io
import re
import zlib

import numpy as np
import pytest

import poreflux as pf
from poreflux.plot.style import laid_out, sheet
from poreflux.reporting import comparison_data
from poreflux.reporting.comparison_page import compare_page
from poreflux.reporting.packed import packed

PORES = {"loose": 0.3, 'packed "tight"': 0.1}


@pytest.fixture(scope="module")
def samples():
    found = {}
    for k, (name, porosity) in enumerate(PORES.items()):
        volume = pf.phantoms.random_sites((16, 12 + 4 * k, 12), porosity, seed=k)
        parts = pf.porosity(volume), pf.structure_factor(volume), pf.block_porosity(volume)
        found[name] = pf.collect(*parts, pf.preview(volume), volume=volume)
    return found


@pytest.fixture(scope="module")
def page_file(samples, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "comparison.html"
    return compare_page(samples, pf.compare(samples, draws=200), path)


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_every_table_and_every_figure_has_its_numbers(page_file):
    page = page_file.read_text(encoding="utf-8")
    for figure in re.findall(r"<figure.*?</figure>", page, re.DOTALL):
        assert re.search(r'class="(download|grid|turn)"', figure)
    tables = re.findall(r'<table class="wide".*?</p>', page, re.DOTALL)
    assert tables
    assert all('href="data:' in table for table in tables)


def test_numbers_to_download_are_those_of_the_comparison(samples):
    comparison = pf.compare(samples, draws=200)
    rows = rows_of(comparison_data.values(comparison).decode())
    told = {(r["quantity"], r["sample"]): r for r in rows}
    for name, results in samples.items():
        assert float(told["porosity", name]["value"]) == pytest.approx(float(results.porosity))
        error = comparison.found["porosity"][name].below
        assert float(told["porosity", name]["error_below"]) == pytest.approx(error)


def test_arrays_of_samples_of_other_sizes_stand_below_each_other(samples):
    (text,) = comparison_data.arrays(samples, "block_porosity")
    rows = rows_of(text.decode())
    for name, results in samples.items():
        own = [float(row["block_porosity"]) for row in rows if row["sample"] == name]
        np.testing.assert_allclose(own, results.block_porosity.values.ravel(), rtol=1e-6)


def test_a_map_is_held_to_four_digits_and_its_gaps_too(samples):
    image = samples["loose"]["structure_factor"].copy()
    image[2, 3] = np.nan
    text = packed(image, "loose")
    step = float(re.search(r'data-step="([^"]+)"', text).group(1))
    held = np.frombuffer(
        zlib.decompress(base64.b64decode(re.search(r">([^<]+)<", text).group(1))),
        "<i2",
    ).reshape(image.shape)
    assert held[2, 3] == -32768
    known = np.isfinite(image.values)
    np.testing.assert_allclose(held[known] * step, image.values[known], atol=0.51 * step)
    assert step <= 1e-3 * float(np.abs(image).max())


def test_a_figure_is_laid_out_once_however_often_it_is_measured():
    figure, _ = sheet(2.0, columns=2)
    engine, count = figure.get_layout_engine(), []
    execute = engine.execute
    engine.execute = lambda *a, **k: count.append(1) or execute(*a, **k)
    with laid_out(figure):
        pf.plot.svg(figure)
        pf.plot.parts(figure)
    assert len(count) == 1
    assert figure.get_layout_engine() is engine


def test_in_a_browser_pores_of_each_sample_are_turned_and_maps_are_saved(
    browser, samples, page_file
):
    tab = browser.new_page(viewport={"width": 500, "height": 900})
    faults = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.goto(page_file.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") == 500
    figure = tab.locator("#figure-pore-space")
    for name in samples:
        figure.get_by_text(f"Turn {name}", exact=True).click()
        figure.locator("canvas[data-drawn]:visible").wait_for()
        assert figure.locator("canvas:visible").count() == 1
    figure.locator("canvas:visible").press("ArrowLeft")
    figure.locator("canvas[data-drawn^='42 24 0 ']:visible").wait_for()
    figure.get_by_text("Turn loose", exact=True).click()  # seen from the same side
    figure.locator("canvas[data-drawn^='42 24 0 ']:visible").wait_for()
    saved = {}
    for place, words in (("maps", "CSV"), ("pore-space", "CSV of loose")):
        with tab.expect_download() as download:
            tab.locator(f"#figure-{place} .downloads").get_by_text(words, exact=True).click()
        saved[place] = rows_of(download.value.path().read_text(encoding="utf-8"))
    assert faults == []
    tab.close()
    for name, results in samples.items():
        own = [row for row in saved["maps"] if row["sample"] == name]
        image = results["structure_factor"]
        values = [float(row["structure_factor"]) for row in own]
        np.testing.assert_allclose(values, image.values.ravel(), atol=6e-4)
        last = own[-1]
        assert float(last["x [um]"]) == pytest.approx(float(image.x[-1]))
        assert float(last["y [um]"]) == pytest.approx(float(image.y[-1]))
    assert len(saved["pore-space"]) == int((samples["loose"]["phase_percent"] > 0).sum())


def test_on_a_small_screen_rows_keep_their_names_and_on_paper_a_figure_fits_a_page(
    browser, page_file
):
    tab = browser.new_page(viewport={"width": 300, "height": 900})
    tab.goto(page_file.as_uri())
    moved = tab.evaluate(
        """() => {
        const table = document.querySelector("#table-orders"), box = table.parentElement;
        const first = table.querySelector("tbody th"), before = first.getBoundingClientRect().left;
        box.scrollLeft = 80;
        return [box.scrollLeft, first.getBoundingClientRect().left - before];
        }"""
    )
    tab.set_viewport_size({"width": 672, "height": 986})  # A4 without its margins
    tab.emulate_media(media="print")
    heights = tab.evaluate(
        """() => [...document.querySelectorAll("figure")].map((figure) => {
        figure.querySelector("svg").setAttribute("viewBox", "0 0 100 400");
        return figure.getBoundingClientRect().height;
        })"""
    )
    tab.close()
    assert moved == [80, 0]
    assert heights
    assert max(heights) < 986
