"""The watershed takes uncertain voxels to the right side, wherever the chunks end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_gradient_magnitude, median_filter
from skimage.segmentation import watershed

from poreflux import segment
from poreflux.phantoms import Tomograph, measure_gray, synthetic_twin
from tests.metrics.cases import chunks_of
from tests.segmentation.test_segment import gray_volume, labels_of, record, tomogram

CALM = {"rings": 0.0, "cupping": 0.0, "drift": 0.0}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@given(data=st.data())
@settings(deadline=None, max_examples=4)
def test_the_answer_does_not_depend_on_the_chunks(dtype, data):
    shape = data.draw(st.tuples(*[st.integers(1, 30)] * 3))
    array = np.zeros(shape) + tomogram((30, 30, 30), np.float32)[tuple(slice(n) for n in shape)]
    array.ravel()[:1], array.ravel()[-1:] = 20, 190
    array = array.astype(dtype)
    if len(np.unique(array)) < 4:
        return
    options = {"method": "watershed", "threshold": (60, 120)}
    whole = segment(gray_volume(array), **options)
    pieces = segment(gray_volume(array, data.draw(chunks_of(shape))), **options)
    assert record(pieces) == record(whole)
    np.testing.assert_array_equal(labels_of(pieces), labels_of(whole))


@pytest.mark.parametrize("pore", ["dark", "bright"])
def test_it_is_nearly_the_watershed_of_the_whole_volume(pore):
    twin = synthetic_twin("regular_300", 48).compute()
    gray = measure_gray(twin, Tomograph(**CALM, contrast_to_noise=8.0)).gray.values
    gray = median_filter(gray, 3) if pore == "dark" else 45_000 - median_filter(gray, 3)
    segmented = segment(gray_volume(gray.astype(np.int32), 24), method="watershed", pore=pore)
    low, high = record(segmented)["thresholds"]
    gradient = gaussian_gradient_magnitude(gray.astype(float), 0.7, truncate=3, mode="nearest")
    markers = np.where(gray <= low, 1, np.where(gray > high, 2, 0))
    expected = watershed(gradient, markers) == (2 if pore == "dark" else 1)
    uncertain = markers == 0
    assert uncertain.mean() > 0.02
    # gradients are told apart to 4e-6 of the contrast, so that few ties are broken otherwise
    assert (labels_of(segmented) != expected)[uncertain].mean() < 0.001
    np.testing.assert_array_equal(labels_of(segmented)[~uncertain], expected[~uncertain])


def test_an_edge_that_is_darker_elsewhere_is_found_where_it_is_steepest():
    """One threshold cannot: the middle of the edge has another grey value at either end."""
    z, _, x = np.indices((40, 12, 40))
    edge, shade = 100 / (1 + np.exp(-(x - 20.4) / 0.8)), 1.2 * (z - 20)
    array = (100 + edge + shade).astype(np.float32)
    options = {"method": "watershed", "threshold": (120.0, 180.0)}
    solid = labels_of(segment(gray_volume(array, 16), **options)) == 1
    np.testing.assert_array_equal(solid[3:-3], (x > 20)[3:-3])
    by_threshold = labels_of(segment(gray_volume(array), method="threshold", threshold=150.0)) == 1
    assert (by_threshold != (x > 20))[3:-3].any()


def test_what_no_marker_reaches_goes_by_the_middle():
    array = np.full((1, 1, 41), 100, np.uint8)
    array[0, 0, :21] = 140
    array[0, 0, [0, -1]] = 255, 0
    solid = labels_of(segment(gray_volume(array), method="watershed", threshold=(50, 200)))[0, 0]
    assert solid.tolist() == [1] * 21 + [0] * 20


def test_thresholds_are_two_and_ascend():
    volume = gray_volume(tomogram((9, 9, 9), np.uint8))
    with pytest.raises(ValueError, match="takes 2 for 2 phases"):
        segment(volume, method="watershed", threshold=100)
    with pytest.raises(ValueError, match="ascending"):
        segment(volume, method="watershed", threshold=(120, 100))
    low, high = record(segment(volume, method="watershed"))["thresholds"]
    assert low < record(segment(volume))["thresholds"][0] < high
