"""Boxes, maps and the writing of a segmentation, in a real browser, against NumPy."""

import tomllib

import numpy as np
import pytest

import poreflux as pf
from poreflux.cli.app import app
from poreflux.store.partial import making
from poreflux.study.model import StudyFile

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def segmented(scan):
    return pf.segment(scan, method="threshold", threshold=120)


@pytest.fixture(scope="module")
def place(segmented, tmp_path_factory):
    return pf.save(segmented, tmp_path_factory.mktemp("my results") / "vol.zarr", chunk=32)


@pytest.fixture(scope="module")
def results(place):
    """Return results of the store, into which the current was written beside the phases."""
    current = pf.interfacial_current(pf.open(place), field=place, rtol=1e-3)
    volume = pf.open(place)
    blocks = pf.block_porosity(volume, blocks=(2, 4, 4))
    return pf.collect(blocks, pf.structure_factor(volume), current)


@pytest.fixture(scope="module")
def page(place, results, visit):
    served = pf.explore(place, results)
    visited = visit(served.url)
    visited.until("window.poreflux.state.histogram.share >= 1 && !window.poreflux.waits()")
    yield visited
    served.stop()


def test_a_box_that_is_dragged_has_the_numbers_of_its_voxels(page, scan):
    page.page.click('[data-mode="box"]')
    for name, start, end in (
        ("slice_xy", (6.1, 8.2), (20.1, 25.1)),
        ("slice_xz", (6, 10), (20, 40)),
    ):
        page.page.mouse.move(*page.where(name, *start))
        page.page.mouse.down()
        page.page.mouse.move(*page.where(name, *map(np.mean, zip(start, end))))
        page.page.mouse.move(*page.where(name, *end))
        page.page.mouse.up()
    page.until("window.poreflux.state.boxed.shape?.[0] >= 25")
    z0, z1, y0, y1, x0, x1 = page.state("box")
    inside = scan["gray"].sel(z=slice(z0, z1), y=slice(y0, y1), x=slice(x0, x1)).values
    assert page.state("boxed")["shape"] == list(inside.shape)
    assert abs(z1 - z0 - 30) <= 2
    cut = page.state("threshold")
    told = page.page.locator("#boxed")
    assert int(told.get_attribute("data-voxels")) == inside.size
    porosity = float(told.get_attribute("data-porosity"))
    assert porosity == pytest.approx(np.mean(inside <= cut), abs=1e-12)
    assert page.state("boxed")["mean"] == pytest.approx(inside.mean(), rel=1e-12)
    profile = page.page.evaluate(
        "[...window.poreflux.figures.find((f) => f.name == 'profile').renderers[0]"
        ".data_source.data.porosity]"
    )
    np.testing.assert_allclose(profile, (inside <= cut).mean((1, 2)), atol=1e-12)
    page.page.click('[data-mode="point"]')


def test_the_highest_block_leads_the_slices_to_its_pores(page, results, segmented):
    page.page.select_option("#map", "block_porosity")
    page.until("window.poreflux.state.mapped.title == 'porosity of a block'")
    page.settled(lambda: page.page.click("#highest"))
    block = results["block_porosity"]
    where = block.where(block == block.max(), drop=True)
    point = page.page.evaluate("window.poreflux.view.point")
    np.testing.assert_allclose(point, [where[f"block_{d}"].item() for d in "zyx"], atol=1e-6)
    told = float(page.page.locator("#map-told").get_attribute("data-value"))
    assert told == pytest.approx(float(block.max()), rel=1e-6)


def test_a_click_on_a_map_of_columns_goes_to_that_column(page, results):
    page.page.select_option("#map", "structure_factor")
    page.until("window.poreflux.state.mapped.title == 'structure factor along z'")
    z = page.page.evaluate("window.poreflux.view.point")[0]
    page.settled(lambda: page.page.mouse.click(*page.where("map", 12.1, 23.2)))
    point = page.page.evaluate("window.poreflux.view.point")
    np.testing.assert_allclose(point, [z, 23.2, 12.1], atol=0.2)
    expected = results["structure_factor"].sel(y=point[1], x=point[2], method="nearest")
    told = float(page.page.locator("#map-told").get_attribute("data-value"))
    assert told == pytest.approx(float(expected), rel=1e-6)


def test_a_hot_spot_of_the_electrode_leads_to_the_voxels_under_it(page, place, results, segmented):
    page.page.select_option("#map", "current_density")
    page.until("window.poreflux.state.mapped.title == 'current density at the electrode'")
    page.settled(lambda: page.page.click("#highest"))
    current = results["current_density"]
    where = current.where(current == current.max(), drop=True)
    last = segmented["z"].values[-1]
    z, y, x = page.page.evaluate("window.poreflux.view.point")
    np.testing.assert_allclose([z, y, x], [last, where["y"].item(), where["x"].item()], atol=1e-6)
    page.settled(lambda: page.page.select_option("#overlay", "cell_current_density"))
    field = pf.open(place)["cell_current_density"]
    behind = field.sel(z=last).values
    np.testing.assert_array_equal(page.image("slice_xy", 2), behind)
    told = page.state("told")["values"]["cell_current_density"]
    assert told == pytest.approx(float(field.sel(z=z, y=y, x=x, method="nearest")), rel=1e-6)


def test_the_phases_lie_over_the_grey_values(page, segmented):
    page.settled(lambda: page.page.select_option("#overlay", "phase"))
    z = int(page.page.evaluate("window.poreflux.view.point")[0])
    np.testing.assert_array_equal(page.image("slice_xy", 2), segmented["phase"].values[z])
    assert "electrolyte" in page.text("#key")
    page.page.select_option("#overlay", "threshold")


def test_the_lines_that_are_printed_are_understood(page, place):
    page.page.evaluate("window.poreflux.set_threshold(97)")
    page.page.click("#writing summary")
    import shlex

    program, *words = shlex.split(page.text("#line"))
    assert program == "poreflux"
    _, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    assert str(bound.arguments["store"]) == str(place)
    assert (bound.arguments["method"], bound.arguments["threshold"]) == ("threshold", "97")
    assert bound.arguments["overwrite"] is True
    written = tomllib.loads(page.text("#toml"))
    file = StudyFile.model_validate({"samples": [{"name": "a", "path": "vol.zarr"}], **written})
    assert (file.segmentation.method, file.segmentation.threshold) == ("threshold", 97)


def test_the_segmentation_is_written_as_the_command_writes_it(page, place, scan):
    page.page.once("dialog", lambda dialog: dialog.accept())
    page.page.click("#write")
    page.until("document.getElementById('outcome').textContent.includes('are in')")
    assert "threshold 97" in page.text("#outcome")
    phase = pf.open(place)["phase"]
    np.testing.assert_array_equal(phase.values, scan["gray"].values > 97)
    assert phase.attrs["segmentation"]["thresholds"] == [97.0]
    page.settled(lambda: page.page.select_option("#overlay", "phase"))
    z = int(page.page.evaluate("window.poreflux.view.point")[0])
    np.testing.assert_array_equal(page.image("slice_xy", 2), phase.values[z])
    assert page.complaints == []


def test_what_cannot_be_written_is_said(page, place):
    page.page.once("dialog", lambda dialog: dialog.accept())
    with making(place):  # as another process that writes it
        page.page.click("#write")
        page.until("document.getElementById('outcome').className == 'failed'")
    assert "another process" in page.text("#outcome")
