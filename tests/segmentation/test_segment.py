"""Segmentation agrees with scikit-image on whole arrays, and does not depend on the chunks."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage import filters

from poreflux import (
    blocks,
    from_array,
    gray_histogram,
    porosity,
    preview,
    segment,
    structure_factor,
)
from poreflux.schema import DIMS
from tests.metrics.cases import chunks_of, counting_volume, value

DTYPES = (np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64)
THREE = {0: "pore", 1: "binder", 2: "active"}
anything = settings(deadline=None, max_examples=15)


def tomogram(shape, dtype, seed: int = 0, classes: int = 2) -> np.ndarray:
    """Return smooth regions of a few grey values, with noise."""
    rng = np.random.default_rng(seed)
    regions = ndimage.gaussian_filter(rng.standard_normal(shape), 1.5)
    index = np.digitize(regions, np.quantile(regions, np.linspace(0, 1, classes + 1)[1:-1]))
    gray = 60 + 80 * index / (classes - 1) + 12 * rng.standard_normal(shape)
    return (gray if np.dtype(dtype).kind == "f" else np.clip(gray, 0, 255)).astype(dtype)


def gray_volume(array, chunks=None):
    return from_array(array if chunks is None else da.from_array(array, chunks), kind="gray")


def labels_of(volume) -> np.ndarray:
    return np.asarray(volume["phase"].data)


def record(volume) -> dict:
    return volume["phase"].attrs["segmentation"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(3))
def test_otsu_is_that_of_the_whole_array(dtype, seed):
    array = tomogram((14, 13, 12), dtype, seed)
    segmented = segment(gray_volume(array, (5, 13, 4)), bins=256)
    threshold = filters.threshold_otsu(array, nbins=256)
    assert record(segmented)["thresholds"] == [pytest.approx(threshold, rel=1e-15)]
    np.testing.assert_array_equal(labels_of(segmented), array > threshold)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64])
@pytest.mark.parametrize("classes", [3, 4])
def test_multi_otsu_is_that_of_the_whole_array(dtype, classes):
    array = tomogram((14, 13, 12), dtype, 1, classes)
    names = dict(enumerate(["pore", "binder", "active", "metal"][:classes]))
    segmented = segment(gray_volume(array, (5, 13, 4)), method="multi-otsu", phases=names, bins=64)
    expected = filters.threshold_multiotsu(array, classes, nbins=64)
    np.testing.assert_allclose(record(segmented)["thresholds"], expected, rtol=1e-15)
    np.testing.assert_array_equal(
        labels_of(segmented), np.searchsorted(expected, array, side="left")
    )


def test_multi_otsu_is_the_best_of_all_pairs_of_thresholds(rng):
    array = rng.integers(0, 30, (6, 6, 6)).astype(np.uint16) ** 2
    segmented = segment(gray_volume(array), method="multi-otsu", phases=THREE)
    values = np.unique(array)
    flat = array.ravel()

    def between(*cuts):
        index = np.digitize(flat, np.array(cuts) + 1)
        counts = np.bincount(index, minlength=3)
        sums = np.bincount(index, flat, minlength=3)
        return np.sum(sums[counts > 0] ** 2 / counts[counts > 0])

    best = max(between(a, b) for i, a in enumerate(values) for b in values[i + 1 :])
    assert between(*record(segmented)["thresholds"]) == pytest.approx(best, rel=1e-12)


@given(st.sampled_from(DTYPES), st.data())
@anything
def test_no_method_depends_on_the_chunks(dtype, data):
    shape = data.draw(st.tuples(*[st.integers(2, 12)] * 3))
    array = tomogram(shape, dtype, data.draw(st.integers(0, 99)))
    if len(np.unique(array)) < 4:
        return
    chunks = data.draw(chunks_of(shape))
    method = data.draw(st.sampled_from(["otsu", "multi-otsu", "hysteresis", "watershed"]))
    options = {
        "method": method,
        "phases": THREE if method == "multi-otsu" else None,
        "denoise": data.draw(st.sampled_from([None, "median"])),
        "pore": data.draw(st.sampled_from(["dark", "bright"])),
    }
    try:
        whole = segment(gray_volume(array), **options)
    except ValueError as error:  # the median may leave too little to separate
        with pytest.raises(ValueError, match=str(error)[:20].replace("(", r"\(")):
            segment(gray_volume(array, chunks), **options)
        return
    pieces = segment(gray_volume(array, chunks), **options)
    assert record(pieces) == record(whole)
    np.testing.assert_array_equal(labels_of(pieces), labels_of(whole))


@given(st.sampled_from([np.uint8, np.float32]), st.data())
@anything
def test_hysteresis_is_that_of_the_whole_array(dtype, data):
    shape = data.draw(st.tuples(*[st.integers(2, 14)] * 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    array = rng.integers(0, 10, shape).astype(dtype)  # many small clusters, some joined far away
    array.ravel()[:2] = 0, 9
    low, high = 0, data.draw(st.integers(1, 4))
    volume = gray_volume(array, data.draw(chunks_of(shape)))
    segmented = segment(volume, method="hysteresis", threshold=(low, high))
    expected = filters.apply_hysteresis_threshold(-array.astype(float), -high - 0.5, -low - 0.5)
    np.testing.assert_array_equal(labels_of(segmented) == 0, expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_bright_pores_grow_as_in_the_whole_array(dtype, rng):
    array = rng.integers(0, 10, (12, 11, 10)).astype(dtype)
    segmented = segment(gray_volume(array, 4), method="hysteresis", threshold=(5, 8), pore="bright")
    expected = filters.apply_hysteresis_threshold(array, 5, 8)
    np.testing.assert_array_equal(labels_of(segmented) == 0, expected)


def test_a_pore_that_winds_through_many_chunks_is_joined_to_its_only_core():
    array = np.full((9, 9, 9), 200, np.uint8)
    path = []
    for j in range(9):  # back and forth through one plane, then up at its last corner
        row = range(9) if j % 2 == 0 else [8 if j % 4 == 1 else 0]
        path += [(0, j, i) for i in (row if j % 4 == 0 else reversed(row))]
    path += [(k, *path[-1][1:]) for k in range(1, 9)]
    for voxel in path:
        array[voxel] = 100
    array[path[-1]] = 10
    array[8, 0, 0] = 100  # a grey voxel that is joined to nothing: it stays solid
    segmented = segment(gray_volume(array, 2), method="hysteresis", threshold=(50, 150))
    expected = np.ones((9, 9, 9))
    expected[tuple(zip(*path))] = 0
    np.testing.assert_array_equal(labels_of(segmented), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_median_is_that_of_the_whole_array(dtype):
    array = tomogram((9, 8, 7), dtype, 3)
    segmented = segment(gray_volume(array, (4, 3, 7)), denoise="median", bins=256)
    smooth = ndimage.median_filter(array, size=3)
    threshold = filters.threshold_otsu(smooth, nbins=256)
    np.testing.assert_array_equal(labels_of(segmented), smooth > threshold)
    np.testing.assert_array_equal(segmented["gray"], array)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bright_pores_of_the_negative_are_the_dark_pores(dtype):
    array = tomogram((9, 8, 7), dtype, 3)
    threshold = 100 if np.dtype(dtype).kind != "f" else 100.25
    dark = segment(gray_volume(array), method="threshold", threshold=threshold)
    bright = segment(
        gray_volume(255 - array.astype(float)), method="threshold",
        threshold=np.nextafter(255 - threshold, 0), pore="bright",
    )  # fmt: skip
    np.testing.assert_array_equal(labels_of(dark), labels_of(bright))


def test_labels_are_those_asked_for_from_dark_to_bright():
    array = np.array([[[5, 50, 150, 250]]], np.uint8)
    phases = {0: "pore", 170: "binder", 85: "active"}
    options = {"method": "threshold", "threshold": [10, 200], "phases": phases}
    assert labels_of(segment(gray_volume(array), **options)).tolist() == [[[0, 170, 170, 85]]]
    bright = segment(gray_volume(array), **options, pore="bright")
    assert labels_of(bright).tolist() == [[[85, 170, 170, 0]]]
    assert bright["phase"].attrs["flag_meanings"] == "pore active binder"


def test_the_record_tells_what_was_done(rng):
    array = tomogram((9, 8, 7), np.uint8)
    segmented = segment(gray_volume(array), denoise=None)
    assert record(segmented)["method"] == "otsu"
    assert segmented.attrs["history"][-1]["thresholds"] == record(segmented)["thresholds"]
    labels = labels_of(segmented)
    means = [array[labels == i].mean() for i in (0, 1)]
    share = [(labels == i).mean() for i in (0, 1)]
    between = share[0] * share[1] * (means[0] - means[1]) ** 2
    assert record(segmented)["separability"] == pytest.approx(between / array.var(), rel=1e-10)
    counts = gray_histogram(segmented)["gray_histogram"]
    np.testing.assert_array_equal(counts, np.bincount(array.ravel())[array.min() :])


def test_a_long_histogram_is_recorded_short_and_whole(rng):
    array = rng.integers(0, 60000, (12, 12, 12)).astype(np.uint16)
    counts = gray_histogram(segment(gray_volume(array)))["gray_histogram"]
    assert counts.size <= 256
    assert counts.sum() == array.size


def test_the_input_is_left_as_it_was(rng):
    volume = gray_volume(tomogram((6, 6, 6), np.uint8))
    before = volume.copy(deep=True)
    segment(volume, denoise="median")
    assert volume.identical(before)


def test_only_the_histogram_is_read_before_the_phases_are_asked_for():
    source, volume = counting_volume(tomogram((9, 8, 7), np.uint8), (4, 8, 3), kind="gray")
    segmented = segment(volume)
    np.testing.assert_array_equal(source.reads, 1)
    blocks.compute(porosity(segmented))
    np.testing.assert_array_equal(source.reads, 2)


@pytest.mark.parametrize("method", ["otsu", "hysteresis"])
def test_phases_made_lazily_cost_one_reading_for_all_metrics_and_pictures(method):
    source, volume = counting_volume(tomogram((14, 13, 12), np.uint8), (5, 6, 12), kind="gray")
    segmented = segment(volume, method=method, denoise="median")
    source.reads[:] = 0
    blocks.compute(porosity(segmented), structure_factor(segmented), preview(segmented))
    np.testing.assert_array_equal(source.reads, 1)


def test_grey_values_outside_the_mask_do_not_count():
    array = tomogram((9, 8, 7), np.float32)
    mask = np.ones(array.shape, bool)
    mask[:, :2] = False
    spoiled = np.where(mask, array, np.nan).astype(np.float32)
    volume = gray_volume(spoiled, 3)
    volume["mask"] = (DIMS, mask)
    inside = segment(gray_volume(array[:, 2:]))
    assert record(segment(volume))["thresholds"] == record(inside)["thresholds"]
    masked, plain = (value(porosity(v)) for v in (segment(volume), inside))
    assert masked["porosity"] == plain["porosity"]


def _constant():
    return gray_volume(np.full((3, 3, 3), 7, np.uint8))


def _broken():
    array = tomogram((4, 4, 4), np.float32)
    array[1, 2, 3] = -np.inf
    array[0, 0, 0] = np.inf
    return gray_volume(array, 2)


def _masked_away():
    volume = gray_volume(tomogram((4, 4, 4), np.uint8))
    volume["mask"] = (DIMS, np.zeros((4, 4, 4), bool))
    return volume


@pytest.mark.parametrize(
    "volume, options, says",
    [
        (_constant, {}, "all grey values are 7"),
        (_broken, {}, "2 grey values are infinite"),
        (_masked_away, {}, "mask is empty"),
        (None, {"method": "magic"}, "'otsu', 'li', 'minimum-error'"),
        (None, {"pore": "gray"}, "'dark' or 'bright'"),
        (None, {"method": "threshold"}, "needs a threshold"),
        (None, {"threshold": 3.0}, "finds its thresholds"),
        (None, {"method": "multi-otsu"}, "needs the phases"),
        (None, {"phases": THREE}, "use multi-otsu"),
        (None, {"phases": {0: "pore"}, "method": "threshold", "threshold": 3}, "at least two"),
        (None, {"method": "threshold", "threshold": [3, 4]}, "takes 1 for 2 phases"),
        (None, {"method": "threshold", "threshold": 300}, "'electrolyte' without a voxel"),
        (None, {"method": "threshold", "threshold": -1}, "'pore' without a voxel"),
        (None, {"method": "threshold", "threshold": np.nan}, "finite, ascending"),
        (None, {"method": "hysteresis", "threshold": [90, 60]}, "finite, ascending"),
        (
            None,
            {"method": "threshold", "threshold": [70, 70.5], "phases": THREE},
            "'binder' without a voxel",
        ),
    ],
)
def test_what_cannot_be_separated_is_refused_in_one_sentence(volume, options, says):
    volume = volume() if volume else gray_volume(tomogram((6, 6, 6), np.uint8))
    with pytest.raises(ValueError, match=says) as raised:
        segment(volume, **options)
    assert "\n" not in str(raised.value)


def test_a_volume_without_grey_values_says_so():
    with pytest.raises(KeyError, match="import the grey values"):
        segment(from_array(np.ones((2, 2, 2), bool)))


def test_cement_has_its_known_porosity(shared_data):
    import tifffile

    array = tifffile.imread(shared_data / "cement.tif")
    segmented = segment(gray_volume(array, 50))
    assert record(segmented)["thresholds"] == [filters.threshold_otsu(array)]
    # Otsu's dark class is what is up to the threshold, 0.1719; strictly below it are 0.1664
    assert abs(float(value(porosity(segmented))["porosity"]) - 0.1719) < 5e-5
    assert abs((array < record(segmented)["thresholds"][0]).mean() - 0.1664) < 5e-5


def test_phases_of_equal_grey_are_told_apart_whatever_the_method(shared_data):
    import tifffile

    array = tifffile.imread(shared_data / "electrode.tiff")[:64]
    phases = {0: "pore", 85: "active", 170: "binder"}
    segmented = segment(gray_volume(array, 50), method="multi-otsu", phases=phases)
    np.testing.assert_array_equal(labels_of(segmented), array)
