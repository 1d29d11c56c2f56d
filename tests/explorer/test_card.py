"""Volumes and Results as a notebook shows them."""

import re

import nbformat
import numpy as np
import pytest
import xarray as xr
from nbclient import NotebookClient

import poreflux as pf
from poreflux.explorer.card import card


@pytest.fixture(scope="module")
def volume():
    return pf.phantoms.random_sites((12, 10, 8), 0.25, voxel_size=0.5, seed=3)


def test_a_number_stands_with_its_total_and_unit(volume):
    results = pf.collect(pf.porosity(volume), pf.block_porosity(volume, blocks=(2, 2, 2)))
    shown = re.sub("<[^>]+>", " ", card(results).partition("<details>")[0])
    error = float(results["porosity_sampling_error"])
    assert "porosity" in shown
    assert f"{float(results['porosity']):.3f}"[:4] in shown
    assert re.search(r"\d ± 0\.\d+", shown)
    assert error > 0
    assert "data:image/png" in card(results)


def test_a_volume_says_its_size_and_phases(volume):
    shown = card(volume)
    assert "8 × 10 × 12 voxels (x × y × z) of 0.5 µm: 4 × 5 × 6 µm" in shown
    assert "pore, electrolyte" in shown
    assert "all of it" in shown


def test_what_is_lazy_is_not_computed(volume):
    def computed(block):
        raise AssertionError("it was computed")

    lazy = volume["phase"].chunk(4).data.map_blocks(computed, dtype=np.uint8)
    assert "12" in card(volume.assign(phase=(("z", "y", "x"), lazy, volume["phase"].attrs)))
    assert "not computed yet" in card(pf.porosity(volume))


def test_other_datasets_are_shown_as_xarray_shows_them():
    other = xr.Dataset({"temperature": ("time", [1.0])})
    strip = re.compile(r"section-[0-9a-f-]+|(?:attrs|data)-[0-9a-f-]+")
    assert strip.sub("", card(other)) == strip.sub("", other._repr_html_())


@pytest.mark.slow
def test_a_notebook_shows_the_card_and_the_page():
    cells = [
        "import poreflux as pf\nvolume = pf.phantoms.random_sites((8, 8, 8), 0.2)",
        "volume",
        "page = pf.explore(volume)\npage",
        "page.stop()",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    shown = [cell["outputs"][0]["data"]["text/html"] for cell in book["cells"][1:3]]
    assert "8 × 8 × 8 voxels" in shown[0]
    assert re.search(r'<iframe src="http://127\.0\.0\.1:\d+/"', shown[1])
