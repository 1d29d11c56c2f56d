"""Intervals of the discretisation hold the exact value, and say what voxels do not resolve."""

import dask
import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

import poreflux as pf
from poreflux.phantoms import columns, dead_end, layers, sphere_lattice, spheres, uniform
from poreflux.uncertainty.larger_voxels import every_other_voxel
from tests.coverage.discretisation_error import FINER, balls, voxels
from tests.coverage.discretisation_error import scan as blurred
from tests.physics.test_spheres import EXACT

QUANTITIES = ("tortuosity_factor", "effective_conductivity", "macmullin_number")


def errors_of(volume: xr.Dataset, **options) -> tuple[xr.Dataset, xr.Dataset]:
    solved = pf.tortuosity_factor(volume, **options)
    return solved.squeeze("direction"), pf.tortuosity_discretisation(volume, solved).squeeze()


def interval(errors: xr.Dataset, name: str = "tortuosity_factor") -> tuple[float, float]:
    low, high = (float(errors[f"{name}_discretisation_{end}"]) for end in ("low", "high"))
    return low, high


@pytest.mark.parametrize("shape", [(6, 4, 2), (7, 5, 1), (1, 1, 1)])
def test_every_other_voxel_has_the_same_edges(shape):
    volume = pf.from_array(np.arange(np.prod(shape)).reshape(shape) % 2, voxel_size=(1, 2, 3))
    larger = every_other_voxel(volume)
    assert larger.phase.shape == tuple((n + 1) // 2 for n in shape)
    np.testing.assert_allclose(
        np.multiply(larger.phase.shape, larger.attrs["voxel_size"]), np.multiply(shape, (1, 2, 3))
    )
    np.testing.assert_array_equal(larger.phase, volume.phase[::2, ::2, ::2])


@pytest.mark.parametrize(("fraction", "n"), [(0.1, 16), (0.1, 32), (0.3, 16), (0.4, 32)])
def test_the_interval_of_a_lattice_of_spheres_holds_the_exact_value(fraction, n):
    exact = EXACT[fraction]
    solved, errors = errors_of(sphere_lattice("sc", n, fraction=fraction), sides="periodic")
    low, high = interval(errors)
    assert low < exact < high < float(solved.tortuosity_factor)
    extrapolated = float(errors.tortuosity_factor_extrapolated)
    # the law has 0.32 where spheres have 0.2 to 0.4
    assert abs(extrapolated - exact) < 0.6 * (float(solved.tortuosity_factor) - exact)


@pytest.mark.parametrize(
    "volume",
    [
        uniform(6),
        columns((8, 8, 8), width=2, period=4),
        layers((8, 8, 8), direction="y", thickness=2),
    ],
    ids=["uniform", "columns", "layers"],
)
def test_walls_along_the_axes_have_no_error(volume):
    _, errors = errors_of(volume)
    assert interval(errors) == (pytest.approx(1), pytest.approx(1))
    assert float(errors.tortuosity_factor_extrapolated) == pytest.approx(1)


def test_what_is_derived_has_the_interval_that_follows():
    solved, errors = errors_of(sphere_lattice("sc", 16, fraction=0.2))
    fraction = float(solved.conducting_fraction)
    tau, kappa, inverse = (float(errors[f"{name}_extrapolated"]) for name in QUANTITIES)
    assert kappa == pytest.approx(fraction / tau)
    assert inverse == pytest.approx(1 / kappa)
    (tau_low, tau_high), (low, high), ends = (interval(errors, name) for name in QUANTITIES)
    assert low < fraction / tau_high < fraction / tau_low < high
    assert ends == (pytest.approx(1 / high), pytest.approx(1 / low))


def test_nothing_is_said_where_nothing_conducts():
    _, errors = errors_of(dead_end((6, 4, 4)))
    assert all(np.isnan(value) for value in errors.data_vars.values())


def test_a_path_as_thin_as_a_voxel_is_not_resolved():
    array = np.ones((12, 12, 12), np.uint8)
    array[5:7] = 0
    array[5:7, 5, 5] = 1  # lost on every other voxel
    solved, errors = errors_of(pf.from_array(array))
    low, high = interval(errors)
    assert 1 <= low < float(solved.tortuosity_factor)
    assert np.isinf(high)
    assert interval(errors, "effective_conductivity")[0] == 0
    assert np.isnan(errors.tortuosity_factor_extrapolated)
    said = errors.tortuosity_factor_discretisation_high.attrs["not_resolved"]
    assert "as thin as a voxel" in said


@pytest.mark.parametrize("seed", [1, 3])
def test_contacts_that_only_voxels_make_reach_upwards(seed):
    """Conducting balls that overlap: finer voxels part some, against what steps would do."""
    centres = np.random.default_rng(seed).uniform(-4, 28, (160, 3))
    grains = balls(centres, 8.0, 24.0)
    solved, errors = errors_of(pf.from_array(grains(24)))
    low, high = interval(errors)
    truth = float(pf.tortuosity_factor(pf.from_array(grains(72)), rtol=1e-4).tortuosity_factor[0])
    assert low < truth < high
    assert low < float(solved.tortuosity_factor) < high


@pytest.mark.parametrize("blur", [0.5, 0.8, 1.1])
def test_contacts_that_blur_has_widened_are_found(blur):
    """Balls that overlap, half of the volume: the blur widens what conducts between them."""
    centres = np.random.default_rng(1).uniform(-4, 28, (84, 3))
    fine = balls(centres, 8.0, 24.0)(24 * FINER)
    truth = float(pf.tortuosity_factor(voxels(fine, 1 / FINER), rtol=1e-4).tortuosity_factor[0])
    solved, errors = errors_of(blurred(fine, blur, 0.0), rtol=1e-4)
    low, high = interval(errors)
    assert float(solved.tortuosity_factor) < 0.9 * truth
    assert low < truth < high
    assert np.isnan(errors.tortuosity_factor_extrapolated)
    said = errors.tortuosity_factor_discretisation_high.attrs.get("not_resolved", "")
    assert np.isinf(high) == ("no wider than that" in said) == (blur > 1)


def scan(d: float, blur: float, n: int = 24, fine: int = 4) -> tuple[xr.Dataset, xr.Dataset]:
    """Return a volume with solid fractions of a sphere in a blurred image, and the truth."""
    truth = spheres(n * fine, [(n * fine / 2 + 0.7,) * 3], d * fine)
    gray = gaussian_filter(truth.phase.values.astype(np.float32), blur * fine, mode="wrap")
    gray = gray.reshape(n, fine, n, fine, n, fine).mean((1, 3, 5))
    volume = pf.from_array((gray > 0.5).astype(np.uint8))
    return volume.assign(gray=(("z", "y", "x"), gray)), truth


@pytest.mark.parametrize(("d", "blur"), [(8, 0.0), (8, 0.8), (12, 1.0), (6, 0.5)])
def test_partial_and_whole_voxels_of_a_blurred_image_both_hold_the_truth(d, blur):
    volume, truth = scan(d, blur)
    volume = pf.solid_fraction(volume, levels=(0.0, 1.0)).compute()
    bracket = pf.tortuosity_bracket(volume, sides="periodic").squeeze("direction")
    exact = float(pf.tortuosity_factor(truth, sides="periodic", rtol=1e-5).tortuosity_factor[0])
    partial, voxels = bracket.tortuosity_factor.values
    assert partial < exact < voxels
    for geometry in ("partial", "voxels"):
        low, high = interval(bracket.sel(geometry=geometry))
        assert low < exact < high
    assert abs(float(bracket.tortuosity_factor_extrapolated[1]) - exact) < 0.25 * (exact - 1)


def test_pores_that_blur_has_eaten_are_said_to_be_lost():
    """The radius is 2 voxels, the blur .8: whole voxels are too low as well."""
    volume, truth = scan(4, 0.8)
    volume = pf.solid_fraction(volume, levels=(0.0, 1.0)).compute()
    bracket = pf.tortuosity_bracket(volume, sides="periodic").squeeze("direction")
    exact = float(pf.tortuosity_factor(truth, sides="periodic", rtol=1e-5).tortuosity_factor[0])
    assert bracket.tortuosity_factor.max() < exact
    for geometry in ("partial", "voxels"):
        low, high = interval(bracket.sel(geometry=geometry))
        assert low < exact < high
        assert np.isinf(high)


def test_a_sample_of_any_shape_has_the_walls_within():
    """A cylinder, and pores outside of it that do not count."""
    pores = balls(np.random.default_rng(4).uniform(0, 24, (40, 3)), 7.0, 24.0)
    values = []
    for n in (24, 72):
        volume = pf.from_array(~pores(n), voxel_size=24 / n)
        x = (np.arange(n) + 0.5) * 24 / n - 12
        round_sample = np.broadcast_to(x[:, None] ** 2 + x**2 < 11.9**2, (n, n, n))
        volume["mask"] = (("z", "y", "x"), round_sample)
        values.append(volume)
    _, errors = errors_of(values[0])
    low, high = interval(errors)
    truth = float(pf.tortuosity_factor(values[1], rtol=1e-4).tortuosity_factor[0])
    assert low < truth < high
    changed = values[0].assign(phase=values[0].phase.where(values[0].mask, 0).astype(np.uint8))
    assert interval(errors_of(changed)[1]) == pytest.approx((low, high))


def test_several_conductors_are_judged_by_larger_voxels():
    array = np.repeat(np.array([1, 2, 1, 2], np.uint8), 4)[:, None, None] * np.ones((1, 8, 8))
    names = {0: "pore", 1: "good", 2: "poor"}
    volume = pf.from_array(array.astype(np.uint8), phases=names)
    solved, errors = errors_of(volume, conductivity={"good": 1.0, "poor": 0.25})
    tau = float(solved.tortuosity_factor)
    low, high = interval(errors)
    assert low <= tau * (1 + 1e-5)
    assert high >= tau * (1 - 1e-5)
    assert high - low < 1e-4  # layers across are exact on voxels


def test_no_interval_goes_beyond_conductors_side_by_side():
    # a film that larger voxels break: the change on them is as large as the tortuosity factor
    array = np.where(np.random.default_rng(2).random((12, 12, 12)) < 0.5, 1, 2)
    array[:, 3:4] = 1
    names = {0: "pore", 1: "good", 2: "poor"}
    volume = pf.from_array(array.astype(np.uint8), phases=names)
    solved, errors = errors_of(volume, conductivity={"good": 1.0, "poor": 1e-3})
    mean = float(solved.tortuosity_factor * solved.effective_conductivity)
    assert 1 <= float(errors.tortuosity_factor_discretisation_low) < float(solved.tortuosity_factor)
    assert float(errors.tortuosity_factor_extrapolated) >= 1
    assert float(errors.effective_conductivity_discretisation_high) <= mean * (1 + 1e-12)


def test_directions_are_judged_together_or_alone():
    volume = layers((16, 12, 12), thickness=4)
    along = [pf.tortuosity_factor(volume, direction=d) for d in "yx"]
    solved = xr.concat(along, "direction", data_vars="minimal")
    both = pf.tortuosity_discretisation(volume, solved)
    assert both.direction.values.tolist() == ["y", "x"]
    alone = pf.tortuosity_discretisation(volume, along[1])
    xr.testing.assert_allclose(both.sel(direction=["x"]), alone)


def test_a_tortuosity_factor_of_elsewhere_is_refused():
    elsewhere = xr.Dataset({"tortuosity_factor": ("direction", [1.0])}, {"direction": ["z"]})
    with pytest.raises(KeyError, match="no attribute 'conductivity'"):
        pf.tortuosity_discretisation(uniform(4), elsewhere)


def test_the_surface_of_a_ball_is_in_its_interval():
    volume = spheres(48, [(24.2, 23.8, 24.1)], 14.0)
    measured = pf.surface_area(volume)
    found = pf.collect(measured, pf.structure_discretisation(volume, measured))
    low, high = interval(found, "specific_surface")
    assert low < np.pi * 14**2 / 48**3 < high
    assert high < 1.2 * low


def test_chords_and_thickness_of_slabs_are_in_their_intervals():
    volume = layers((36, 12, 12), thickness=4)
    chords, thickness = pf.chord_length(volume), pf.pore_size(volume, method="thickness")
    found = pf.collect(chords, pf.structure_discretisation(volume, chords))
    low, high = interval(found.sel(direction="z"), "chord_length_mean")
    assert low <= 4 <= high
    found = pf.collect(thickness, pf.structure_discretisation(volume, thickness))
    low, high = interval(found, "local_thickness_mean")
    assert low < 4 < high


def test_measuring_on_larger_voxels_waits_to_be_collected():
    volume = layers((36, 12, 12), thickness=4).chunk(12)
    counted = []

    def count(graph, keys, **kwargs):
        counted.append(1)
        return dask.get(graph, keys, **kwargs)

    with dask.config.set(scheduler=count):
        measured = pf.surface_area(volume).merge(pf.chord_length(volume, direction="z"))
        errors = pf.structure_discretisation(volume, measured)
        assert not counted
        errors.compute()
    assert counted


def test_what_has_no_law_is_refused():
    with pytest.raises(ValueError, match="give one with some of"):
        pf.structure_discretisation(uniform(4), pf.porosity(uniform(4)))
