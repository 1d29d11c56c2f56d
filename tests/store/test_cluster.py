"""Workers in other processes write the same bytes into a store."""

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster
from scipy.ndimage import median_filter

from poreflux import from_array, read, store
from tests.faults.killing import tree


@pytest.fixture(scope="module")
def client():
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**options) as cluster, Client(cluster) as made:
        yield made


def test_a_cluster_writes_the_bytes_that_threads_write(tmp_path, rng, client):
    np.save(tmp_path / "gray.npy", rng.integers(0, 99, (30, 31, 32)).astype(np.uint8))

    def save(target):
        store.save(read(tmp_path / "gray.npy", voxel_size=1), target, chunk=8)
        gray = store.open(target).gray.data
        smooth = da.map_overlap(median_filter, gray, depth=1, boundary="none", size=3)
        return store.add(from_array(smooth > 50), target)

    with client.as_current():
        one = save(tmp_path / "cluster.zarr")
    with dask.config.set(scheduler="threads"):
        two = save(tmp_path / "threads.zarr")
    assert tree(one) == tree(two)
