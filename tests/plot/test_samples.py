"""Every figure takes one sample or several, is drawn where it is asked for, on scales in common."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from poreflux import plot
from tests.plot.figures import FIGURES, MAPS, OVERLAID, PANELS, draw

OWN_SCALES = (*MAPS, *OVERLAID, "block_map", "pores", "sections", "slices", "overview", "histogram")


@pytest.mark.parametrize("name", FIGURES)
def test_one_sample_fills_its_panels_on_white(drawn, name):
    figure = drawn(name, 1)
    assert to_rgba(figure.get_facecolor()) == (1, 1, 1, 1)
    assert len(figure.axes) >= PANELS.get(name, 1)


@pytest.mark.parametrize("name", FIGURES)
def test_several_samples_have_their_names(drawn, samples, name):
    assert set(samples) <= names_in(drawn(name, 2), name)


def test_samples_that_are_not_joined_are_named_by_the_caller(samples):
    figure = plot.histogram(*samples.values(), names=["first", "second"])
    assert {"first", "second"} <= names_in(figure, "histogram")


def names_in(figure, name):
    titles = {ax.get_title(loc="left").partition("\n")[0] for ax in figure.axes}
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()] + figure.legends
    words = {text.get_text() for legend in legends for text in legend.get_texts()}
    return words if name in OVERLAID else titles


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in OWN_SCALES])
def test_curves_of_samples_share_their_scales(drawn, name):
    axes = np.reshape(drawn(name, 2).axes, (2, -1))
    for first, second in axes.T:
        assert first.get_xlim() == second.get_xlim()
        assert first.get_ylim() == second.get_ylim()


@pytest.mark.parametrize("name", MAPS)
def test_maps_of_samples_share_their_colours(drawn, name):
    assert len({ax.images[0].get_clim() for ax in drawn(name, 2).axes[:2]}) == 1


@pytest.mark.parametrize("name", FIGURES)
def test_it_is_drawn_into_axes_that_are_given(samples, name):
    assert_drawn_into(samples["loose"], name, 1)


@pytest.mark.parametrize("name", ["porosity_profile", "chord_length", "current_density"])
def test_several_are_drawn_into_axes_that_are_given(joined, name):
    assert_drawn_into(joined, name, 2)


def assert_drawn_into(results, name, rows):
    mine = Figure()
    axes = mine.subplots(rows, PANELS.get(name, 1), squeeze=False)
    assert draw(name, results, ax=axes) is mine
    assert all(ax.has_data() or ax.images for ax in axes.ravel())


@pytest.mark.parametrize("name", ["chord_length", "representative_volume", "wagner_sweep"])
def test_the_first_panel_alone_can_be_drawn(samples, name):
    mine = Figure()
    first, other = mine.subplots(1, 2)
    getattr(plot, name)(samples["loose"], ax=first)
    assert first.has_data()
    assert not other.has_data()
    assert len([ax for ax in mine.axes if ax.has_data()]) == 1


def test_axes_that_are_too_few_are_refused(joined):
    with pytest.raises(ValueError, match="ax has 3 axes; give 4, or 2"):
        plot.chord_length(joined, ax=Figure().subplots(1, 3))


@pytest.mark.parametrize("name", MAPS)
def test_maps_take_limits_and_a_colour_map(samples, name):
    figure = getattr(plot, name)(samples["loose"], limits=(0.25, 0.75), cmap="cividis")
    image = figure.axes[0].images[0]
    assert image.get_clim() == (0.25, 0.75)
    assert image.get_cmap()(0.5) == matplotlib.colormaps["cividis"](0.5)


@pytest.mark.parametrize("name", ["porosity_profile", "block_tortuosity", "spectral_density",
                                  "wagner_sweep", "histogram"])  # fmt: skip
def test_curves_take_limits(joined, name):
    figure = getattr(plot, name)(joined, limits=(0.01, 3.0))
    assert figure.axes[0].get_ylim() == (0.01, 3.0)


def test_a_sample_without_the_numbers_is_left_out_and_none_is_named(samples):
    without = samples["dense"].drop_vars("porosity_profile")
    figure = plot.porosity_profile(samples["loose"], without, names=["loose", "dense"])
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["loose"]
    with pytest.raises(KeyError, match=r"no 'porosity_profile'; collect porosity_profile"):
        plot.porosity_profile(without)


def test_more_names_than_samples_are_refused(samples):
    with pytest.raises(ValueError, match="more than the 1 samples"):
        plot.porosity_profile(samples["loose"], names=["a", "b"])
