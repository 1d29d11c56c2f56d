"""Numbers keep the parameters that they were computed with, and others do not take their place."""

import numpy as np
import pytest
import xarray as xr

import poreflux as pf
from poreflux import results
from poreflux.results.settings import own
from poreflux.schema.attribute_text import parsed

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have a Zarr V3 specification")

BINDER = {"electrolyte": 1.0, "pore": 0.5}


@pytest.fixture(scope="module")
def volume():
    return pf.phantoms.random_sites((16, 16, 16), 0.2)


@pytest.fixture(scope="module")
def solve(volume):
    """Solve once for each set of parameters."""
    known = {}

    def solve(directions="z", **options):
        key = directions, str(options)
        if key not in known:
            chosen = {"rtol": 1e-4, **options}
            solved = [pf.tortuosity_factor(volume, direction=d, **chosen) for d in directions]
            known[key] = pf.collect(*solved, volume=volume)
        return known[key].copy(deep=True)

    return solve


def content(path):
    return {file.relative_to(path): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_numbers_of_other_parameters_become_a_variant(solve, tmp_path):
    first = solve("zyx")
    path = results.save(first, tmp_path / "r.zarr")
    results.update(solve("z", conductivity=BINDER, sides="periodic"), path)
    xr.testing.assert_identical(pf.open_results(path), first)
    variants = pf.open_variants(path)
    assert list(variants) == [1]
    other = variants[1]
    assert other.attrs["variant"] == "conductivity electrolyte 1 pore 0.5, sides periodic"
    assert parsed(other.tortuosity_factor.attrs["conductivity"]) == BINDER
    assert other.tortuosity_factor.attrs["sides"] == "periodic"
    assert other["direction"].values.tolist() == ["z"]
    wanted = solve("z", conductivity=BINDER, sides="periodic").tortuosity_factor
    np.testing.assert_array_equal(other.tortuosity_factor, wanted)
    xr.testing.assert_identical(pf.open_results(path, variant=1), other)


def test_a_variant_has_the_first_numbers_of_all_else(volume, solve, tmp_path):
    path = results.save(pf.collect(pf.porosity(volume), volume=volume), tmp_path / "r.zarr")
    for sides in ("insulated", "periodic"):
        results.update(solve("z", sides=sides), path)
    variant = pf.open_results(path, variant=1)
    assert float(variant.porosity) == float(pf.open_results(path).porosity)
    assert variant.attrs["variant"] == "sides periodic"


@pytest.mark.parametrize("variant", [False, True])
def test_the_same_again_leaves_every_byte(solve, tmp_path, variant):
    path = results.save(solve("zy"), tmp_path / "r.zarr")
    results.update(solve("z", sides="periodic"), path)
    before = content(path)
    results.update(solve("z", sides="periodic") if variant else solve("zy"), path)
    assert content(path) == before


def test_a_solve_that_is_repeated_is_bit_identical(volume, tmp_path):
    path = tmp_path / "r.zarr"
    written = []
    for _ in range(2):
        solved = [pf.tortuosity_factor(volume, rtol=1e-4), pf.interfacial_current(volume)]
        results.update(pf.collect(*solved, volume=volume), path)
        written.append(content(path))
    assert written[0] == written[1]


def test_other_directions_join_the_variant_of_their_parameters(solve, tmp_path):
    path = results.save(solve("zyx"), tmp_path / "r.zarr")
    for direction in "zx":
        results.update(solve(direction, sides="periodic"), path)
    results.update(solve("y", conductivity=BINDER), path)
    variants = pf.open_variants(path)
    assert [v["direction"].values.tolist() for v in variants.values()] == [["z", "x"], ["y"]]
    assert variants[2].attrs["variant"] == "conductivity electrolyte 1 pore 0.5"


def test_a_direction_of_other_parameters_does_not_join_the_first(solve, tmp_path):
    path = results.save(solve("z"), tmp_path / "r.zarr")
    results.update(solve("y", sides="periodic"), path)
    assert pf.open_results(path)["direction"].values.tolist() == ["z"]
    assert pf.open_results(path, variant=1)["direction"].values.tolist() == ["y"]


def test_directions_to_other_digits_belong_together_and_keep_theirs(solve, tmp_path):
    path = results.save(solve("z", rtol=1e-4), tmp_path / "r.zarr")
    results.update(solve("y", rtol=1e-6), path)
    assert pf.open_variants(path) == {}
    factor = pf.open_results(path)["tortuosity_factor"]
    assert [own(factor, "rtol", d) for d in "zy"] == [1e-4, 1e-6]
    assert factor.attrs["sides"] == "insulated"


def test_the_same_direction_to_other_digits_is_a_variant(solve, tmp_path):
    path = results.save(solve("z", rtol=1e-4), tmp_path / "r.zarr")
    results.update(solve("z", rtol=1e-6), path)
    assert pf.open_results(path, variant=1).attrs["variant"] == "rtol 1e-06"


def test_what_is_asked_to_replace_takes_the_place(solve, tmp_path):
    path = results.save(solve("zyx"), tmp_path / "r.zarr")
    periodic = solve("z", sides="periodic")
    results.update(periodic, path, replace=True)
    found = pf.open_results(path)
    assert found["direction"].values.tolist() == ["z"]
    xr.testing.assert_equal(found, periodic)
    assert pf.open_variants(path) == {}


def test_collected_together_they_are_refused(volume):
    solved = [pf.tortuosity_factor(volume, direction=d, sides=s, rtol=1e-3)
              for d, s in (("z", "insulated"), ("y", "periodic"))]  # fmt: skip
    with pytest.raises(ValueError, match="unlike sides: 'insulated' and 'periodic'"):
        pf.collect(*solved)


def test_directions_to_other_digits_are_collected_with_theirs(volume):
    solved = [pf.tortuosity_factor(volume, direction=d, rtol=r) for d, r in zip("zy", (1e-3, 1e-5))]
    factor = pf.collect(*solved)["tortuosity_factor"]
    assert [own(factor, "rtol", d) for d in "zy"] == [1e-3, 1e-5]


def test_currents_of_other_contacts_are_a_variant(volume, tmp_path):
    path = tmp_path / "r.zarr"
    for share in (1.0, 0.5):
        mask = pf.contact_mask(volume, fraction=share, length=3.0)
        current = pf.interfacial_current(volume, contact=mask, rtol=1e-3)
        results.update(pf.collect(current, volume=volume), path)
    half = pf.open_results(path, variant=1)
    assert half.attrs["variant"] == "contact fraction 0.5"
    assert float(half.contact_mask_fraction[0]) == pytest.approx(0.5, abs=0.02)
    assert float(pf.open_results(path).contact_mask_fraction[0]) == 1.0


def test_other_blocks_stand_beside_the_first(volume, tmp_path):
    path = tmp_path / "r.zarr"
    parts = pf.porosity(volume), pf.block_porosity(volume, blocks=(2, 2, 2))
    results.update(pf.collect(*parts, volume=volume), path)
    first = pf.open_results(path)
    other = pf.collect(pf.block_porosity(volume, blocks=(4, 2, 2)), volume=volume)
    results.update(other, path)
    xr.testing.assert_identical(pf.open_results(path), first)
    variant = pf.open_results(path, variant=1)
    assert variant.attrs["variant"] == "blocks 4 × 2 × 2"
    xr.testing.assert_equal(variant.block_porosity, other.block_porosity)
    assert float(variant.block_porosity_std) == float(other.block_porosity_std)
    assert float(variant.porosity) == float(first.porosity)
    results.update(other, path, replace=True)
    xr.testing.assert_equal(pf.open_results(path).block_porosity, other.block_porosity)


def test_blocks_of_another_quantity_do_not_take_the_place_of_those_there(volume, tmp_path):
    path = tmp_path / "r.zarr"
    results.update(pf.collect(pf.block_porosity(volume, blocks=(2, 2, 2)), volume=volume), path)
    solved = pf.block_tortuosity(volume, blocks=(1, 2, 2), direction="z", rtol=1e-3)
    whole = pf.tortuosity_factor(volume, rtol=1e-3)
    results.update(pf.collect(whole, solved, volume=volume), path)
    assert "tortuosity_factor" in pf.open_results(path)
    assert pf.open_results(path).sizes["block_z"] == 2
    assert pf.open_results(path, variant=1)["block_tortuosity_factor"].shape == (1, 1, 2, 2)


def test_damage_of_a_variant_is_found(solve, tmp_path):
    path = results.save(solve("z"), tmp_path / "r.zarr")
    results.update(solve("z", sides="periodic"), path)
    file = path / "variants" / "1" / "tortuosity_factor" / "zarr.json"
    file.write_bytes(file.read_bytes().replace(b"periodic", b"Periodic"))
    with pytest.raises(pf.errors.DamagedStore):
        pf.open_results(path)


def test_a_variant_that_is_not_there_is_named(solve, tmp_path):
    path = results.save(solve("z"), tmp_path / "r.zarr")
    with pytest.raises(KeyError, match="variant=3"):
        pf.open_results(path, variant=3)


def test_another_contact_mask_is_another_experiment_and_another_direction_is_not(volume, tmp_path):
    masks = np.ones((2, 16, 16), bool)
    masks[0, :4, :4] = masks[1, 8:12, :4] = False  # of the same share

    def solved(mask, direction="z"):
        options = {"kinetics": "linear", "rtol": 1e-3, "direction": direction}
        return pf.collect(pf.interfacial_current(volume, contact=mask, **options), volume=volume)

    first, again = solved(masks[0]), solved(masks[0].astype(int))
    path = results.save(first, tmp_path / "r.zarr")
    results.update(again, path)
    results.update(solved(masks[1], "x"), path)
    assert pf.open_variants(path) == {}
    results.update(solved(masks[1]), path)
    (variant,) = pf.open_variants(path).values()
    told = variant.current_density.attrs["contact_sha256"]
    assert variant.attrs["variant"] == f"contact mask {told[:8]}"
    assert told != first.current_density.attrs["contact_sha256"]
