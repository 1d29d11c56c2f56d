"""Shortest and widest paths through a phase: closed forms, slow twins, invariances."""

import heapq
import itertools

import numpy as np
import pytest
import xarray as xr
from scipy import ndimage

import poreflux as pf
from poreflux.errors import TooLarge
from poreflux.metrics.paths import slab_paths, slab_radii
from poreflux.metrics.paths.ball_radii import passages
from poreflux.metrics.paths.conducting_box import ConductingBox
from poreflux.metrics.paths.slab_paths import by_slabs, shortened
from poreflux.phantoms import columns

SPACING = (1.0, 0.8, 1.3)
STEPS = [step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)]


def volume_of(inside, **options):
    return pf.from_array(inside.astype(np.uint8), **options)


def geodesic(volume, **options):
    return float(pf.geodesic_tortuosity(volume, **options)["geodesic_tortuosity"][0])


def open_steps(inside, place):
    """Yield the neighbours that are met over faces, whatever the order of the axes."""
    for step in STEPS:
        axes = [axis for axis in range(3) if step[axis]]
        for order in itertools.permutations(axes):
            at = np.array(place)
            for axis in order:
                at[axis] += step[axis]
                if not (0 <= at[axis] < inside.shape[axis]) or not inside[tuple(at)]:
                    break
            else:
                yield tuple(at), step
                break


def dijkstra(inside, spacing):
    """Return the length of the shortest path to each voxel, by a queue."""
    far = np.full(inside.shape, np.inf)
    queue = [(spacing[0] / 2, (0, *place)) for place in map(tuple, np.argwhere(inside[0]))]
    while queue:
        length, place = heapq.heappop(queue)
        if length >= far[place]:
            continue
        far[place] = length
        for there, step in open_steps(inside, place):
            heapq.heappush(queue, (length + np.linalg.norm(np.multiply(step, spacing)), there))
    return far


def widest(room):
    """Return the most room that a way to each voxel has at its narrowest, by a queue."""
    best = np.zeros_like(room)
    queue = [(-room[0][place], (0, *place)) for place in map(tuple, np.argwhere(room[0] > 0))]
    heapq.heapify(queue)
    while queue:
        least, place = heapq.heappop(queue)
        if -least <= best[place]:
            continue
        best[place] = -least
        for there, _ in open_steps(room > 0, place):
            heapq.heappush(queue, (max(least, -room[there]), there))
    return best


@pytest.mark.parametrize("share", [0.4, 0.6, 0.9])
def test_shortest_paths_are_those_of_dijkstra(rng, share):
    inside = rng.random((10, 9, 8)) < share
    box = ConductingBox(inside, None, SPACING)
    # sums of up to a few dozen steps in float32
    np.testing.assert_allclose(shortened(box), dijkstra(inside, SPACING), rtol=3e-6)


@pytest.mark.parametrize("cuts", [[0, 10, 20], [0, 1, 2, 7, 19, 20], list(range(21))])
@pytest.mark.parametrize("share", [0.36, 0.6, 0.95])
def test_slabs_have_the_paths_of_the_whole_to_the_last_digit(rng, share, cuts):
    inside = rng.random((20, 11, 9)) < share
    whole = shortened(ConductingBox(inside, None, SPACING))
    face = by_slabs(lambda start, stop: ConductingBox(inside[start:stop], None, SPACING), cuts)
    np.testing.assert_array_equal(face.distance, whole[-1])
    np.testing.assert_array_equal(face.inside, inside[-1])


def test_a_path_that_turns_back_into_slabs_before_is_found():
    inside = np.zeros((9, 5, 1), bool)
    inside[:7, 0] = inside[2:7, 2] = inside[2:, 4] = True  # down, up and down again
    inside[6, :3] = inside[2, 2:] = True
    whole = dijkstra(inside, (1, 1, 1))[-1]
    face = by_slabs(
        lambda start, stop: ConductingBox(inside[start:stop], None, (1, 1, 1)), list(range(10))
    )
    assert np.isfinite(whole[4, 0])
    np.testing.assert_allclose(face.distance, whole, rtol=1e-6)


@pytest.mark.parametrize("direction", ["z", "y", "x"])
def test_a_volume_in_slabs_has_the_numbers_of_the_whole(rng, monkeypatch, direction):
    volume = volume_of(rng.random((15, 16, 17)) < 0.6, voxel_size=SPACING)
    volume["mask"] = (("z", "y", "x"), rng.random((15, 16, 17)) < 0.97)
    volume = volume.chunk({"z": 4, "y": 4, "x": 4})
    whole = pf.geodesic_tortuosity(volume, direction=direction)
    plane = slab_paths.BYTES * 15 * 16 * 17 / volume.sizes[direction]
    monkeypatch.setattr(slab_paths, "SLAB", 7 * plane)
    assert slab_paths.planes_of_a_slab(volume, direction) == 4  # a chunk, not 5
    xr.testing.assert_identical(pf.geodesic_tortuosity(volume, direction=direction), whole)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), SPACING])
@pytest.mark.parametrize("direction", ["z", "x"])
def test_the_constrictivity_of_slabs_is_that_of_the_whole(rng, monkeypatch, direction, spacing):
    smooth = ndimage.gaussian_filter(rng.standard_normal((30, 18, 26)), 1.5)
    volume = volume_of(smooth > -0.02, voxel_size=spacing)
    volume["mask"] = (("z", "y", "x"), np.ones(smooth.shape, bool))
    volume["mask"][:, :3, :5] = False
    whole = pf.constrictivity(volume, direction=direction)
    assert float(whole.bottleneck_radius[0]) > 1
    slabs = []
    real = slab_radii.SlabRadii.__call__
    monkeypatch.setattr(
        slab_radii.SlabRadii, "__call__", lambda *a: (slabs.append(len(a[1]) - 1), real(*a))[1]
    )
    plane = slab_radii.BYTES * smooth.size // volume.sizes[direction]
    monkeypatch.setattr(slab_paths, "SLAB", 16 * plane)
    parts = pf.constrictivity(volume.chunk({"z": 7, "y": 9, "x": 8}), direction=direction)
    assert slabs[0] > 2
    for name, value in whole.items():
        np.testing.assert_allclose(parts[name], value, rtol=1e-12, err_msg=str(name))


ERRORS = ("geodesic_tortuosity", "bulge_radius", "bottleneck_radius", "constrictivity")


@pytest.mark.slow
def test_sampling_errors_are_those_of_volumes_cut_elsewhere():
    rows = []
    for seed in range(24):
        noise = np.random.default_rng(seed).standard_normal((56, 56, 56))
        smooth = ndimage.gaussian_filter(noise, 2.0)[8:-8, 8:-8, 8:-8]
        volume = volume_of(smooth > -0.25 * 0.0525)  # of its standard deviation: 60 %
        found = xr.merge([pf.geodesic_tortuosity(volume), pf.constrictivity(volume)])
        rows.append(
            [float(found[f"{n}{end}"][0]) for end in ("", "_sampling_error") for n in ERRORS]
        )
    values, errors = np.split(np.array(rows), 2, axis=1)
    ratio = dict(zip(ERRORS, values.std(axis=0, ddof=1) / np.sqrt((errors**2).mean(axis=0))))
    # 24 volumes tell a standard deviation to 15 %, and radii of few voxels step
    assert max(ratio.values()) < 1.3, ratio
    assert min(ratio.values()) > 0.5, ratio


@pytest.mark.parametrize("share", [0.4, 0.6, 0.9])
def test_widest_paths_are_those_of_a_queue(rng, share):
    room = (rng.random((10, 9, 8)) < share) * rng.integers(1, 9, (10, 9, 8), np.uint16)
    np.testing.assert_array_equal(passages(room), widest(room.astype(int)))


def test_straight_channels_have_a_geodesic_tortuosity_and_a_constrictivity_of_one():
    volume = columns(12, width=3, period=4)
    assert geodesic(volume) == 1
    assert float(pf.constrictivity(volume)["constrictivity"][0]) == 1


def test_a_wall_with_a_hole_costs_the_way_to_it_and_back():
    inside = np.ones((9, 1, 21), bool)
    inside[4] = False
    inside[4, 0, 10] = True
    # beyond the wall each step aside is a diagonal one, until the way to the face is used up
    beyond = [4.5 + np.hypot(1, 1) * min(a, 4) + max(a - 4, 0) + max(4 - a, 0) + 0.5
              for a in np.abs(np.arange(21) - 10)]  # fmt: skip
    assert geodesic(volume_of(inside)) == pytest.approx(np.mean(beyond) / 9, rel=1e-6)


def test_a_serpentine_is_as_long_as_it_is():
    inside = np.zeros((13, 9, 3), bool)
    inside[::2] = True
    for number, gap in enumerate(range(1, 13, 2)):
        inside[gap, -1 if number % 2 else 0] = True
    shortest = dijkstra(inside, (1, 1, 1))[-1]
    assert geodesic(volume_of(inside)) == pytest.approx((shortest.mean() + 0.5) / 13, rel=1e-6)
    assert shortest.min() > 3 * 13  # it does turn


@pytest.mark.parametrize("seed", range(6))
def test_there_is_a_path_exactly_where_a_current_flows(seed):
    inside = np.random.default_rng(seed).random((7, 6, 6)) < 0.36
    volume = volume_of(inside)
    tau = float(pf.tortuosity_factor(volume).tortuosity_factor[0])
    found = pf.geodesic_tortuosity(volume).squeeze("direction")
    assert np.isfinite(geodesic(volume)) == np.isfinite(tau)
    assert (float(found.geodesic_reached_fraction) > 0) == np.isfinite(tau)


def test_paths_are_the_same_in_chunks_in_masks_and_turned(rng):
    inside = rng.random((9, 8, 11)) < 0.7
    volume = volume_of(inside, voxel_size=SPACING)
    turned = volume_of(inside.transpose(1, 2, 0)[:, ::-1], voxel_size=(0.8, 1.3, 1.0))
    around = np.pad(inside, ((2, 1), (0, 3), (1, 0)), constant_values=True)
    masked = volume_of(around, voxel_size=SPACING)
    mask = np.zeros(around.shape, bool)
    mask[2:-1, :-3, 1:] = True
    masked["mask"] = (("z", "y", "x"), mask)
    for measure in (pf.geodesic_tortuosity, pf.constrictivity):
        whole = measure(volume).squeeze("direction", drop=True)
        for other in (
            measure(volume.chunk({"z": 4, "y": 3, "x": 5})),
            measure(turned, direction="x"),
            measure(masked),
        ):
            for name, value in other.squeeze("direction", drop=True).items():
                np.testing.assert_allclose(value, whole[name], rtol=1e-6)


def slit_with_a_neck(before, after):
    """Two slits 8 voxels high, so many long, and one between that is 2 high and 2 long."""
    inside = np.zeros((before + 2 + after, 10, 6), bool)
    inside[:, 1:9] = True
    inside[before : before + 2] = False
    inside[before : before + 2, 4:6] = True
    return volume_of(inside)


def test_a_neck_counts_where_half_of_the_phase_is_behind_it():
    behind = pf.constrictivity(slit_with_a_neck(12, 40)).squeeze("direction")
    # the radius in a slit of an even number of voxels is half of them
    assert float(behind.bulge_radius) == 4
    assert float(behind.bottleneck_radius) == 1
    assert float(behind.constrictivity) == 1 / 16
    before = pf.constrictivity(slit_with_a_neck(40, 12)).squeeze("direction")
    assert float(before.constrictivity) == 1


def test_a_cone_is_a_neck_from_its_tip_only():
    z, y, x = np.indices((40, 33, 33))
    inside = np.hypot(y - 16, x - 16) < 4 + 0.25 * z
    from_tip = pf.constrictivity(volume_of(inside)).squeeze("direction")
    from_base = pf.constrictivity(volume_of(inside[::-1])).squeeze("direction")
    assert float(from_base.constrictivity) == 1
    assert float(from_base.bulge_radius) == float(from_tip.bulge_radius)
    # balls are free to pass the tip only if they are as small as it is
    tip = ndimage.distance_transform_edt(inside[0]).max()
    assert float(from_tip.bottleneck_radius) == pytest.approx(tip, abs=1.0)
    assert float(from_tip.constrictivity) < 0.3


def test_balls_are_those_of_a_loop_over_all_centres(rng):
    inside = ndimage.gaussian_filter(rng.standard_normal((16, 13, 14)), 1.3) > -0.05
    volume = volume_of(inside, voxel_size=SPACING)
    size = np.array(SPACING)
    radius = ndimage.distance_transform_edt(inside, sampling=size)
    squares = np.round(radius**2 * 1e4).astype(int)  # whole, to compare without rounding
    entered = np.sqrt(widest(squares) / 1e4)
    places = np.indices(inside.shape).transpose(1, 2, 3, 0) * size

    def covers_half(radii):
        largest = radii.copy()
        for centre in np.argwhere(radii > 0):
            r = radii[tuple(centre)]
            near = ((places - centre * size) ** 2).sum(-1) < r**2 * (1 - 1e-4)
            largest[near & inside] = np.maximum(largest[near & inside], r)
        ordered = np.sort(largest[inside])[::-1]
        return ordered[(len(ordered) + 1) // 2 - 1]

    found = pf.constrictivity(volume).squeeze("direction")
    assert float(found.bulge_radius) == pytest.approx(covers_half(radius), rel=1e-3)
    assert float(found.bottleneck_radius) == pytest.approx(covers_half(entered), rel=1e-3)
    assert 0 < float(found.constrictivity) < 1


def test_a_phase_without_walls_is_not_narrow():
    found = pf.constrictivity(volume_of(np.ones((4, 5, 6)))).squeeze("direction")
    assert float(found.constrictivity) == 1
    assert np.isinf(float(found.bulge_radius))


def test_which_phase_conducts_is_asked_for():
    labels = np.ones((3, 3, 3), np.uint8)
    volume = pf.from_array(labels, phases={0: "pore", 1: "good", 2: "poor"})
    with pytest.raises(ValueError, match="give phase by name"):
        pf.geodesic_tortuosity(volume)
    assert geodesic(volume, phase="good") == 1
    assert np.isinf(geodesic(volume, phase="poor"))


def test_paths_that_memory_does_not_hold_are_refused(monkeypatch):
    monkeypatch.setattr("poreflux.blocks.memory.free_memory", lambda: 1000)
    for measure in (pf.geodesic_tortuosity, pf.constrictivity):
        with pytest.raises(TooLarge, match="measure a part of the volume"):
            measure(volume_of(np.ones((9, 9, 9))))
