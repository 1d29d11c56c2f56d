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
    "block_tortuosity", "block_map", "sections", "pores",
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
    assert upright(plot.histogram(results).axes[0]) == [80.0]


def test_the_histogram_marks_band_and_methods_on_a_logarithmic_axis(results):
    methods = {"threshold_method": ["otsu", "li", "balance"]}
    more = results.assign_coords(methods).assign(
        threshold_shift=5.0, method_threshold=("threshold_method", [80.0, 71.0, np.nan])
    )
    figure = plot.histogram(more)
    ax = figure.axes[0]
    assert ax.get_yscale() == "log"
    assert upright(ax) == [80.0, 80.0, 71.0]
    (band,) = ax.patches
    assert (band.get_x(), band.get_width()) == (75.0, 10.0)
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["threshold 80.00", "threshold ± 5.0", "Otsu 80.00", "Li 71.00"]


def upright(ax):
    return [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1]


def test_every_block_is_one_point(results):
    axes = plot.block_porosity(results).axes[0]
    points = next(line for line in axes.lines if line.get_marker() == "o")
    assert sorted(points.get_ydata()) == sorted(results["block_porosity"].values.ravel())


def test_blocks_that_do_not_percolate_leave_the_scale_alone(results):
    axes = plot.block_tortuosity(results).axes
    assert all(np.isfinite(ax.get_ylim()).all() for ax in axes)
    known = [np.isfinite(points(ax).get_ydata()).sum() for ax in axes]
    assert known == [64, 64, 63]


@pytest.mark.parametrize("name", ["block_porosity", "block_tortuosity"])
def test_every_point_and_box_stands_at_its_place_in_micrometres(results, name):
    z = results["block_z"].values
    for ax in getattr(plot, name)(results).axes:
        assert set(points(ax).get_xdata()) == set(z)
        boxes = [path.get_extents() for box in ax.collections for path in box.get_paths()]
        assert sorted((box.x0 + box.x1) / 2 for box in boxes) == pytest.approx(sorted(z))


def test_boxes_are_quartiles_and_so_never_reach_below_the_least_block(results):
    ax = plot.block_tortuosity(results).axes[0]
    blocks = results["block_tortuosity_factor"].sel(direction="z")
    for layer, box in zip(blocks.values.reshape(4, -1), ax.collections):
        ends = box.get_paths()[0].get_extents()
        assert (ends.y0, ends.y1) == pytest.approx(tuple(np.percentile(layer, [25, 75])))


def test_the_whole_volume_stands_beside_its_blocks(results):
    dashed = [line.get_ydata()[0] for ax in plot.block_tortuosity(results).axes for line in ax.lines
              if line.get_linestyle() == "--" and len(set(line.get_ydata())) == 1]  # fmt: skip
    assert dashed == [1.21, 1.19, 1.18]


def test_blocks_are_numbered_along_x_first_up_to_the_last_face(results):
    axes = plot.block_map(results).axes[:4]
    words = [text.get_text() for ax in axes for text in ax.texts]
    assert words == [str(n) for n in range(1, 65)]
    shown = np.stack([np.ma.getdata(ax.images[0].get_array()) for ax in axes])
    np.testing.assert_array_equal(shown, results["block_porosity"])
    where = axes[3].texts[1].get_position()  # block 50, second along x
    assert where == (float(results["block_x"][1]), float(results["block_y"][0]))


def test_boundaries_are_drawn_where_the_phase_changes_on_both_sections(results):
    for ax, direction in zip(plot.sections(results).axes, "zy"):
        phase = results[f"phase_slice_{direction}"]
        lines = ~np.ma.getmaskarray(ax.images[1].get_array())
        times = lines.shape[0] // phase.shape[0]
        cells = lines.reshape(phase.shape[0], times, -1, times)
        first = np.diff(phase.values.astype(int), axis=0) != 0
        assert cells[1:, 0].any(-1)[first].all()
        inside = cells[:-1, times // 2, :-1, times // 2]
        assert not inside.any()
        assert ax.get_ylabel() == f"{phase.dims[0]} (µm)"


def points(ax):
    return next(line for line in ax.lines if line.get_marker() == "o")


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
