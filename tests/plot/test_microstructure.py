"""Figures of sizes, correlations and sub-volumes show the numbers they were given."""

import numpy as np
import pytest

import poreflux as pf
from poreflux import phantoms, plot
from poreflux.plot.sizes import bin_edges

FIGURES = (
    "pore_size", "local_thickness", "chord_length", "two_point_correlation", "spectral_density",
    "representative_volume", "porosity_convergence",
)  # fmt: skip


@pytest.fixture(scope="module")
def results():
    volume = phantoms.regular_100(40, chunks=40)
    volume = volume.assign(phase=volume.phase.compute())
    found = (
        pf.pore_size(volume),
        pf.pore_size(volume, method="thickness"),
        pf.chord_length(volume),
        pf.surface_area(volume),
        pf.two_point_correlation(volume),
        pf.spectral_density(volume),
        pf.arrangement(volume),
        pf.representative_volume(volume, edges=[5.0, 8.0, 12.0]),
    )
    return pf.collect(*found, volume=volume)


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_a_picture_with_units_on_its_axes(results, name):
    figure = getattr(plot, name)(results)
    assert plot.svg(figure).startswith("<svg")
    assert all(ax.get_xlabel() for ax in figure.axes)
    assert figure.axes[0].get_ylabel()


def test_bars_of_all_pores_add_up_to_one_and_the_unresolved_are_hatched(results):
    left, right = plot.pore_size(results).axes
    resolved, rest = left.containers
    heights = [sum(bar.get_height() for bar in bars) for bars in (resolved, rest)]
    assert sum(heights) == pytest.approx(1.0)
    share = float(results.pore_count_resolved / results.pore_count)
    assert heights[0] == pytest.approx(share)
    assert all(bar.get_hatch() for bar in rest)
    assert sum(bar.get_height() for bar in right.containers[0]) == pytest.approx(1.0)


def test_chords_of_voxels_are_drawn_without_the_beat_of_bins(results):
    """Bins of 1 µm hold one or two multiples of 0.92 µm; their density must not jump for that."""
    one = results.sel(direction="z")
    figure = plot.chord_length(results)
    drawn = figure.axes[1].patches[0].get_data().values
    edges = bin_edges(results)
    whole = np.diff(np.ceil(edges / 0.92 - 1e-9))
    assert {1, 2} <= set(whole)
    expected = one.chord_length_share.values / (0.92 * np.where(whole > 0, whole, np.nan))
    np.testing.assert_allclose(drawn, expected)


def test_the_slope_at_zero_is_that_of_the_surface(results):
    left = plot.two_point_correlation(results).axes[0]
    (line,) = [each for each in left.lines if "slope" in each.get_label()]
    x, y = line.get_xdata(), line.get_ydata()
    slope = (y[-1] - y[0]) / (x[-1] - x[0])
    assert slope == pytest.approx(-float(results.specific_surface) / 4)
    assert y[0] == pytest.approx(float(results.two_point_probability[0]))


def test_the_fit_of_the_decay_runs_through_the_scatter_of_cubes(results):
    left = plot.representative_volume(results).axes[0]
    (fitted,) = [each for each in left.lines if "propto" in str(each.get_label())]
    scatter = 100 * results.representative_std / results.field_porosity[-1]
    # in units of the standard errors of a deviation of few cubes, and of the exponent
    n, edge = results.representative_count.values, fitted.get_xdata()
    lever = 1.5 * np.log(edge / np.exp(np.log(edge).mean()))
    error = np.hypot(1 / np.sqrt(2 * (n - 1)), lever * float(results.variance_exponent_error))
    assert (np.abs(fitted.get_ydata() / scatter.values - 1) < 4 * error).all()


def test_the_limit_of_long_waves_is_marked_where_it_is_known(results):
    words = legend_words(plot.spectral_density(results))
    assert any("limit at long wavelengths" in word for word in words)
    alone = results.drop_vars(["spectral_density_zero", "dominant_wavelength"])
    assert not any("limit" in word for word in legend_words(plot.spectral_density(alone)))


def legend_words(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_bins_of_local_thickness_hold_two_voxels_or_more_and_all_of_the_volume(results):
    """Diameters lie two voxel edges apart between plane walls; narrower bins show that as teeth."""
    left = plot.local_thickness(results).axes[0]
    widths = np.array([bar.get_width() for bar in left.patches])
    assert (widths[:-1] >= 2 * 0.92).all()
    shares = [bar.get_width() * bar.get_height() for bar in left.patches]
    assert sum(shares) == pytest.approx(float(results.local_thickness_share.sum()))


@pytest.mark.parametrize("by, panels", [("number", 1), ("volume", 1), ("both", 2)])
def test_sizes_by_number_or_volume_stand_alone_or_together(results, by, panels):
    axes = plot.pore_size(results, by=by).axes
    assert len(axes) == panels
    assert by == "both" or axes[0].get_title(loc="left").startswith(f"by {by}")


def test_the_axis_reaches_a_largest_pore_of_which_there_is_one(results):
    number = np.zeros(results.sizes["diameter"], int)
    number[[3, 9]] = 5000, 1
    one_large = results.assign(
        pore_number=("diameter", number), pore_number_resolved=("diameter", number), pore_count=5001
    )
    end = plot.pore_size(one_large, by="number").axes[0].get_xlim()[1]
    assert end == pytest.approx(bin_edges(results)[10])
