"""What cannot be shown is refused before anything is served, in one line that says what to do."""

import socket
import subprocess
import sys

import numpy as np
import pytest

import poreflux as pf
from poreflux.results import save
from tests.cli.command import inside, refused


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    small = pf.phantoms.random_sites((8, 8, 8), 0.2)
    pf.save(small, folder / "small.zarr")
    pf.save(pf.phantoms.random_sites((9, 8, 8), 0.2), folder / "large.zarr")
    save(pf.collect(pf.porosity_profile(small)), folder / "results.zarr")
    (folder / "text.txt").write_text("no store")
    return folder


@pytest.mark.parametrize(
    "words, status, said",
    [
        ("nothing.zarr", 1, "nothing.zarr is not a store; import or save one first"),
        ("text.txt", 1, "is not a store"),
        ("results.zarr", 2, "holds results, not a volume; give the store"),
        ("large.zarr results.zarr", 2, "are of another volume: they have 8 voxels along z"),
        ("small.zarr large.zarr", 2, "holds no results"),
        ("small.zarr nothing.zarr", 1, "is not there"),
        ("small.zarr --port 70000", 2, "--port 70000 is no port"),
    ],
)
def test_what_cannot_be_shown_is_refused(places, words, status, said):
    refused(inside("explore", *words.split(), cwd=places), status, said)


def test_a_port_that_is_taken_is_refused(places):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ran = inside("explore", "small.zarr", "--port", str(port), cwd=places)
        refused(ran, 1, f"--port {port} of 127.0.0.1 cannot be taken")


def test_without_bokeh_it_says_what_to_install(places):
    code = (
        "import sys; sys.modules['bokeh'] = None; from poreflux.cli import main;"
        "main(['explore', 'small.zarr'])"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=places, capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "pip install 'poreflux[explore]'" in ran.stderr


def test_a_volume_of_neither_gray_nor_phase_is_refused():
    field = pf.from_array(np.ones((2, 2, 2)), kind="gray").rename(gray="potential")
    with pytest.raises(ValueError, match="neither gray nor phase, only"):
        pf.explore(field)


def test_a_notebook_shows_the_page_and_a_script_its_address():
    page = pf.explore(pf.phantoms.random_sites((8, 8, 8), 0.2))
    try:
        shown = page._repr_mimebundle_()
        assert f'<iframe src="{page.url}"' in shown["text/html"]
        assert page.url in shown["text/plain"]
    finally:
        page.stop()


def test_dry_run_serves_nothing(places):
    ran = inside("explore", "small.zarr", "--dry-run", "--json", cwd=places)
    assert ran.status == 0
    assert ran.document["dry_run"]["memory_bytes"] < 2**30
