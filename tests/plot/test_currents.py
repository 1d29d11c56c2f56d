"""Figures of the current show its values on one scale, and say where a number is the mesh's."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from poreflux import collect, from_array, interfacial_current, phantoms, plot
from poreflux.plot.currents import IDLE

NAMES = ("dense", "porous")
FIGURES = ("current_density", "current_section", "current_distribution", "wagner_sweep")


@pytest.fixture(scope="module")
def results():
    volumes = (phantoms.uniform((12, 14, 10)), phantoms.random_sites((12, 14, 10), 0.2, seed=2))
    found = [interfacial_current(each, wagner_lengths=[0.0, 1.0, 400.0]) for each in volumes]
    return [collect(each) for each in found]


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("samples", [1, 2])
def test_every_figure_takes_one_sample_or_several(results, name, samples):
    names = NAMES if samples == 2 else ()
    figure = getattr(plot, name)(*results[:samples], names=names)
    assert plot.png(figure, dpi=40).startswith(b"\x89PNG")
    assert plot.svg(figure).startswith("<svg")


@pytest.mark.parametrize("name", ["current_density", "current_section"])
def test_samples_share_one_colour_scale(results, name):
    figure = getattr(plot, name)(*results, names=NAMES)
    limits = {ax.images[0 if name == "current_section" else -2].get_clim() for ax in figure.axes[:2]
              if ax.images}  # fmt: skip
    assert len(limits) == 1
    assert [ax.get_title(loc="left") for ax in figure.axes[:2]] == list(NAMES)


def test_the_map_shows_the_current_and_says_why_there_is_none(results):
    figure = plot.current_density(results[1])
    shown = figure.axes[0].images[0].get_array()
    expected = results[1].current_density.values
    np.testing.assert_array_equal(np.ma.getmaskarray(shown), np.isnan(expected))
    assert np.ma.max(shown) == pytest.approx(np.nanmax(expected))
    words = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert words == ["pore", "off contact"]
    assert "mA/cm²" in figure.axes[-1].get_ylabel()


def test_a_stripped_electrode_is_drawn_in_positive_numbers(results):
    found = interfacial_current(phantoms.uniform((6, 8, 8)), applied=-1.0)
    shown = plot.current_density(collect(found)).axes[0].images[0].get_array()
    assert np.ma.min(shown) > 0


def test_the_electrode_is_the_thick_edge_of_the_section():
    for face, edge in (("last", "bottom"), ("first", "top")):
        found = interfacial_current(phantoms.uniform((6, 8, 8)), face=face)
        spines = plot.current_section(collect(found)).axes[0].spines
        assert max(spines, key=lambda name: spines[name].get_linewidth()) == edge


def test_what_exceeds_the_largest_current_is_nothing(results):
    right = plot.current_distribution(*results, names=NAMES).axes[1]
    for line, each in zip(right.lines, results):
        values = each.current_density.values
        values = np.sort(values[np.isfinite(values)])
        np.testing.assert_allclose(line.get_xdata(), values)
        assert line.get_ydata()[0] == 1.0
        assert line.get_ydata()[-1] == pytest.approx(1 / values.size)


def test_mesh_dependent_values_are_open_marks(results):
    right = plot.wagner_sweep(results[1]).axes[1]
    largest = [line for line in right.lines if line.get_marker() == "^"]
    assert [line.get_markerfacecolor() == "none" for line in largest] == [False, True]
    assert largest[0].get_xdata().tolist() == [400.0]
    assert len(largest[1].get_xdata()) == 2
    words = [text.get_text() for text in right.get_legend().get_texts()]
    assert "mesh-dependent" in words


def test_a_wagner_length_of_zero_is_written_left_of_a_break_of_the_axis(results):
    axes = plot.wagner_sweep(results[1]).axes[0]
    zero = next(tick for tick in axes.xaxis.get_ticklabels() if tick.get_text() == "0")
    place = zero.get_position()[0]
    assert place == axes.lines[0].get_xdata()[0]
    strokes = [line for line in axes.lines if not line.get_clip_on()]
    assert len(strokes) == 2
    assert all(place < x < 1.0 for line in strokes for x in line.get_xdata())


def test_what_carries_no_current_has_greys_that_differ():
    brightness = sorted(np.mean(to_rgb(colour)) for colour in IDLE[:3])
    assert np.diff(brightness).min() > 0.15


def test_a_sample_that_carries_nothing_is_drawn():
    labels = np.ones((6, 8, 8), np.uint8)
    labels[3] = 0
    found = collect(interfacial_current(from_array(labels)))
    assert plot.png(plot.current_density(found), dpi=40)
    assert plot.png(plot.current_distribution(found), dpi=40)
