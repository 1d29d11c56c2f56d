"""What must not change the answer: how the image lies, is stored, is scaled, is shared out."""

import itertools

import numpy as np
import pytest

from poreflux import from_array, open, save, tortuosity_factor
from poreflux.schema import DIMS
from tests.physics import media
from tests.physics.answers import ask, kappa, tau

SHAPE = (13, 16, 11)
SPACING = (0.7, 1.0, 1.9)
TWO = {"electrolyte": 1.0, "pore": 0.03}
ONE = {"electrolyte": 1.0}


@pytest.fixture(params=["one phase", "two phases"])
def conductivity(request):
    return ONE if request.param == "one phase" else TWO


@pytest.fixture
def labels():
    return media.blobs(SHAPE, 0.6, (1.0, 1.5, 2.0), 11)


@pytest.fixture(params=["insulated", "periodic"])
def sides(request):
    return request.param


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_flipping_the_image_changes_nothing(labels, conductivity, sides, axis):
    options = {"conductivity": conductivity, "sides": sides, "direction": "y"}
    here = kappa(from_array(labels, voxel_size=SPACING), **options)
    there = kappa(from_array(np.flip(labels, axis), voxel_size=SPACING), **options)
    assert there == pytest.approx(here, rel=1e-9)


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3)))[1:])
def test_transposing_image_and_direction_together_changes_nothing(
    labels, conductivity, sides, axes
):
    options = {"conductivity": conductivity, "sides": sides}
    here = kappa(from_array(labels, voxel_size=SPACING), direction="z", **options)
    turned = from_array(labels.transpose(axes), voxel_size=[SPACING[a] for a in axes])
    there = kappa(turned, direction=DIMS[axes.index(0)], **options)
    assert there == pytest.approx(here, rel=1e-9)


@pytest.mark.parametrize("shift", [1, 5])
@pytest.mark.parametrize("axis", [1, 2])
def test_shifting_along_periodic_sides_changes_nothing(labels, conductivity, axis, shift):
    options = {"conductivity": conductivity, "sides": "periodic"}
    moved = np.roll(labels, shift, axis)
    assert kappa(moved, **options) == pytest.approx(kappa(labels, **options), rel=1e-9)


def test_a_mirror_image_beside_or_behind_changes_nothing(labels, conductivity):
    one = kappa(labels, conductivity=conductivity)
    for axis in range(3):
        both = np.concatenate([labels, np.flip(labels, axis)], axis)
        assert kappa(both, conductivity=conductivity) == pytest.approx(one, rel=1e-9)


def test_an_insulated_medium_closed_by_its_mirror_is_periodic(labels, conductivity):
    mirrored = np.concatenate([labels, np.flip(labels, 1)], 1)
    mirrored = np.concatenate([mirrored, np.flip(mirrored, 2)], 2)
    periodic = kappa(mirrored, conductivity=conductivity, sides="periodic")
    assert periodic == pytest.approx(kappa(labels, conductivity=conductivity), rel=1e-9)


@pytest.mark.parametrize("factor", [1e-6, 0.37, 1e6])
def test_scaling_all_conductivities_changes_nothing(labels, factor):
    scaled = {phase: value * factor for phase, value in TWO.items()}
    here, there = ask(labels, conductivity=TWO), ask(labels, conductivity=scaled)
    assert there.kappa == pytest.approx(here.kappa, rel=1e-9)
    assert there.tau == pytest.approx(here.tau, rel=1e-9)


@pytest.mark.parametrize("factor", [1e-3, 0.92, 1e3])
def test_scaling_all_lengths_changes_nothing(labels, conductivity, factor):
    here = kappa(from_array(labels, voxel_size=SPACING), conductivity=conductivity)
    size = [factor * h for h in SPACING]
    there = kappa(from_array(labels, voxel_size=size), conductivity=conductivity)
    assert there == pytest.approx(here, rel=1e-9)


def test_stretching_along_the_transport_of_columns_changes_nothing_but_of_others_does(labels):
    columns = np.ones(SHAPE, np.uint8) * labels[:1]
    long = from_array(columns, voxel_size=(3, 1, 1))
    assert tau(long) == pytest.approx(tau(columns), rel=1e-9)
    tall, flat = (from_array(labels, voxel_size=(h, 1, 1)) for h in (3, 1))
    assert tau(tall) < tau(flat)


@pytest.mark.parametrize("chunks", [(5, 16, 11), (4, 3, 2), (13, 16, 11)])
@pytest.mark.parametrize("direction", DIMS)
def test_the_chunks_of_a_lazy_volume_change_nothing(labels, direction, chunks):
    volume = from_array(labels)
    lazy = volume.chunk(dict(zip(DIMS, chunks)))
    assert kappa(lazy, direction=direction) == kappa(volume, direction=direction)


@pytest.mark.parametrize("direction", DIMS)
def test_a_stored_volume_answers_like_the_array(tmp_path, labels, conductivity, direction):
    volume = from_array(labels, voxel_size=SPACING)
    save(volume, tmp_path / "volume.zarr", chunk=8)
    stored = open(tmp_path / "volume.zarr")
    options = {"direction": direction, "conductivity": conductivity}
    assert kappa(stored, **options) == kappa(volume, **options)
    part = {"z": slice(2, 12), "y": slice(1, 14), "x": slice(3, 11)}
    assert kappa(stored.isel(part), **options) == kappa(volume.isel(part), **options)


def test_the_volume_is_not_changed_by_a_solve(labels, conductivity, sides):
    volume = from_array(labels)
    before = volume.copy(deep=True)
    kappa(volume, conductivity=conductivity, sides=sides)
    assert volume.identical(before)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_number_of_threads_changes_nothing(conductivity, sides, threads):
    labels = media.blobs((41, 40, 39), 0.6, 2.0, 12)  # enough cells to be shared
    options = {"conductivity": conductivity, "sides": sides, "rtol": 1e-9}
    many = kappa(labels, threads=threads, **options)
    assert many == pytest.approx(kappa(labels, threads=1, **options), rel=1e-8)


def test_the_same_solve_twice_gives_the_same_bits(conductivity, sides):
    labels = media.blobs((41, 40, 39), 0.6, 2.0, 12)
    options = {"conductivity": conductivity, "sides": sides, "rtol": 1e-6}
    first = tortuosity_factor(from_array(labels), **options)
    assert first.identical(tortuosity_factor(from_array(labels), **options))


@pytest.mark.parametrize("pocket", ["dead end", "island"])
def test_what_carries_no_current_changes_nothing_but_the_fraction(pocket):
    tube = np.zeros((12, 9, 9), np.uint8)
    tube[:, 2:5, 2:5] = media.random_sites((12, 3, 3), 0.8, 1)
    tube[:, 3, 3] = 1
    more = tube.copy()
    if pocket == "dead end":
        more[6, 3, 3:8] = more[5:8, 6:8, 7] = more[6, 3:7, 7] = 1
    else:
        more[4:7, 7:9, 7:9] = 1
    here, there = ask(tube), ask(more)
    assert more.sum() > tube.sum()
    assert there.kappa == pytest.approx(here.kappa, rel=1e-9)
    assert there.tau / here.tau == pytest.approx(more.mean() / tube.mean(), rel=1e-9)


@pytest.mark.parametrize("medium", media.BINARY)
def test_float32_and_float64_agree_to_five_digits(medium):
    labels = media.BINARY[medium]((24, 26, 22))
    single = kappa(labels, precision="float32", rtol=1e-5)
    assert single == pytest.approx(kappa(labels, precision="float64"), rel=1e-5)
