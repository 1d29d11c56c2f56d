"""Pores split at their throats: as geometry says, and whatever the blocks."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from poreflux import from_array, store
from poreflux.metrics.pores.basins import HEIGHT_UNIT
from poreflux.metrics.pores.pore_labels import pore_labels
from poreflux.metrics.pores.pore_size import pore_size
from poreflux.metrics.pores.pore_table import pore_table
from poreflux.metrics.pores.watershed import LEAST, NEAREST, SMOOTHING
from poreflux.phantoms import random_spheres, spheres
from tests.metrics.cases import chunked_volumes, field, value

anything = settings(deadline=None, max_examples=15)


def split(volume) -> xr.Dataset:
    return pore_table(volume, method="watershed")


def split_by_hand(volume) -> tuple[np.ndarray, list[int]]:
    """Return labels and coordination of the pores of a whole volume of cubes, voxel by voxel."""
    mask = volume["mask"].values if "mask" in volume else np.ones(volume.phase.shape, bool)
    wall, pore = (volume.phase.values == 1) & mask, (volume.phase.values == 0) & mask
    far = ndimage.distance_transform_edt(~wall) if wall.any() else np.zeros(wall.shape)
    far = np.minimum(np.sqrt(np.rint(far**2).astype(np.float32)), np.float32(far[pore].max()))
    height = smoothed(np.rint(far / HEIGHT_UNIT).astype(int))
    rank = {tuple(v): (height[tuple(v)], -i) for i, v in enumerate(np.argwhere(pore).tolist())}
    around = [tuple(d) for d in np.argwhere(np.ones((3, 3, 3))) - 1]
    near = {v: [n for d in around if (n := tuple(np.add(v, d).tolist())) in rank] for v in rank}
    top = {v: max(near[v], key=rank.__getitem__) for v in rank}
    while any(top[top[v]] != top[v] for v in rank):
        top = {v: top[top[v]] for v in rank}
    first = {t: i for i, t in reversed(list(enumerate(top[v] for v in rank)))}
    saddles: dict[tuple, int] = {}
    for v in rank:
        for n in near[v]:
            pair = tuple(sorted((top[v], top[n]), key=first.__getitem__))
            saddles[pair] = max(saddles.get(pair, 0), min(height[v], height[n]))
    parent = {t: t for t in first}
    for pair in sorted(saddles, key=lambda p: (-saddles[p], first[p[0]], first[p[1]])):
        a, b = (root(parent, t) for t in pair)
        if height[a] < height[b] or (height[a] == height[b] and first[a] > first[b]):
            a, b = b, a
        apart = np.linalg.norm(np.subtract(a, b)) / HEIGHT_UNIT
        lower = height[b]
        if a != b and (
            lower - saddles[pair] < LEAST / HEIGHT_UNIT or apart < max(NEAREST / HEIGHT_UNIT, lower)
        ):
            parent[b] = a
    number: dict[tuple, int] = {}
    labels = np.zeros(pore.shape, int)
    for v in rank:
        labels[v] = number.setdefault(root(parent, top[v]), len(number) + 1)
    met = {tuple(sorted((labels[v], labels[n]))) for v in rank for n in near[v]}
    throats = [each for a, b in met if a != b for each in (a, b)]
    return labels, [throats.count(a + 1) for a in range(len(number))]


def smoothed(height: np.ndarray) -> np.ndarray:
    """Return heights with a part of their neighbours along each axis, the last ones repeated."""
    for axis in (2, 1, 0):
        step = np.diff(np.pad(height, [(int(axis == a),) * 2 for a in range(3)], "edge"), axis=axis)
        bend = np.diff(step, axis=axis)
        height = height + np.floor(SMOOTHING * bend / 2**14 + 0.5).astype(int)
    return height


def test_smoothing_is_by_a_gaussian_of_two_fifths_of_a_voxel(rng):
    height = rng.integers(0, 9000, (12, 13, 14))
    expected = ndimage.gaussian_filter(height.astype(float), 0.4)
    np.testing.assert_allclose(smoothed(height), expected, atol=4)


def root(parent, a):
    while parent[a] != a:
        a = parent[a]
    return a


@given(st.integers(0, 99), st.integers(5, 14), st.booleans())
@settings(deadline=None, max_examples=6)
def test_the_split_is_that_made_by_hand_on_the_whole_array(seed, edge, masked):
    solid = field((14, 13, 15), 1.8, 0.5, seed)
    volume = from_array(solid, voxel_size=0.5)
    if masked:
        volume["mask"] = ("z", "y", "x"), field(solid.shape, 4.0, 0.3, seed + 1)
    labels, throats = split_by_hand(volume)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("poreflux.metrics.pores.watershed._EDGE", edge)
        found = pore_labels(volume.chunk(8), method="watershed")["pore_label"]
        np.testing.assert_array_equal(found, labels)
        np.testing.assert_array_equal(split(volume)["pore_coordination"], throats)


@given(chunked_volumes())
@anything
def test_every_voxel_of_a_pore_is_in_one_split_pore(case):
    whole, pieces = case
    pore = whole["phase"].values == 0
    if "mask" in whole:
        pore &= whole["mask"].values
    labels = pore_labels(pieces, method="watershed")["pore_label"].values
    table = split(pieces)
    np.testing.assert_array_equal(labels > 0, pore)
    number = np.bincount(labels.ravel(), minlength=table.sizes["pore"] + 1)[1:]
    np.testing.assert_array_equal(table["pore_voxel_count"], number)


@given(st.integers(6, 25), st.integers(0, 5), st.booleans())
@settings(deadline=None, max_examples=6)
def test_nothing_depends_on_the_blocks(edge, seed, masked):
    solid = field((30, 27, 33), 2.2, 0.35, seed)
    volume = from_array(solid, voxel_size=(0.5, 0.6, 0.5))
    if masked:
        y, x = np.indices(solid.shape[1:]) - 14.0
        inside = np.broadcast_to(y**2 + x**2 < 13**2, solid.shape)
        volume["mask"] = ("z", "y", "x"), inside
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("poreflux.metrics.pores.watershed._EDGE", 64)
        expected = split(volume)
        labels = pore_labels(volume, method="watershed")["pore_label"].values
        patch.setattr("poreflux.metrics.pores.watershed._EDGE", edge)
        xr.testing.assert_identical(split(volume.chunk(11)), expected)
        found = pore_labels(volume, method="watershed")["pore_label"]
        np.testing.assert_array_equal(found, labels)


def test_two_spheres_that_overlap_are_two_pores_of_the_same_size():
    table = split(spheres(44, [(13, 22, 22), (27, 22, 22)], 18.0))
    assert table.sizes["pore"] == 2
    np.testing.assert_array_equal(table["pore_coordination"], [1, 1])
    one, other = table["pore_voxel_count"].values
    assert one == other
    cap = np.pi * 2**2 * (9 - 2 / 3)  # each loses the cap beyond the middle plane, 2 high
    np.testing.assert_allclose(table["pore_volume"], np.pi / 6 * 18**3 - cap, rtol=0.02)


def test_a_lattice_of_overlapping_spheres_has_six_throats_each():
    places = np.stack(np.meshgrid(*3 * [np.arange(4) * 14 + 8.0]), -1).reshape(-1, 3)
    table = split(spheres(58, places, 16.0))
    assert table.sizes["pore"] == 64
    z, y, x = ((table[f"pore_centroid_{d}"].values - 1) // 14 for d in "zyx")
    ends = sum(((c < 1) | (c > 2)).astype(int) for c in (z, y, x))
    np.testing.assert_array_equal(table["pore_coordination"], 6 - ends)


def test_spheres_that_touch_in_a_lattice_have_six_neighbours_each():
    """Simple cubic packing: of n = 4 spheres an edge, 3 n² (n - 1) contacts."""
    places = np.stack(np.meshgrid(*3 * [np.arange(4) * 14 + 8.5]), -1).reshape(-1, 3)
    table = split(spheres(59, places, 15.0))
    assert table.sizes["pore"] == 64
    assert table["pore_coordination"].max() == 6
    assert table["pore_coordination"].sum() == 2 * 3 * 4**2 * 3
    np.testing.assert_allclose(table["pore_diameter"], 15.0, rtol=0.01)


def test_a_row_of_spheres_of_several_sizes_keeps_its_sizes():
    diameters = np.array([12.0, 20.0, 16.0, 28.0, 12.0])
    reach = np.cumsum((diameters[:-1] + diameters[1:]) / 2 - 1)
    centres = [(z + 8.5, 16.5, 16.5) for z in (0.0, *reach)]
    volume = spheres((95, 33, 33), centres, diameters, voxel_size=0.5)
    table = split(volume)
    np.testing.assert_allclose(table["pore_diameter"], diameters / 2, rtol=0.03)
    np.testing.assert_array_equal(table["pore_coordination"], [1, 2, 2, 2, 1])
    assert pore_table(volume, method="components").sizes["pore"] == 1


def test_separate_spheres_stay_whole():
    volume = random_spheres(72, 14, [6, 10, 18])
    whole, parts = pore_table(volume), split(volume)
    columns = ["pore_voxel_count", "pore_diameter", "pore_surface", "pore_on_edge"]
    xr.testing.assert_equal(whole[columns], parts[columns])
    assert (parts["pore_coordination"] == 0).all()


def test_a_long_pore_of_one_width_is_one_pore():
    y, x = np.indices((30, 30)) - 14.5
    solid = np.broadcast_to(y**2 + x**2 > 6.2**2, (60, 30, 30))
    assert split(from_array(solid)).sizes["pore"] == 1


def test_a_dumbbell_is_split_at_its_throat():
    centres = [(16, 16, 16), (48, 16, 16), *[(z, 16, 16) for z in range(17, 48)]]
    diameters = [22, 22, *[6] * 31]
    labels = pore_labels(spheres((64, 32, 32), centres, diameters), method="watershed")
    assert sorted(np.unique(labels["pore_label"])) == [0, 1, 2]
    middle = labels["pore_label"].values[:, 16, 16]
    assert 28 <= np.flatnonzero(np.diff(middle[8:56]))[0] + 8 <= 36


def test_a_network_is_split_and_a_few_pores_are_not():
    network = from_array(field((48, 48, 48), 3.0, 0.4, 2))
    closed = random_spheres(48, 9, [7, 8, 9])
    found = value(pore_size(network, method="auto"))
    assert found["pore_count"].attrs["method"] == "watershed"
    assert "split" in found["pore_count"].attrs["reason"]
    assert found["pore_largest_share"] < 0.2
    xr.testing.assert_equal(found, value(pore_size(network, method="watershed")))
    found = value(pore_size(closed, method="auto"))
    assert found["pore_count"].attrs["method"] == "components"
    assert found["pore_count"] == 9


@pytest.mark.parametrize("method", ["auto", "watershed"])
def test_no_pore_is_no_error(method):
    found = value(pore_size(from_array(np.ones((5, 6, 7), np.uint8)), method=method))
    assert found["pore_count"] == 0
    assert "nan" not in found["pore_count"].attrs.get("reason", "")


@pytest.mark.parametrize("edge", [3, 160])
def test_a_volume_without_walls_is_one_pore(edge, monkeypatch):
    monkeypatch.setattr("poreflux.metrics.pores.watershed._EDGE", edge)
    monkeypatch.setattr("poreflux.metrics.pores.local_thickness._EDGE", edge)
    assert split(from_array(np.zeros((5, 6, 7), np.uint8))).sizes["pore"] == 1


def test_split_pores_are_stored_beside_their_volume(tmp_path):
    volume = spheres((48, 30, 30), [(13, 15, 15), (27, 15, 15)], 18.0)
    stored = store.open(store.save(volume, tmp_path / "volume.zarr", chunk=16))
    store.add(pore_labels(stored, method="watershed"), tmp_path / "volume.zarr")
    labels = store.open(tmp_path / "volume.zarr")["pore_label"].values
    pores = split(volume)["pore_voxel_count"].values
    np.testing.assert_array_equal(np.bincount(labels.ravel())[1:], pores)


def test_methods_that_are_not_known_are_named():
    volume = from_array(np.zeros((4, 4, 4), np.uint8))
    for measure in (pore_table, pore_labels):
        with pytest.raises(ValueError, match="choose one of"):
            measure(volume, method="guess")


def test_no_pore_is_more_of_a_ball_than_a_ball():
    row = [(20, 20, x) for x in (16, 38, 60)]
    volume = spheres((40, 40, 110), [*row, (20, 20, 90)], 24)
    table = split(volume)
    np.testing.assert_array_equal(table["pore_coordination"], [1, 2, 1, 0])
    np.testing.assert_array_equal(np.isnan(table["pore_sphericity"]), [True, True, True, False])
    assert table["pore_sphericity"].max() < 1.05
    assert table["pore_sphericity"].attrs["units"] == "1"
