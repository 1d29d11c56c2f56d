"""Non-local means take noise away, keep edges, and do not depend on the chunks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from poreflux import segment
from poreflux.phantoms import Tomograph, measure_gray, synthetic_twin
from poreflux.segmentation.denoise import denoised, local_noise
from tests.metrics.cases import chunks_of
from tests.segmentation.test_segment import gray_volume, labels_of, record, tomogram

CALM = {"rings": 0.0, "cupping": 0.0, "drift": 0.0}


@pytest.fixture(scope="module")
def twin():
    return synthetic_twin("fine_500", 40).compute()


def test_less_is_left_of_the_noise_than_by_the_median(twin):
    ideal, noisy = (
        measure_gray(twin, Tomograph(**CALM, contrast_to_noise=ratio)).gray.values.astype(float)
        for ratio in (np.inf, 5.0)
    )
    volume = gray_volume(noisy)
    noise = local_noise(volume.gray.data)
    assert noise == pytest.approx(18_000 / 5, rel=0.05)
    found = np.asarray(denoised(volume.gray.chunk(20).data, "nl-means", noise))
    left, by_median = ((each - ideal).std() for each in (found, ndimage.median_filter(noisy, 3)))
    assert left < 0.8 * by_median < 0.4 * noise
    assert abs(found.mean() - noisy.mean()) < 0.01 * 18_000


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@given(data=st.data())
@settings(deadline=None, max_examples=4)
def test_the_answer_does_not_depend_on_the_chunks(dtype, data):
    array = tomogram((9, 12, 10), dtype, 4)[:, :: data.draw(st.integers(1, 6))]
    whole = segment(gray_volume(array), denoise="nl-means")
    chunks = data.draw(chunks_of(array.shape))
    pieces = segment(gray_volume(array, chunks), denoise="nl-means")
    assert record(pieces) == record(whole)
    np.testing.assert_array_equal(labels_of(pieces), labels_of(whole))


def test_fewer_voxels_are_wrong_than_without(twin):
    noisy = measure_gray(twin, Tomograph(**CALM, contrast_to_noise=4.0))
    truth = twin.phase.values
    wrong = {
        how: (labels_of(segment(noisy, denoise=how, method="midpoint")) != truth).mean()
        for how in (None, "median", "nl-means")
    }
    assert wrong["nl-means"] < wrong["median"] < wrong[None]


def test_what_was_done_is_recorded(twin):
    gray = measure_gray(twin, Tomograph(**CALM))
    done = segment(gray, denoise="nl-means").attrs["history"][-1]
    assert done["denoise"] == "nl-means"
    assert done["noise"] == pytest.approx(3000, rel=0.08)
    assert segment(gray, denoise="median").attrs["history"][-1]["denoise"] == "median"


def test_an_image_without_noise_stays_as_it_is():
    array = np.repeat(np.array([10, 200], np.uint8), 500).reshape(10, 10, 10)
    np.testing.assert_array_equal(labels_of(segment(gray_volume(array), denoise="nl-means")),
                                  array > 100)  # fmt: skip


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="'median', 'nl-means'"):
        segment(gray_volume(tomogram((4, 4, 4), np.uint8)), denoise="gauss")
