"""Generators of pressed electrolytes: fractions, shapes, and independence of the chunks."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.special import ndtr

from poreflux.phantoms import (
    LevelSetPores,
    Modulation,
    OblatePores,
    generate,
    with_exact_porosity,
    with_expected_porosity,
)
from poreflux.phantoms.oblate import _log_of_most

WAVY = Modulation(clusters=0.5, cluster_length=12.0, layers=0.3, layer_length=15.0)
PELLET = Modulation(
    clusters=0.4,
    cluster_length=12.0,
    face_clusters=1.8,
    face_cluster_length=(4.0, 12.0, 12.0),
    face_depth=12.0,
    faces=(0.0, 46.0),
)
PLANS = {
    "oblate": OblatePores(0.15, 8.0, aspect=0.5, specks=2.0, seed=5),
    "clustered": OblatePores(0.1, 6.0, aspect=0.6, specks=1.0, modulation=WAVY, seed=5),
    "delaminated": OblatePores(0.1, 5.0, aspect=0.8, specks=1.0, modulation=PELLET, seed=5),
    "level set": LevelSetPores(0.12, (1.2, 5.0), (0.3, 0.7), seed=5),
    "modulated": LevelSetPores(0.08, (1.5,), aspect=0.6, modulation=WAVY, seed=5),
}
SHAPE = (50, 43, 37)


@pytest.fixture(scope="module", params=PLANS)
def plan(request):
    return PLANS[request.param]


WHOLE = {
    name: generate(p, SHAPE, voxel_size=0.92, chunks=64).phase.values for name, p in PLANS.items()
}


@pytest.mark.parametrize("name", PLANS)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_the_answer_does_not_depend_on_the_chunks(name, data):
    chunks = [data.draw(st.integers(n // 5, n)) for n in SHAPE]
    volume = generate(PLANS[name], SHAPE, voxel_size=0.92, chunks=chunks)
    assert np.array_equal(volume.phase.values, WHOLE[name])


@pytest.mark.parametrize("name", PLANS)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_any_window_is_that_of_the_whole(name, data):
    start = [data.draw(st.integers(0, n - 1)) for n in SHAPE]
    stop = [data.draw(st.integers(a + 1, n)) for a, n in zip(start, SHAPE)]
    window = PLANS[name].pores(start, stop, (0.92,) * 3)
    assert np.array_equal(window, WHOLE[name][tuple(map(slice, start, stop))] == 0)


def test_volume_is_lazy_and_travels_to_other_processes(plan):
    volume = generate(plan, 20, chunks=10)
    assert volume.phase.chunks is not None
    again = pickle.loads(pickle.dumps(volume))
    assert np.array_equal(again.phase.values, volume.phase.values)


def test_another_seed_is_another_volume(plan):
    box = (0,) * 3, (40,) * 3, (1.0,) * 3
    assert not np.array_equal(replace(plan, seed=6).pores(*box), plan.pores(*box))


def test_halving_the_voxels_keeps_the_pores(plan):
    coarse = plan.pores((0,) * 3, (30,) * 3, (0.9,) * 3)
    # the centre of a voxel is the centre of the middle one of its three thirds
    fine = plan.pores((0,) * 3, (90,) * 3, (0.3,) * 3)[1::3, 1::3, 1::3]
    # positions differ by rounding, so voxels on a surface may differ: very few
    assert np.count_nonzero(coarse != fine) <= 3


def mean_and_error(plan, n: int, parts: int = 4):
    """Return the porosity of a cube and its standard error from independent blocks."""
    pores = plan.pores((0,) * 3, (n,) * 3, (1.0,) * 3)
    m = n // parts
    blocks = pores.reshape(parts, m, parts, m, parts, m).mean(axis=(1, 3, 5))
    return blocks.mean(), blocks.std(ddof=1) / np.sqrt(blocks.size)


@pytest.mark.parametrize("aspect", [1.0, 0.4])
@pytest.mark.parametrize("specks", [0.0, 3.0])
def test_poisson_pores_cover_their_fraction(aspect, specks):
    mean, error = mean_and_error(OblatePores(0.15, 6.0, aspect=aspect, specks=specks), 160)
    assert abs(mean - 0.15) < 4 * error
    assert error < 0.003


def test_clustered_pores_cover_their_fraction():
    modulation = Modulation(clusters=0.7, cluster_length=12.0)
    mean, error = mean_and_error(OblatePores(0.1, 3.0, modulation=modulation), 160)
    assert abs(mean - 0.1) < 4 * error


def test_clusters_widen_the_local_porosity():
    def spread(amplitude):
        plan = OblatePores(0.1, 4.0, modulation=Modulation(amplitude, 15.0), seed=1)
        return mean_and_error(plan, 160)[1]

    assert spread(0.8) > 2 * spread(0.0)


def test_flat_clusters_reach_as_far_as_they_are_said_to():
    """Local porosity correlates over the length of an axis: layers differ more than columns."""
    modulation = Modulation(1.2, (5.0, 40.0, 40.0))
    plan = OblatePores(0.1, 4.0, modulation=modulation, seed=2)
    local = plan.pores((0, 0, 0), (96, 96, 96), (1.0,) * 3).reshape(12, 8, 12, 8, 12, 8)
    local = local.mean(axis=(1, 3, 5))
    local -= local.mean()
    # cells of 8 µm and their neighbours: clusters are thinner than two cells, and wider; the rest
    # is the chance of single pores
    variance = (local**2).mean()
    across_z = (local[1:] * local[:-1]).mean() / variance
    across_x = (local[:, :, 1:] * local[:, :, :-1]).mean() / variance
    assert across_z < 0.35 < 0.5 < across_x


@pytest.mark.parametrize("length", [12.0, (15.0, 50.0, 50.0)])
@pytest.mark.parametrize("faces", [(), (-20.0, 90.0)])
def test_a_modulation_is_below_its_bound_and_close_to_it(length, faces, rng):
    modulation = Modulation(1.9, length, 0.3, 40.0, 2.0, (15.0, 50.0, 50.0), 30.0, faces)
    low, edge = np.array([-30.0, 20.0, 70.0]), 38.4
    points = low + edge * rng.random((20_000, 3))
    slack = modulation.bound(points, low, edge, 3, 4) - modulation.at(points, 3, 4)
    assert slack.min() >= 0
    near_faces = np.sqrt(modulation.amplitude_at(points[:, 0]) ** 2 - modulation.amplitude**2)
    assert slack.mean() < modulation.amplitude + near_faces.mean()


def test_pores_cluster_near_the_faces_and_are_as_many_at_every_depth():
    modulation = replace(PELLET, clusters=0.0, faces=(0.0, 80.0))
    plan = OblatePores(0.1, 4.0, modulation=modulation)
    local = []
    for seed in range(4):
        pores = replace(plan, seed=seed).pores((0, 0, 0), (80, 160, 160), (1.0,) * 3)
        local.append(pores.reshape(10, 8, 20, 8, 20, 8).mean(axis=(1, 3, 5)))
    cells = np.concatenate(local, axis=1)  # of 8 µm, in ten layers from face to face
    near, far = cells[[0, 9]], cells[3:7]
    assert near.std() > 1.8 * far.std()
    # a cluster is some three cells wide, so that nine cells are one independent number
    for part in (near, far):
        assert part.mean() == pytest.approx(0.1, abs=4 * part.std() / np.sqrt(part.size / 9))


def test_the_number_of_candidates_is_the_largest_there_can_be():
    plan = OblatePores(0.1, 5.0, modulation=PELLET)
    for layer in range(-1, 3):
        z = (layer + np.linspace(0, 1, 5000)) * plan._cell
        most = plan.log_number_at(z) + 3 * PELLET.amplitude_at(z)
        assert 0 <= _log_of_most(plan, (layer, 0, 0)) - most.max() < 0.02


def test_variance_of_block_porosity_is_that_of_the_boolean_model():
    # equal spheres: covariance p**2 (exp(l v(r)) - 1) outside..., v(r) the overlap of two spheres
    d, p, edge = 6.0, 0.1, 32
    plan = OblatePores(p, d, spread=0.0, seed=9)
    pores = np.concatenate(
        [plan.pores((0, 0, s), (160, 160, s + 160), (1.0,) * 3) for s in (0, 160)], axis=2
    )
    blocks = pores.reshape(5, edge, 5, edge, 10, edge).mean(axis=(1, 3, 5))
    lag = np.abs(np.subtract.outer(np.arange(edge), np.arange(edge))).ravel()
    weight = np.bincount(lag) / edge**2
    k = np.arange(len(weight))
    r = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2)
    overlap = np.where(r < d, np.pi / 12 * (2 * d + r) * (d - r) ** 2, 0.0)
    covariance = (1 - p) ** 2 * np.expm1(plan.density * overlap)
    theory = np.einsum("ijk,i,j,k->", covariance, weight, weight, weight)
    sample = blocks.var(ddof=1)
    assert abs(sample / theory - 1) < 4 * np.sqrt(2 / (blocks.size - 1))


def test_a_window_is_expected_to_have_the_porosity_that_its_clusters_would_not_give():
    modulation = Modulation(1.5, (8.0, 24.0, 24.0), 0.1, 40.0)
    box = (0,) * 3, (64,) * 3, (1.0,) * 3
    free, fitted = [], []
    for seed in range(5):
        plan = OblatePores(0.1, 5.0, aspect=0.5, specks=2.0, modulation=modulation, seed=seed)
        free.append(plan.pores(*box).mean())
        fitted.append(with_expected_porosity(plan, *box[1:]).pores(*box).mean())
    # single pores remain: 64**3 * 0.1 voxels in pores of 65 and more, hence a scatter of .005
    assert np.std(fitted) < 0.007 < np.std(free) / 2
    assert np.mean(fitted) == pytest.approx(0.1, abs=0.006)


def test_a_window_keeps_its_clusters_when_its_porosity_is_fitted():
    plan = OblatePores(0.1, 5.0, modulation=Modulation(2.0, (8.0, 24.0, 24.0)), seed=3)
    box = (0,) * 3, (80,) * 3, (1.0,) * 3
    one, other = plan.pores(*box), with_expected_porosity(plan, *box[1:]).pores(*box)
    fewer, more = sorted((one, other), key=np.count_nonzero)
    assert not np.any(fewer & ~more)


def test_pores_that_do_not_cluster_are_as_many_as_planned():
    plan = OblatePores(0.1, 5.0, specks=1.0)
    fitted = with_expected_porosity(plan, (40, 50, 60), (1.0,) * 3)
    assert fitted.porosity == pytest.approx(plan.porosity, rel=1e-6)


def test_a_window_between_clusters_gets_eight_times_as_many_pores_at_most():
    plan = OblatePores(0.1, 5.0, modulation=Modulation(2.5, 60.0))
    factors = []
    for seed in range(8):
        fitted = with_expected_porosity(replace(plan, seed=seed), (8, 8, 8), (1.0,) * 3)
        factors.append(fitted.density / plan.density)
    assert max(factors) == pytest.approx(8.0)
    assert min(factors) < 1


def test_number_and_size_of_sparse_pores_are_as_planned():
    plan = OblatePores(0.01, 8.0, aspect=0.5, spread=0.0, tilt=0.0, seed=2)
    pores = plan.pores((0,) * 3, (200,) * 3, (1.0,) * 3)
    labels, count = ndimage.label(pores)
    expected = plan.density * 200**3
    assert abs(count - expected) < 4 * np.sqrt(expected) + 0.1 * expected  # some meet or are cut
    volumes = np.bincount(labels.ravel())[1:]
    assert np.median(volumes) == pytest.approx(np.pi / 6 * 8.0**3, rel=0.05)
    boxes = [[s.stop - s.start for s in box] for box in ndimage.find_objects(labels)]
    flat, wide = 8.0 * 0.5 ** (2 / 3), 8.0 * 0.5 ** (-1 / 3)
    assert np.median(boxes, axis=0) == pytest.approx([flat, wide, wide], abs=1)


def test_pores_are_flat_along_z_only():
    pores = PLANS["oblate"].pores((0,) * 3, (120,) * 3, (1.0,) * 3)

    def faces(axis):
        return np.count_nonzero(np.diff(pores.astype(np.int8), axis=axis))

    # a chord along z is shorter, hence more faces; y and x are alike
    assert faces(0) > 1.4 * faces(1)
    assert faces(1) == pytest.approx(faces(2), rel=0.08)


@pytest.mark.parametrize("shares", [(1.0,), (0.3, 0.7)])
@pytest.mark.parametrize("modulation", [Modulation(), WAVY])
def test_levels_give_the_porosity_by_sampling(shares, modulation, rng):
    plan = LevelSetPores(0.12, (2.0,) * len(shares), shares, modulation=modulation)
    n = 2_000_000
    m = np.clip(rng.standard_normal(n), -3, 3) * modulation.amplitude
    solid = np.prod([ndtr(t - m) for t in plan.levels], axis=0)
    assert abs(1 - solid.mean() - 0.12) < 4 * solid.std() / np.sqrt(n) + 1e-9


def test_level_sets_cover_their_fraction():
    mean, error = mean_and_error(LevelSetPores(0.12, (1.2, 4.0), (0.3, 0.7)), 160)
    assert abs(mean - 0.12) < 4 * error
    assert error < 0.005


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("modulation", [Modulation(), WAVY])
def test_exact_porosity_is_exact_to_a_voxel(seed, modulation):
    shape = (40, 50, 30)
    plan = LevelSetPores(0.123, (1.5, 4.0), modulation=modulation, seed=seed)
    exact = with_exact_porosity(plan, shape, (1.0,) * 3, chunk=17)
    assert np.count_nonzero(exact.pores((0,) * 3, shape, (1.0,) * 3)) == round(0.123 * 60_000)
    assert exact == with_exact_porosity(plan, shape, (1.0,) * 3, chunk=64)


def test_solid_fraction_is_the_mean_of_finer_voxels(plan):
    volume = generate(plan, (12, 10, 8), voxel_size=(1.0, 0.8, 1.2), chunks=5, supersample=2)
    fine = generate(plan, (24, 20, 16), voxel_size=(0.5, 0.4, 0.6)).phase
    expected = fine.astype(float).values.reshape(12, 2, 10, 2, 8, 2).mean(axis=(1, 3, 5))
    assert np.array_equal(volume.solid_fraction.values, expected.astype(np.float32))


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: OblatePores(1.5, 3.0).density, "between 0 and 1"),
        (lambda: OblatePores(0.1, 3.0, aspect=1.5).density, "not above 1"),
        (lambda: LevelSetPores(0.0, (3.0,)).levels, "between 0 and 1"),
        (lambda: LevelSetPores(0.1, (3.0,), (1.0, 2.0)).levels, "one positive share"),
        (lambda: LevelSetPores(0.1, (3.0,), modulation=PELLET).levels, "leave out `faces`"),
        (lambda: with_exact_porosity(LevelSetPores(1e-9, (3.0,)), (4, 4, 4), (1,) * 3), "no whole"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
