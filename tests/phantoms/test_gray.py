"""Grey phantoms: each defect alone has its amount, and the chunks do not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from poreflux.phantoms import OblatePores, Tomograph, generate, measure_gray, uniform

SHAPE = (30, 44, 38)
PLAN = OblatePores(0.15, 8.0, aspect=0.5, seed=3)
ALL = Tomograph(tilt=(4.0, -3.0), seed=8)
PERFECT = dict(blur=0.0, contrast_to_noise=np.inf, rings=0.0, cupping=0.0, drift=0.0)


def perfect(**but):
    return Tomograph(pore=1000.0, electrolyte=2000.0, **{**PERFECT, **but})


@pytest.fixture(scope="module")
def sample():
    return generate(PLAN, SHAPE, chunks=64, supersample=2).compute()


WHOLE = measure_gray(generate(PLAN, SHAPE, chunks=64).compute(), ALL).gray.values


@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_the_answer_does_not_depend_on_the_chunks(data):
    chunks = [data.draw(st.integers(n // 3, n)) for n in SHAPE]
    volume = measure_gray(generate(PLAN, SHAPE, chunks=chunks), ALL)
    assert np.array_equal(volume.gray.values, WHOLE)


def test_truth_stays_beside_the_gray_values(sample):
    out = measure_gray(sample, ALL)
    assert out.phase.identical(sample.phase)
    assert "gray" not in sample
    assert out.attrs["truth"]["blur"] == ALL.blur
    assert out.gray.dtype == np.uint16


def test_a_perfect_tomograph_shows_the_solid_fraction(sample):
    gray = measure_gray(sample, perfect(), dtype="float32").gray.values
    assert np.allclose(gray, 1000 + 1000 * sample.solid_fraction.values)


def test_without_partial_volumes_it_shows_the_phases(sample):
    gray = measure_gray(sample.drop_vars("solid_fraction"), perfect()).gray.values
    assert np.array_equal(gray, 1000 + 1000 * sample.phase.values.astype(int))


def test_blur_is_the_gaussian_of_its_width(sample):
    gray = measure_gray(sample, perfect(blur=1.2), dtype="float32").gray.values
    expected = gaussian_filter(sample.solid_fraction.values.astype(float), 1.2, mode="nearest")
    assert np.allclose(gray, 1000 + 1000 * expected, atol=0.01)


def test_blur_moves_no_grey_value_out_of_the_whole():
    volume = generate(PLAN, 60).compute()
    gray = measure_gray(volume, perfect(blur=0.7), dtype="float64").gray.values
    balance = (2000 - gray[6:-6, 6:-6, 6:-6].mean()) / 1000
    # only what is near the faces of the window crosses them: a share of its surface
    assert balance == pytest.approx(1 - volume.phase.values[6:-6, 6:-6, 6:-6].mean(), abs=2e-3)


@pytest.mark.parametrize("ratio", [4.0, 8.0])
def test_noise_has_its_contrast_to_noise_ratio(ratio):
    gray = measure_gray(uniform(48), perfect(contrast_to_noise=ratio), dtype="float64").gray.values
    n = gray.size
    assert gray.std() == pytest.approx(1000 / ratio, rel=4 / np.sqrt(2 * n))
    assert abs(gray.mean() - 2000) < 4 * 1000 / ratio / np.sqrt(n)


def test_cupping_darkens_the_axis_and_spares_the_inscribed_circle():
    gray = measure_gray(uniform((2, 101, 101)), perfect(cupping=0.2), dtype="float64").gray.values
    assert gray[0, 50, 50] == pytest.approx(2000 - 200, abs=1e-2)
    assert gray[0, 50, 100] == pytest.approx(2000 - 200 * (1 - (100 / 101) ** 2), abs=1e-2)
    assert np.array_equal(gray[0], gray[1].T)


def test_drift_is_a_gain_along_z():
    gray = measure_gray(uniform((50, 3, 3)), perfect(drift=0.1), dtype="float64").gray.values
    assert gray[0, 0, 0] == pytest.approx(2000 * (1 - 0.05 * 0.98), rel=1e-5)
    assert gray.mean() == pytest.approx(2000, rel=1e-6)
    assert np.ptp(gray, axis=(1, 2)).max() == 0


def test_rings_are_round_and_as_many_as_said():
    tomograph = perfect(rings=0.1, ring_share=0.2)
    gray = measure_gray(uniform((80, 200, 200)), tomograph, dtype="float64").gray.values
    y, x = np.indices((200, 200)) - 99.5
    radius = np.hypot(y, x).astype(int)
    for plane in gray[::16]:
        lowest = np.full(radius.max() + 1, np.inf)
        highest = -lowest
        np.minimum.at(lowest, radius, plane)
        np.maximum.at(highest, radius, plane)
        assert np.array_equal(lowest, highest)
    rows = gray[::8, 99, 100:] - 2000  # one radius a voxel
    share, n = np.mean(rows != 0), rows.size
    assert abs(share - 0.2) < 4 * np.sqrt(0.2 * 0.8 / n)
    assert rows[rows != 0].std() == pytest.approx(100, rel=4 / np.sqrt(2 * 0.2 * n))


@pytest.mark.parametrize("tilt", [(5.0, 0.0), (-4.0, 3.0)])
def test_tilt_cuts_the_sample_at_the_plane_it_tells(tilt):
    volume = uniform((60, 40, 50), voxel_size=2.0)
    out = measure_gray(volume, perfect(tilt=tilt), dtype="float64")
    solid = (out.gray.values - 1000) / 1000
    a, b, c = out.attrs["truth"]["top_plane"]
    top = a + b * out.y.values[:, None] + c * out.x.values
    assert np.allclose(solid.sum(axis=0) * 2.0, top, atol=1e-3)
    corners = [a + b * y + c * x for y in (0, 80) for x in (0, 100)]
    assert max(corners) == pytest.approx(120)
    assert (b, c) == pytest.approx(tuple(-np.tan(np.radians(tilt))))


@pytest.mark.parametrize(
    "wrong, words",
    [
        (dict(blur=-1.0), "must not be negative"),
        (dict(contrast_to_noise=0.0), "must be above 0"),
        (dict(pore=30_000.0), "contrast not 0"),
        (dict(tilt=(50, 0)), "two angles"),
    ],
)
def test_a_tomograph_that_cannot_be_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        measure_gray(uniform(4), Tomograph(**wrong))
