"""What every public function returns is as the registry says: names, dims, kinds and units."""

import inspect
from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pytest
import xarray as xr

import poreflux as pf
from poreflux import results, schema
from poreflux.schema import ACROSS, COORDINATES, DIMS, VARIABLES, name_of


@cache
def scan() -> xr.Dataset:
    """Return grey values of three spheres, with phases to tell them by."""
    spheres = pf.phantoms.random_spheres(28, 3, [8, 6])
    return pf.phantoms.measure_gray(spheres, pf.phantoms.Tomograph())


@cache
def segmented() -> xr.Dataset:
    return pf.segment(scan())


@cache
def phases() -> xr.Dataset:
    return pf.phantoms.random_sites((12, 13, 14), 0.2, seed=1)


def blocked() -> xr.Dataset:
    """Return a volume through which nothing passes along z."""
    solid = np.ones((4, 4, 4), np.uint8)
    solid[2] = 0
    return pf.from_array(solid)


@cache
def sub_volumes() -> xr.Dataset:
    return pf.block_tortuosity(phases(), blocks=(2, 2, 2))


def saved(tmp_path) -> str:
    return str(pf.save(segmented(), tmp_path / "volume.zarr"))


def collected(_) -> xr.Dataset:
    """Return numbers of one direction beside numbers of two: some are missing."""
    found = [pf.tortuosity_factor(phases(), direction=along) for along in "zy"]
    return pf.collect(*found, pf.chord_length(phases()), volume=segmented())


def evolved(direction: str) -> xr.Dataset:
    steps = {"capacities": [-0.1, 0.1], "supply": 0.2, "critical_gap": 1.0}
    return pf.contact_evolution(phases(), direction=direction, **steps)


def swept(direction: str) -> xr.Dataset:
    return pf.interfacial_current(
        phases(), direction=direction, wagner_lengths=[1, 10], resolution="both", blocks=(2, 2, 2)
    )


def unlike() -> xr.Dataset:
    """Return results of a smaller volume, without most of what others have."""
    return pf.collect(pf.porosity_profile(pf.phantoms.random_sites((5, 4, 3), 0.2)))


#: calls of each public function that returns a Dataset; they take a folder to write to
CASES: dict[str, list[Callable]] = {
    "read": [
        lambda folder: pf.read(saved(folder)),
        lambda folder: pf.read(saved(folder), kind="phase"),
    ],
    "from_array": [
        lambda _: pf.from_array(np.ones((2, 3, 4), np.uint8)),
        lambda _: pf.from_array(np.ones((2, 3, 4), np.float32), kind="gray"),
    ],
    "open": [lambda folder: pf.open(saved(folder))],
    "region_of_interest": [lambda _: pf.region_of_interest(scan(), cylinder=(14, 14, 10))],
    "correct_drift": [lambda _: pf.correct_drift(scan())],
    "correct_cupping": [lambda _: pf.correct_cupping(scan())],
    "correct_rings": [lambda _: pf.correct_rings(scan())],
    "correct_tilt": [lambda _: pf.correct_tilt(scan(), erosion=1.0)],
    "segment": [lambda _: segmented()],
    "gray_histogram": [lambda _: pf.gray_histogram(segmented())],
    "segmentation_sensitivity": [
        lambda _: pf.segmentation_sensitivity(segmented()),
        lambda _: pf.segmentation_sensitivity(pf.tortuosity_band(segmented())),
    ],
    "solid_fraction": [lambda _: pf.solid_fraction(segmented())],
    "porosity": [lambda _: pf.porosity(phases())],
    "porosity_profile": [lambda _, d=d: pf.porosity_profile(phases(), direction=d) for d in DIMS],
    "block_porosity": [lambda _: pf.block_porosity(phases(), blocks=(2, 2, 2))],
    "structure_factor": [
        *(lambda _, d=d: pf.structure_factor(phases(), direction=d) for d in DIMS),
        lambda _: pf.structure_factor(phases(), longest_lag=5.0, decay_length=3.0),
    ],
    "pore_size": [
        lambda _, m=m: pf.pore_size(phases(), method=m)
        for m in ("components", "watershed", "thickness", "chords")
    ],
    "pore_table": [
        lambda _, m=m: pf.pore_table(phases(), method=m) for m in ("components", "watershed")
    ],
    "pore_labels": [lambda _: pf.pore_labels(phases())],
    "chord_length": [lambda _: pf.chord_length(phases())],
    "spectral_density": [lambda _: pf.spectral_density(phases())],
    "two_point_correlation": [lambda _: pf.two_point_correlation(phases())],
    "arrangement": [lambda _: pf.arrangement(phases())],
    "representative_volume": [lambda _: pf.representative_volume(phases())],
    "representative_tortuosity": [lambda _: pf.representative_tortuosity({6.0: sub_volumes()})],
    "local_thickness": [
        lambda _, w=w: pf.local_thickness(phases(), whole=w) for w in (False, True)
    ],
    "surface_area": [lambda _: pf.surface_area(phases())],
    "connectivity": [lambda _: pf.connectivity(phases())],
    "euler_number": [lambda _: pf.euler_number(phases())],
    "geodesic_tortuosity": [
        lambda _: pf.geodesic_tortuosity(phases()),
        lambda _: pf.geodesic_tortuosity(blocked()),
    ],
    "constrictivity": [
        lambda _: pf.constrictivity(phases()),
        lambda _: pf.constrictivity(blocked()),
    ],
    "preview": [lambda _: pf.preview(segmented())],
    "tortuosity_factor": [
        lambda _: pf.tortuosity_factor(phases()),
        lambda _: pf.tortuosity_factor(blocked()),
    ],
    "tortuosity_bracket": [lambda _: pf.tortuosity_bracket(pf.solid_fraction(segmented()))],
    "tortuosity_discretisation": [
        lambda _: pf.tortuosity_discretisation(phases(), pf.tortuosity_factor(phases())),
    ],
    "structure_discretisation": [
        lambda _, m=m: pf.structure_discretisation(phases(), m(phases()))
        for m in (pf.surface_area, pf.chord_length, partial(pf.pore_size, method="thickness"))
    ],
    "tortuosity_profile": [
        lambda _, d=d: pf.tortuosity_profile(phases(), direction=d) for d in DIMS
    ],
    "dissipation": [lambda _: pf.dissipation(phases()), lambda _: pf.dissipation(blocked())],
    "block_tortuosity": [lambda _: sub_volumes()],
    "block_discretisation": [lambda _: pf.block_discretisation(phases(), sub_volumes())],
    "effective_tensor": [lambda _: pf.effective_tensor(phases())],
    "tensor_discretisation": [
        lambda _: pf.tensor_discretisation(phases(), pf.effective_tensor(phases()))
    ],
    "interfacial_current": [lambda _, d=d: swept(d) for d in DIMS],
    "contact_evolution": [lambda _, d=d: evolved(d) for d in DIMS],
    "tortuosity_band": [lambda _: pf.tortuosity_band(segmented())],
    "collect": [collected],
    "join_results": [lambda folder: pf.join_results({"a": collected(folder), "b": unlike()})],
    "open_results": [lambda folder: pf.open_results(results.save(collected(folder), folder / "r"))],
}


#: the annotation of a Dataset, also where xarray is only imported to check types
DATASET = (xr.Dataset, "xr.Dataset")


def functions() -> set[str]:
    """Return the public functions that return a Dataset."""
    found = {name: getattr(pf, name) for name in pf.__all__}
    signatures = {n: inspect.signature(f) for n, f in found.items() if inspect.isfunction(f)}
    return {name for name, call in signatures.items() if call.return_annotation in DATASET}


def test_every_function_that_returns_a_dataset_has_a_case():
    assert set(CASES) == functions()


@pytest.mark.filterwarnings("ignore:.*does not have a Zarr V3 specification")
@pytest.mark.parametrize(
    "call",
    [
        pytest.param(call, id=f"{name}-{i}")
        for name, calls in CASES.items()
        for i, call in enumerate(calls)
    ],
)
def test_every_output_is_as_the_registry_says(call, tmp_path):
    found = call(tmp_path)
    schema.check(found)
    assert found.data_vars


@pytest.mark.parametrize("quantity", ["porosity_profile", "current_density", "evolution_step"])
def test_the_name_along_z_is_the_quantity_and_others_say_their_direction(quantity):
    names = [name_of(quantity, direction) for direction in DIMS]
    assert names == [quantity, f"{quantity}_y", f"{quantity}_x"]


def test_a_direction_that_is_none_has_no_name():
    with pytest.raises(ValueError, match="direction='w' is not a dimension"):
        name_of("porosity_profile", "w")


@pytest.mark.parametrize("direction", DIMS)
def test_planes_and_lines_of_a_direction_have_its_dims(direction):
    assert VARIABLES[name_of("local_tortuosity_factor", direction)].dims == (direction,)
    assert VARIABLES[name_of("current_density", direction)].dims == ACROSS[direction]
    assert direction not in ACROSS[direction]


def test_every_dim_of_a_variable_has_a_coordinate_or_is_only_counted():
    dims = {dim for variable in VARIABLES.values() for dim in variable.dims}
    counted = {"cut", "mode", "field", *(name_of("evolution_step", along) for along in DIMS)}
    assert dims - set(COORDINATES) == counted


@pytest.mark.parametrize(
    "broken, said",
    [
        ({"porosty": 0.2}, "'porosty' is not in the registry"),
        ({"porosity": ("z", [0.2])}, r"the dims \('z',\); the registry says \(\)"),
        ({"voxels": ((), 2.0, {"units": "1"})}, "dtype float64; the registry says integers"),
        ({"mask": (DIMS, np.ones((1, 1, 1)))}, "dtype float64; the registry says booleans"),
        ({"pore_volume": ("pore", [2.0], {"units": "mm^3"})}, r"units 'mm\^3'; .* says 'um\^3'"),
        ({"porosity": 0.2}, "the units ''; the registry says '1'"),
        ({"iterations": ("direction", [3.0], {"units": "1"})}, "the registry says integers"),
    ],
)
def test_a_variable_that_is_not_as_the_registry_says_is_named(broken, said):
    with pytest.raises(ValueError, match=said):
        schema.check(xr.Dataset(broken))


@pytest.mark.parametrize(
    "label, said",
    [
        ({"depth": ("z", [1.0])}, "the coordinate 'depth' is not in the registry"),
        ({"z": ("z", [1.0], {"units": "mm"})}, "the units 'mm'; the registry says 'um'"),
        ({"direction": ("direction", [0])}, "dtype int64; the registry says words"),
    ],
)
def test_a_coordinate_that_is_not_as_the_registry_says_is_named(label, said):
    with pytest.raises(ValueError, match=said):
        schema.check(xr.Dataset(coords=label))


def test_a_count_may_be_missing_in_one_direction():
    iterations = ("direction", [3.0, np.nan], {"units": "1"})
    schema.check(xr.Dataset({"iterations": iterations}))


def test_a_variable_is_made_with_the_dims_and_units_of_the_registry():
    made = xr.Dataset({"pore_volume": schema.variable("pore_volume", [1.5], phase="pore")})
    assert made["pore_volume"].attrs == {
        "units": "um^3", "long_name": "volume of a pore", "phase": "pore",
    }  # fmt: skip
    schema.check(made)


@pytest.mark.parametrize(
    "name, dims, error, said",
    [
        ("pore_volumes", None, KeyError, "'pore_volumes' is not in the registry"),
        ("pore_volume", ("z",), ValueError, r"\('z',\); the registry says \('pore',\)"),
    ],
)
def test_a_variable_that_is_not_in_the_registry_is_not_made(name, dims, error, said):
    with pytest.raises(error, match=said):
        schema.variable(name, [1.0], dims)


@pytest.mark.parametrize("order", [DIMS, DIMS[::-1]])
def test_profiles_of_all_directions_are_collected_together(order):
    profiles = {along: pf.tortuosity_profile(phases(), direction=along) for along in order}
    together = pf.collect(*profiles.values())
    schema.check(together)
    for along, profile in profiles.items():
        name = name_of("local_tortuosity_factor", along)
        np.testing.assert_array_equal(together[name].values, profile[name].values)
        assert together[name].dims == (along,)


def test_evolutions_of_all_directions_are_collected_together():
    """One of them ends earlier: each has steps of its own."""
    evolutions = {along: evolved(along) for along in DIMS}
    evolutions["y"] = evolutions["y"].isel(evolution_step_y=slice(2))
    together = pf.collect(*evolutions.values())
    schema.check(together)
    for along, evolution in evolutions.items():
        for quantity in ("evolution_contact_fraction", "evolution_contact", "evolution_gap"):
            name = name_of(quantity, along)
            np.testing.assert_array_equal(together[name].values, evolution[name].values)
