"""What a person does on the page, in a real browser: drag, click, press keys, read numbers back."""

import numpy as np
import pytest

import poreflux as pf

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def served(store):
    page = pf.explore(store)
    yield page
    page.stop()


@pytest.fixture(scope="module")
def visited(served, visit):
    visited = visit(served.url)
    visited.until("window.poreflux.state.histogram.share >= 1 && !window.poreflux.waits()")
    return visited


@pytest.fixture
def page(visited):
    """Return the page as it was when it was opened: a page takes seconds to open."""
    visited.settled(lambda: visited.page.evaluate("window.poreflux.begin_again()"))
    visited.page.mouse.move(0, 0)
    return visited


def test_dragging_the_threshold_gives_the_porosity_of_that_threshold(page, scan):
    gray = scan["gray"].values
    start = page.state("threshold")
    assert float(page.page.locator("#porosity").get_attribute("data-value")) == pytest.approx(
        np.mean(gray <= start), abs=1e-12
    )
    x, y = page.where("histogram", start, 10)
    end, _ = page.where("histogram", start + 40, 10)
    requests = len(page.requests)
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    for part in (0.3, 0.7, 1.0):
        page.page.mouse.move(x + part * (end - x), y)
    page.page.mouse.up()
    page.until(f"window.poreflux.state.threshold > {start + 30}")
    cut = page.state("threshold")
    assert abs(cut - start - 40) <= 2
    said = float(page.page.locator("#porosity").get_attribute("data-value"))
    assert said == pytest.approx(np.mean(gray <= cut), abs=1e-12)
    assert page.text("#porosity") == f"{100 * said:.0f} %"
    assert len(page.requests) == requests  # all of it in the browser


def test_the_band_is_that_of_a_segmentation_with_this_threshold(page, scan):
    cut = page.state("threshold")
    band = pf.segmentation_sensitivity(pf.segment(scan, method="threshold", threshold=cut))
    for end in ("low", "high"):
        said = float(page.page.locator("#band").get_attribute(f"data-{end}"))
        assert said == pytest.approx(float(band[f"porosity_{end}"]), abs=1e-9)


def test_a_click_moves_the_other_slices_there(page, scan):
    x, y = page.where("slice_xy", 10.2, 22.1)
    page.settled(lambda: page.page.mouse.click(x, y))
    z, y, x = page.page.evaluate("window.poreflux.view.point")
    assert abs(x - 10.2) < 0.2
    assert abs(y - 22.1) < 0.2
    gray = scan["gray"].values
    np.testing.assert_array_equal(page.image("slice_xz"), gray[:, int(y / 0.5), :])
    np.testing.assert_array_equal(page.image("slice_zy"), gray[:, :, int(x / 0.5)].T)
    value = gray[int(z), int(y / 0.5), int(x / 0.5)]
    assert page.state("told")["values"]["gray"] == value


def test_keys_step_through_slices_and_hide_the_overlay(page, scan):
    page.page.mouse.move(*page.where("slice_xy", 16, 16))
    for _ in range(2):
        page.settled(lambda: page.page.keyboard.press("PageDown"))
    np.testing.assert_array_equal(page.image("slice_xy"), scan["gray"].values[34])
    page.page.keyboard.press("o")
    assert page.state("overlay") == "none"
    page.page.keyboard.press("o")
    assert page.state("overlay") == "threshold"
    page.page.keyboard.press("h")
    assert page.page.locator("#keys").is_visible()


def test_the_overlay_colours_the_pores_of_the_threshold(page, scan):
    plane = scan["gray"].values[32].astype(int)
    dark, bright = (np.unravel_index(f(plane), plane.shape) for f in (np.argmin, np.argmax))

    def redness(row, column):
        x, y = page.where("slice_xy", (column + 0.5) / 2, (row + 0.5) / 2)
        shot = page.page.screenshot(clip={"x": x - 1, "y": y - 1, "width": 2, "height": 2})
        red, _, blue = pixel_of(shot)
        return red - blue

    page.page.evaluate(f"window.poreflux.set_threshold({(plane.min() + plane.max()) // 2})")
    page.page.wait_for_timeout(200)
    assert redness(*dark) > 60
    assert abs(redness(*bright)) < 20
    page.page.evaluate(f"window.poreflux.set_threshold({plane.max()})")
    page.page.wait_for_timeout(200)
    assert redness(*bright) > 60


def test_nothing_is_asked_of_another_host_and_nothing_is_complained_of(page):
    outside = [
        u
        for u in page.requests
        if not u.startswith(("http://127.0.0.1:", "data:", "ws://127.0.0.1:"))
    ]
    assert page.requests
    assert outside == []
    assert page.complaints == []


def pixel_of(png):
    """Return the first pixel of a PNG as three integers."""
    import io

    from imageio.v3 import imread

    return [int(v) for v in imread(io.BytesIO(png))[0, 0, :3]]
