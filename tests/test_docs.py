"""The gallery has every figure, and the check of the site finds what it is for."""

import importlib.util
from pathlib import Path

import pytest

import poreflux

DOCS = Path(__file__).parents[1] / "docs"

#: what turns figures into bytes, and draws none
FORMATS = {"data_uri", "png", "svg"}


@pytest.mark.parametrize("name", sorted(set(poreflux.plot.__all__) - FORMATS))
def test_every_figure_has_an_example_in_the_gallery(name):
    text = (DOCS / "gallery" / f"plot_{name}.py").read_text(encoding="utf-8")
    assert f"pf.plot.{name}(" in text


def checker():
    spec = importlib.util.spec_from_file_location("check_site", DOCS / "check_site.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "body, wrong",
    [
        ('<a href="there.html#place">x</a><img src="data:image/png;base64,AA">', ""),
        ('<a href="https://elsewhere.org/">a link loads nothing</a>', ""),
        ('<script src="https://elsewhere.org/x.js"></script>', "from elsewhere"),
        ('<img src="//elsewhere.org/x.png">', "from elsewhere"),
        ('<link rel="stylesheet" href="lost.css">', "not there"),
        ('<a href="lost.html">x</a>', "not there"),
        ('<a href="there.html#lost">x</a>', "a place that is not there"),
    ],
)
def test_the_check_of_the_site_finds_what_is_wrong(tmp_path, body, wrong):
    (tmp_path / "there.html").write_text('<p id="place">here</p>')
    (tmp_path / "page.html").write_text(body)
    found = checker().problems(tmp_path)
    assert len(found) == bool(wrong)
    assert all(wrong in problem for problem in found)
