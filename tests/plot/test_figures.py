"""Each figure shows the numbers it was given, with units, in any place."""

import re
import subprocess
import sys

import numpy as np
import pytest

from poreflux import plot
from tests.plot.sample import EDGE, H, round_pores, sample_results

FIGURES = (
    "slices", "histogram", "porosity_profile", "structure_factor", "block_porosity",
    "block_tortuosity", "pores",
)  # fmt: skip


@pytest.fixture(scope="module")
def results():
    return sample_results()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_a_picture_and_an_svg(results, name):
    figure = getattr(plot, name)(results)
    assert plot.png(figure, dpi=40).startswith(b"\x89PNG")
    text = plot.svg(figure)
    assert text.startswith("<svg")
    assert text.rstrip().endswith("</svg>")
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", text)


@pytest.mark.parametrize("name", ["slices", "structure_factor"])
def test_images_span_the_volume_in_micrometres(results, name):
    figure = getattr(plot, name)(results)
    axes = figure.axes[0]
    assert axes.images[0].get_extent() == pytest.approx([0, EDGE * H, EDGE * H, 0])
    assert axes.get_xlabel() == "x (µm)"
    assert axes.get_ylabel() == "y (µm)"


@pytest.mark.parametrize("direction, dims", [("z", "yx"), ("y", "zx"), ("x", "zy")])
def test_slices_name_the_axes_they_show(results, direction, dims):
    axes = plot.slices(results, direction=direction).axes[0]
    assert (axes.get_ylabel(), axes.get_xlabel()) == tuple(f"{d} (µm)" for d in dims)


def test_the_segmented_slice_shows_pores_dark(results):
    image = plot.slices(results).axes[1].images[0]
    brightness = image.to_rgba(image.get_array())[..., :3].mean(-1)
    pore = round_pores()[EDGE // 2]
    assert brightness[pore].max() < brightness[~pore].min()


def test_colours_of_the_map_are_symmetric_about_zero(results):
    low, high = plot.structure_factor(results).axes[0].images[0].get_clim()
    assert low == -high < 0


def test_the_profile_line_is_the_data(results):
    line = plot.porosity_profile(results).axes[0].lines[0]
    np.testing.assert_array_equal(line.get_ydata(), results["porosity_profile"])


def test_the_histogram_marks_the_threshold(results):
    axes = plot.histogram(results).axes[0]
    assert [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1] == [80.0]


def test_every_block_is_one_point(results):
    axes = plot.block_porosity(results).axes[0]
    points = next(line for line in axes.lines if line.get_marker() == "o")
    assert sorted(points.get_ydata()) == sorted(results["block_porosity"].values.ravel())


def test_blocks_that_do_not_percolate_leave_the_scale_alone(results):
    left, right = plot.block_tortuosity(results).axes
    assert np.isfinite(left.get_ylim()).all()
    along_x = [line for line in right.lines if line.get_marker() == "o"][2]
    assert len(along_x.get_ydata()) == 63


def test_the_whole_volume_stands_beside_its_blocks(results):
    _, right = plot.block_tortuosity(results).axes
    diamonds = [line.get_ydata()[0] for line in right.lines if line.get_marker() == "D"]
    assert diamonds == [1.21, 1.19, 1.18]


def test_two_figures_share_no_id(results):
    ids = [re.findall(r'\sid="([^"]+)"', plot.svg(getattr(plot, n)(results))) for n in FIGURES[1:3]]
    assert not set(ids[0]) & set(ids[1])


def test_every_reference_inside_an_svg_has_its_target(results):
    text = plot.svg(plot.histogram(results))
    targets = set(re.findall(r'\sid="([^"]+)"', text))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= targets


def test_plotting_twice_gives_the_same_bytes(results):
    assert plot.svg(plot.histogram(results)) == plot.svg(plot.histogram(results))


def test_plotting_leaves_pyplot_unloaded():
    code = (
        "import sys; from poreflux import plot; from tests.plot.sample import sample_results;"
        "plot.png(plot.slices(sample_results())); print('matplotlib.pyplot' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_a_missing_slice_says_what_to_collect(results):
    with pytest.raises(KeyError, match="collect preview"):
        plot.slices(results.drop_vars(["gray_slice_y", "phase_slice_y"]), direction="y")
