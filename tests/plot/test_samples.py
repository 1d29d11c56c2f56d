"""Every figure takes one sample or several, is drawn where it is asked for, and shows all of it."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

import poreflux as pf
from poreflux import plot

FIGURES = [name for name in plot.__all__ if name not in ("data_uri", "png", "svg")]
PANELS = {"overview": 4, "slices": 2} | dict.fromkeys(
    ("block_tortuosity", "chord_length", "current_distribution", "local_thickness", "pore_size",
     "porosity_convergence", "representative_tortuosity", "representative_volume",
     "spectral_density", "two_point_correlation", "wagner_sweep"), 2,
)  # fmt: skip
MAPS = ("current_density", "current_section", "structure_factor")
OVERLAID = ("current_distribution", "wagner_sweep")
OWN_SCALES = (*MAPS, *OVERLAID, "pores", "slices", "overview", "histogram")


def of_sample(porosity, edge, voxel_size):
    """Return all that figures show, of a scan with round pores."""
    rng = np.random.default_rng(edge)
    index, pore = np.indices((edge,) * 3), np.zeros((edge,) * 3, bool)
    for centre in rng.uniform(0, edge, (int(100 * porosity), 3)):
        pore |= ((index - centre[:, None, None, None]) ** 2).sum(0) < 2.5**2
    gray = (np.where(pore, 40, 140) + rng.normal(0, 8, pore.shape)).astype(np.uint8)
    scan = pf.from_array(gray, kind="gray", voxel_size=voxel_size)
    volume = pf.segment(scan, method="threshold", threshold=90)
    solved = [pf.block_tortuosity(volume, blocks=(n,) * 3, rtol=1e-2) for n in (2, 3)]
    cubes = {edge * voxel_size / n: blocks for n, blocks in zip((2, 3), solved)}
    parts = [
        pf.porosity(volume), pf.porosity_profile(volume), pf.structure_factor(volume),
        pf.block_porosity(volume, blocks=(2, 2, 2)), pf.pore_size(volume),
        pf.pore_size(volume, method="thickness"), pf.chord_length(volume),
        pf.surface_area(volume), pf.two_point_correlation(volume), pf.spectral_density(volume),
        pf.representative_volume(volume, edges=[4 * voxel_size, 6 * voxel_size]),
        pf.preview(volume), solved[0], pf.representative_tortuosity(cubes),
        pf.interfacial_current(volume, wagner_lengths=[0, 2], rtol=1e-2),
    ]  # fmt: skip
    return pf.collect(*parts, volume=volume)


@pytest.fixture(scope="module")
def samples():
    return {"loose": of_sample(0.3, 16, 0.92), "dense": of_sample(0.1, 18, 1.5)}


@pytest.fixture(scope="module")
def joined(samples):
    return pf.join_results(samples)


@pytest.mark.parametrize("name", FIGURES)
def test_one_sample_fills_its_panels_on_white(samples, name):
    figure = getattr(plot, name)(samples["loose"])
    assert to_rgba(figure.get_facecolor()) == (1, 1, 1, 1)
    assert len(figure.axes) >= PANELS.get(name, 1)


@pytest.mark.parametrize(
    "name, way",
    [*((name, "joined") for name in FIGURES),
     *((name, "names") for name in ("histogram", "wagner_sweep", "pore_size"))],
)  # fmt: skip
def test_several_samples_have_their_names(samples, joined, name, way):
    if way == "joined":
        figure = getattr(plot, name)(joined)
    else:
        figure = getattr(plot, name)(*samples.values(), names=list(samples))
    titles = {ax.get_title(loc="left").partition("\n")[0] for ax in figure.axes}
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    words = {text.get_text() for legend in legends for text in legend.get_texts()}
    assert set(samples) <= (words if name in OVERLAID else titles)


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in OWN_SCALES])
def test_curves_of_samples_share_their_scales(joined, name):
    axes = np.reshape(getattr(plot, name)(joined).axes, (2, -1))
    for first, second in axes.T:
        assert first.get_xlim() == second.get_xlim()
        assert first.get_ylim() == second.get_ylim()


@pytest.mark.parametrize("name", MAPS)
def test_maps_of_samples_share_their_colours(joined, name):
    figure = getattr(plot, name)(joined)
    assert len({ax.images[0].get_clim() for ax in figure.axes[:2]}) == 1


@pytest.mark.parametrize(
    "name, several",
    [*((name, False) for name in FIGURES),
     *((name, True) for name in ("porosity_profile", "chord_length", "current_density"))],
)  # fmt: skip
def test_it_is_drawn_into_axes_that_are_given(samples, joined, name, several):
    mine = Figure()
    rows = 2 if several and name not in OVERLAID else 1
    axes = mine.subplots(rows, PANELS.get(name, 1), squeeze=False)
    figure = getattr(plot, name)(joined if several else samples["loose"], ax=axes)
    assert figure is mine
    assert all(ax.has_data() or ax.images for ax in axes.ravel())


@pytest.mark.parametrize("name", [name for name in FIGURES if PANELS.get(name, 1) == 2])
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


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("count", [1, 6])
def test_nothing_is_clipped(samples, name, count):
    six = [*samples.values()] * 3
    names = [f"{powder} {pressure} MPa" for powder in ("fine", "regular") for pressure in "135"]
    figure = getattr(plot, name)(*six[:count], names=names[:count] if count > 1 else ())
    figure.draw_without_rendering()
    drawn, page = figure.get_tightbbox(), figure.bbox_inches
    assert drawn.x0 > -0.02
    assert drawn.y0 > -0.02
    assert drawn.x1 < page.width + 0.02
    assert drawn.y1 < page.height + 0.02
