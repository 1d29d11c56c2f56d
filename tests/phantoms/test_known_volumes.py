"""Phantoms with closed forms have the fractions, counts and neighbourhoods that they claim."""

import numpy as np
import pytest
from scipy import ndimage

from poreflux import phantoms


def solid(volume) -> float:
    return float((volume.phase == 1).mean())


def pores(volume, neighbours: int = 26) -> int:
    structure = np.ones((3, 3, 3)) if neighbours == 26 else None
    return ndimage.label(volume.phase.values == 0, structure)[1]


@pytest.mark.parametrize("n, epsilon", [(32, 0.21679688), (64, 0.20776367)])
def test_interstices_of_overlapping_fcc_spheres_match_the_published_fraction(n, epsilon):
    assert solid(phantoms.sphere_lattice("fcc", n, overlap=0.05)) == pytest.approx(
        epsilon, abs=5e-9
    )


@pytest.mark.parametrize(
    "lattice, fraction", [("sc", 0.1), ("sc", 0.4), ("bcc", 0.1), ("bcc", 0.6), ("fcc", 0.7)]
)
def test_lattice_spheres_fill_their_fraction(lattice, fraction):
    volume = phantoms.sphere_lattice(lattice, 64, fraction=fraction)
    # a digital sphere of radius r has its volume to about the square root of its surface voxels
    surface = 64**2 * 6 * fraction
    assert 1 - solid(volume) == pytest.approx(fraction, abs=3 * np.sqrt(surface) / 64**3)


@pytest.mark.parametrize("lattice, count", [("sc", 1), ("bcc", 2), ("fcc", 4)])
@pytest.mark.parametrize("overlap", [0.0, 0.1])
def test_overlapping_spheres_fill_spheres_less_lenses(lattice, count, overlap):
    neighbours = {"sc": 6, "bcc": 8, "fcc": 12}[lattice]
    distance = {"sc": 1.0, "bcc": np.sqrt(0.75), "fcc": np.sqrt(0.5)}[lattice]
    r = distance / (2 - overlap)
    cap = np.pi * (r - distance / 2) ** 2 * (3 * r - (r - distance / 2)) / 3
    filled = count * (4 / 3 * np.pi * r**3 - neighbours * cap)
    assert 1 - solid(phantoms.sphere_lattice(lattice, 96, overlap=overlap)) == pytest.approx(
        filled, abs=2e-3
    )


def test_conducting_spheres_are_the_complement_of_insulating_ones():
    one = phantoms.sphere_lattice("bcc", 20, fraction=0.3)
    other = phantoms.sphere_lattice("bcc", 20, fraction=0.3, conducting=True)
    assert np.array_equal(one.phase.values, 1 - other.phase.values)


def test_lattice_repeats_from_cell_to_cell():
    cell = phantoms.sphere_lattice("fcc", 16, overlap=0.1).phase.values
    many = phantoms.sphere_lattice("fcc", 16, overlap=0.1, cells=(1, 2, 3)).phase.values
    assert many.shape == (16, 32, 48)
    assert np.array_equal(many[:, 16:, 32:], cell)


def test_slanted_strip_advances_one_voxel_in_each_plane():
    strip = phantoms.slanted_strip().phase.values
    assert strip.shape == (20, 21, 21)
    assert np.all(strip.sum(axis=(1, 2)) == 4)
    assert np.all((strip[1:] & strip[:-1]).sum(axis=(1, 2)) == 1)


@pytest.mark.parametrize("direction", "zyx")
def test_layers_and_columns_keep_their_axes(direction):
    volume = phantoms.layers((4, 6, 8), direction=direction, thickness=2)
    others = [dim for dim in "zyx" if dim != direction]
    profile = volume.phase.mean(others).values
    assert np.array_equal(profile[:4], [1, 1, 0, 0])
    volume = phantoms.columns((4, 6, 8), direction=direction)
    assert np.all(volume.phase.std(direction) == 0)
    assert solid(volume) == 0.25


@pytest.mark.parametrize("dims, connected", [("zy", 1), ("zyx", 1)])
def test_checkerboard_alternates_over_its_dims(dims, connected):
    board = phantoms.checkerboard(8, square=2, dims=tuple(dims)).phase
    for dim in "zyx":
        moved = board.roll({dim: 2}).values
        expected = 1 - board.values if dim in dims else board.values
        assert np.array_equal(moved, expected)
    assert solid(phantoms.checkerboard(8, square=2)) == 0.5


@pytest.mark.parametrize("direction", "zyx")
def test_dead_end_touches_the_first_face_only(direction):
    phase = phantoms.dead_end(5, direction=direction).phase
    assert phase.isel({direction: 0}).sum() == 1
    assert phase.isel({direction: -1}).sum() == 0
    assert phase.sum() == 4


def test_cubes_and_missing_voxel_have_their_volumes():
    assert int((phantoms.one_missing_voxel(7).phase == 0).sum()) == 1
    volume = phantoms.cubes(10, 4, cells=(2, 1, 3))
    assert int((volume.phase == 0).sum()) == 6 * 64
    assert pores(volume, 6) == volume.attrs["phantom"]["pores"] == 6


def test_cylinders_run_along_their_direction():
    volume = phantoms.cylinders(64, 0.3, direction="y", length=3, cells=2)
    assert volume.phase.shape == (128, 3, 128)
    assert np.all(volume.phase.std("y") == 0)
    assert 1 - solid(volume) == pytest.approx(0.3, abs=3 * np.sqrt(64 * 4) / 64**2)


def test_random_sites_are_the_regression_volume():
    expected = np.random.default_rng(0).random((20, 20, 20)) > 0.15
    assert np.array_equal(phantoms.random_sites(20, 0.15).phase.values, expected)


@pytest.mark.parametrize("neighbours", [6, 26])
@pytest.mark.parametrize("seed", [0, 1])
def test_random_spheres_are_as_many_components_of_the_given_volumes(neighbours, seed):
    volume = phantoms.random_spheres((40, 50, 60), 30, [3, 5, 8], seed=seed)
    assert pores(volume, neighbours) == volume.attrs["phantom"]["pores"] == 30
    labels, _ = ndimage.label(volume.phase.values == 0, np.ones((3, 3, 3)))
    counts = np.sort(np.bincount(labels.ravel())[1:])
    ideal = np.sort(np.resize([3, 5, 8], 30)) ** 3 * np.pi / 6
    assert counts == pytest.approx(ideal, rel=0.45)  # a digital sphere of 3 voxels varies that much
    assert counts.sum() == pytest.approx(ideal.sum(), rel=0.05)
    faces = volume.phase.values
    assert min(faces[0].min(), faces[:, -1].min(), faces[..., 0].min()) == 1


@pytest.mark.parametrize("arrangement", ["lattice", "jittered", "random", "clustered", "columnar"])
def test_arrangements_share_porosity_and_number(arrangement):
    volume = phantoms.arranged_spheres(80, arrangement, per_edge=4, diameter=10, seed=3)
    nominal = 64 * np.pi / 6 * 10**3 / 80**3
    assert 1 - solid(volume) == pytest.approx(nominal, rel=0.02)
    assert volume.attrs["phantom"]["spheres"] == 64


def test_arrangements_differ_in_local_porosity():
    def spread(arrangement):
        blocks = [
            phantoms.arranged_spheres(160, arrangement, seed=s)
            .phase.coarsen(z=40, y=40, x=40)
            .mean()
            .std()
            for s in range(2)
        ]
        return np.mean(blocks)

    assert spread("jittered") < spread("random") < spread("clustered") / 1.5


def test_columns_of_pores_show_in_the_projection():
    def projected(arrangement):
        return float(phantoms.arranged_spheres(160, arrangement, seed=1).phase.mean("z").std())

    assert projected("columnar") > 1.1 * projected("random")


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: phantoms.uniform((4, 0, 4)), "positive integer"),
        (lambda: phantoms.sphere_lattice("hcp", 8, fraction=0.1), "choose one of"),
        (lambda: phantoms.sphere_lattice("sc", 8), "exactly one"),
        (lambda: phantoms.sphere_lattice("sc", 8, fraction=0.6), "touch"),
        (lambda: phantoms.one_missing_voxel(4), "odd"),
        (lambda: phantoms.cylinders(8, 0.9), "touch"),
        (lambda: phantoms.random_sites(8, 1.5), "between 0 and 1"),
        (lambda: phantoms.random_spheres(10, 1, 9), "do not fit"),
        (lambda: phantoms.random_spheres(20, 900, 4), "no room"),
        (lambda: phantoms.arranged_spheres(20, "lattice"), "do not fit"),
        (lambda: phantoms.arranged_spheres(200, "spiral"), "choose one of"),
    ],
)
def test_misuse_is_refused_in_one_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()
