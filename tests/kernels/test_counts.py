"""Counts and medians against a line of NumPy each."""

import numpy as np
import pytest
from scipy import ndimage

from poreflux.kernels import configurations, counting, median


def test_set_bits_are_counted():
    words = np.array([0, 1, 2**63, 2**64 - 1, 0x5555555555555555], np.uint64)
    assert [int(counting.bits_set(word)) for word in words] == [0, 1, 1, 64, 32]


@pytest.mark.parametrize("offset", [0, 1, 3, 7])
@pytest.mark.parametrize("lags", [0, 2, 7])
@pytest.mark.parametrize("planes", [(4, 4), (9, 7), (2, 11), (12, 1)])
def test_pairs_of_set_bits_are_counted_at_each_lag(rng, offset, lags, planes):
    lower, upper = (rng.random((number, 128)) < 0.3 for number in planes)
    words = [np.packbits(part, axis=1).view(np.uint64) for part in (lower, upper)]
    counts = np.zeros(lags + 1, np.int64)
    counting.count_pairs(*words, offset, counts)
    expected = np.zeros(lags + 1, np.int64)
    for i, j in np.ndindex(*planes):
        if 1 <= offset + j - i <= lags:
            expected[offset + j - i] += (lower[i] & upper[j]).sum()
    assert (counts == expected).all()


def test_ones_are_counted_in_each_plane(rng):
    planes = (rng.random((5, 77)) < 0.4).view(np.uint8)
    counts = np.arange(5)
    counting.count_planes(planes, counts)
    assert (counts == np.arange(5) + planes.sum(axis=1)).all()


@pytest.mark.parametrize("shape", [(7, 9, 5), (2, 700, 3)], ids=["small", "beyond a byte"])
def test_ones_are_counted_between_edges(rng, shape):
    voxels = (rng.random(shape) < 0.9).view(np.uint8)
    edges = [np.unique([0, n // 3, n - 1, n]) for n in shape]
    counts = np.zeros([len(one) - 1 for one in edges], np.int64)
    scratch = np.empty(shape[2], np.uint8), np.empty(shape[2], np.int64)
    counting.count_boxes(voxels, *edges, *scratch, counts)
    expected = voxels.astype(int)
    for axis, one in enumerate(edges):
        expected = np.add.reduceat(expected, one[:-1], axis=axis)
    assert (counts == expected).all()


def test_bytes_of_a_value_are_found_in_a_part_of_an_array(rng):
    whole = rng.integers(0, 3, (6, 7, 8)).astype(np.uint8)
    part, out = whole[1:4, 2:7, 3:6], np.empty((3, 5, 3), bool)
    counting.equal_bytes(whole.reshape(-1)[1 * 56 + 2 * 8 + 3 :], part.strides, np.uint8(2), out)
    assert (out == (part == 2)).all()


def test_values_are_counted(rng):
    values = rng.integers(-5, 20, 300).astype(np.int16)
    counts = np.zeros(25, np.int64)
    counting.count_values(values, -5, counts)
    assert (counts == np.bincount(values + 5, minlength=25)).all()


def test_the_median_of_27_is_that_of_scipy(rng):
    cells = rng.integers(0, 200, (5, 6, 7)).astype(np.uint8)
    out = np.empty((3, 4, 5), np.uint8)
    median.median_of_27(cells, out, np.empty((median.HELD, 5), np.uint8))
    assert (out == ndimage.median_filter(cells, 3)[1:-1, 1:-1, 1:-1]).all()


def test_configurations_of_eight_voxels_are_counted(rng):
    voxels = (rng.random((4, 5, 6)) < 0.5).astype(np.uint8)
    skip = [np.zeros(n - 1, bool) for n in voxels.shape]
    skip[0][1] = skip[1][0] = skip[2][3] = True
    counts = np.zeros(256, np.int64)
    configurations.count_configurations(voxels, *skip, counts)
    expected = np.zeros(256, np.int64)
    for k, j, i in np.ndindex(3, 4, 5):
        if skip[0][k] or skip[1][j] or skip[2][i]:
            continue
        eight = voxels[k : k + 2, j : j + 2, i : i + 2]
        weight = np.arange(2)[:, None, None] * 2 + np.arange(2)[:, None] + np.arange(2) * 4
        expected[(eight.astype(int) << weight).sum()] += 1
    assert (counts == expected).all()
