"""A browser without a window, a small store, and the page of it."""

import numpy as np
import pytest

import poreflux as pf
from poreflux.phantoms import Tomograph, fine_500, measure_gray

pytest.importorskip("bokeh", reason="the extra `explore` is not installed")


@pytest.fixture(scope="session")
def scan():
    """Return grey values of 64³ voxels in which noise hides no pore, with 256 grey values."""
    tomograph = Tomograph(rings=0, cupping=0, drift=0, contrast_to_noise=12)
    gray = measure_gray(fine_500(64), tomograph)["gray"].values
    eight = np.clip(gray // 160, 0, 255).astype(np.uint8)
    return pf.from_array(eight, voxel_size=(1.0, 0.5, 0.5), kind="gray")


@pytest.fixture(scope="module")
def store(scan, tmp_path_factory):
    """Return a store of the scan, in chunks of 32³ so that there is a pyramid."""
    return pf.save(scan, tmp_path_factory.mktemp("explore") / "vol.zarr", chunk=32)


class Visit:
    """A page that is open in the browser, with what it asked for and complained of."""

    def __init__(self, browser, url, **options):
        self.requests, self.complaints = [], []
        self.page = browser.new_page(viewport={"width": 1280, "height": 900}, **options)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)
        self.page.goto(url)
        self.page.wait_for_function("window.poreflux?.ready", timeout=60_000)

    def _note(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def state(self, name):
        """Return a property of the page's state."""
        return self.page.evaluate(f"window.poreflux.state.{name}")

    def text(self, selector):
        """Return the text of an element."""
        return self.page.locator(selector).inner_text()

    def until(self, condition):
        """Wait until an expression in the page is true."""
        self.page.wait_for_function(condition, timeout=30_000)

    def settled(self, act):
        """Do something that asks for slices; return when they have come."""
        before = self.page.evaluate("window.poreflux.served")
        act()
        self.until(f"window.poreflux.served > {before} && !window.poreflux.waits()")

    def where(self, name, x, y):
        """Return the place on the page of a position x, y in the figure of a name."""
        return self.page.evaluate(
            """([name, x, y]) => {
              const figure = window.poreflux.figures.find((f) => f.name == name)
              const view = Bokeh.index.get_one(figure)
              const {left, top} = view.canvas_view.el.getBoundingClientRect()
              const {x_scale, y_scale} = view.frame
              return [left + x_scale.compute(x), top + y_scale.compute(y)]
            }""",
            [name, x, y],
        )

    def image(self, name, which=0):
        """Return the array that a slice shows: 0 the grey values, 2 what lies over them."""
        found = self.page.evaluate(
            """([name, which]) => {
              const figure = window.poreflux.figures.find((f) => f.name == name)
              const image = figure.renderers[which].data_source.data.image[0]
              return {shape: image.shape, values: [...image]}
            }""",
            [name, which],
        )
        return np.array(found["values"]).reshape(found["shape"])


@pytest.fixture(scope="module")
def visit(browser):
    """Return what opens a page; all are closed at the end."""
    opened = []

    def open_page(url, **options):
        opened.append(Visit(browser, url, **options))
        return opened[-1]

    yield open_page
    for one in opened:
        one.page.close()
