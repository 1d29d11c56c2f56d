"""A computation on one block becomes one on a chunked volume: once over it, whatever the chunks."""

from functools import partial

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from distributed import Client, LocalCluster
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from poreflux import blocks
from poreflux.errors import TooLarge


class Counted:
    """An array that counts how often each of its voxels is read."""

    def __init__(self, values):
        self.values, self.reads = values, np.zeros(values.shape, int)
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def __getitem__(self, box):
        self.reads[box] += 1
        return self.values[box]


def counted(values, chunks) -> tuple[Counted, da.Array]:
    source = Counted(values)
    return source, da.from_array(source, chunks=chunks, name=f"counted-{id(source)}", lock=True)


def measure_sum(inputs, start, power=1):
    return {"sum": blocks.Patch((), np.asarray(np.sum(inputs["a"].astype(int) ** power)))}


def finish_sum(total):
    return {"sum": total["sum"].values}


def measure_profile(inputs, start):
    return {"profile": blocks.Patch(start[:1], inputs["a"].sum(axis=(1, 2), dtype=int))}


def finish_profile(total):
    return {"profile": total["profile"].values}


def sum_plan(power=1) -> blocks.Plan:
    measure = partial(measure_sum, power=power)
    return blocks.Plan(measure, blocks.add_patches, finish_sum, {"sum": ((), int)})


def profile_plan(n: int) -> blocks.Plan:
    outputs = {"profile": ((n,), int)}
    return blocks.Plan(measure_profile, blocks.add_patches, finish_profile, outputs)


def dataset(array, plan) -> xr.Dataset:
    lazy = blocks.reduce({"a": array}, plan)
    return xr.Dataset({name: (tuple("zyx"[: v.ndim]), v) for name, v in lazy.items()})


shapes = st.tuples(*[st.integers(1, 11)] * 3)


@st.composite
def arrays_and_chunks(draw):
    shape = draw(shapes)
    array = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 9, shape, dtype=np.uint8)
    chunks = []
    for n in shape:
        cuts = sorted(draw(st.sets(st.integers(1, n - 1), max_size=4))) if n > 1 else []
        chunks.append(tuple(np.diff([0, *cuts, n]).tolist()))
    return array, tuple(chunks)


@given(arrays_and_chunks())
@settings(deadline=None, max_examples=40)
def test_a_reduction_does_not_depend_on_the_chunks(case):
    array, chunks = case
    lazy = da.from_array(array, chunks=chunks)
    total, profile = blocks.compute(
        dataset(lazy, sum_plan()), dataset(lazy, profile_plan(len(array)))
    )
    assert total["sum"] == array.sum()
    np.testing.assert_array_equal(profile["profile"], array.sum(axis=(1, 2)))


@given(arrays_and_chunks(), st.integers(1, 4), st.sampled_from(["reflect", "nearest", 0]))
@settings(deadline=None, max_examples=40)
def test_a_filter_with_ghosts_does_not_depend_on_the_chunks(case, depth, boundary):
    array, chunks = case
    mode = {"mode": "constant", "cval": 0} if boundary == 0 else {"mode": boundary}
    size = 2 * depth + 1
    widest = partial(ndimage.maximum_filter, size=size)
    lazy = blocks.map_with_ghosts(
        widest, da.from_array(array, chunks=chunks), depth, boundary=boundary
    )
    np.testing.assert_array_equal(lazy, ndimage.maximum_filter(array, size, **mode))
    assert lazy.chunks == chunks


def test_nothing_is_read_before_it_is_asked_for(rng):
    source, lazy = counted(rng.integers(0, 9, (9, 8, 7)), 3)
    dataset(lazy, sum_plan())
    assert source.reads.max() == 0


def test_all_plans_share_one_pass(rng):
    source, lazy = counted(rng.integers(0, 9, (9, 8, 7)), 3)
    blocks.compute(
        dataset(lazy, sum_plan()), dataset(lazy, sum_plan(2)), dataset(lazy, profile_plan(9))
    )
    np.testing.assert_array_equal(source.reads, 1)


def test_one_task_visits_a_chunk_for_all_plans(rng):
    array = da.from_array(rng.integers(0, 9, (8, 8, 8)), chunks=4)
    seen = []

    def count(graph, keys, **kwargs):
        seen.append(len(graph.__dask_graph__()))
        return dask.get(graph, keys, **kwargs)

    with dask.config.set(scheduler=count):
        blocks.compute(dataset(array, sum_plan()))
        blocks.compute(*(dataset(array, sum_plan(power)) for power in range(1, 7)))
    one, six = seen
    assert six - one < 8 * 5, f"{one} tasks for one plan, {six} for six, over 8 chunks"


class CountedSum:
    """A measurement that counts its calls; equal to others of the same power."""

    calls = 0

    def __init__(self, power):
        self.power = power

    def __eq__(self, other):
        return self.power == other.power

    def __hash__(self):
        return hash(self.power)

    def __call__(self, inputs, start):
        CountedSum.calls += 1
        return measure_sum(inputs, start, self.power)


def test_equal_measurements_are_made_once(rng):
    array = da.from_array(rng.integers(0, 9, (9, 8, 7)), chunks=(3, 8, 7))
    plans = [
        blocks.Plan(CountedSum(power), blocks.add_patches, finish_sum, {"sum": ((), int)})
        for power in (1, 2, 1, 2, 1)
    ]
    CountedSum.calls = 0
    found = blocks.compute(*(dataset(array, plan) for plan in plans), scheduler="synchronous")
    assert CountedSum.calls == 2 * 3
    values = array.compute()
    assert [int(each["sum"]) for each in found] == [
        (values.astype(int) ** power).sum() for power in (1, 2, 1, 2, 1)
    ]


def test_a_lazy_result_can_be_computed_by_plain_xarray(rng):
    array = rng.integers(0, 9, (5, 4, 3))
    assert dataset(array, sum_plan()).compute()["sum"] == array.sum()


def test_arrays_of_one_plan_may_have_different_chunks(rng):
    a, mask = rng.integers(0, 9, (7, 7, 7)), rng.random((7, 7, 7)) > 0.5
    plan = blocks.Plan(measure_masked, blocks.add_patches, finish_sum, {"sum": ((), int)})
    inputs = {"a": da.from_array(a, chunks=3), "mask": da.from_array(mask, chunks=(7, 2, 5))}
    assert blocks.reduce(inputs, plan)["sum"].compute() == a[mask].sum()


def measure_masked(inputs, start):
    return {"sum": blocks.Patch((), np.asarray(inputs["a"][inputs["mask"]].sum()))}


def test_arrays_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="the volume has"):
        blocks.reduce({"a": np.zeros((2, 2, 2)), "b": np.zeros((2, 2, 3))}, sum_plan())


def test_a_result_of_unknown_shape_is_run(rng):
    array = rng.integers(0, 9, (5, 4, 3))
    (result,) = blocks.compute(blocks.run({"a": array}, sum_plan()))
    assert result["sum"] == array.sum()


def test_progress_ends_at_its_total(rng):
    heard = []
    array = da.from_array(rng.integers(0, 9, (9, 8, 7)), chunks=3)
    blocks.compute(dataset(array, sum_plan()), progress=lambda *said: heard.append(said))
    done, total, _ = heard[-1]
    assert done == total > 0


def start_of(start, block):
    return np.full(block.shape, start[0] * 100 + start[1] * 10 + start[2])


@given(arrays_and_chunks())
@settings(deadline=None, max_examples=20)
def test_a_block_knows_where_it_starts(case):
    array, chunks = case
    starts = [np.repeat(np.cumsum([0, *sizes[:-1]]), sizes) for sizes in chunks]
    z, y, x = np.meshgrid(*starts, indexing="ij")
    lazy = blocks.map_blocks_at(start_of, da.from_array(array, chunks=chunks), dtype=int)
    np.testing.assert_array_equal(lazy, z * 100 + y * 10 + x)


@given(arrays_and_chunks())
@settings(deadline=None, max_examples=40)
def test_components_joined_over_faces_are_those_of_the_whole(case):
    array, chunks = case
    array = array > 5
    measure = partial(measure_faces, shape=array.shape)
    plan = blocks.Plan(measure, combine_faces, finish_faces, {})
    (clusters,) = blocks.compute(blocks.run({"a": da.from_array(array, chunks=chunks)}, plan))
    assert clusters == ndimage.label(array)[1]


def measure_faces(inputs, start, shape):
    labels, count = ndimage.label(inputs["a"])
    names = blocks.first_voxels(labels, count, start, shape)
    return blocks.open_faces(labels, names, start, shape), names[1:]


def combine_faces(parts):
    faces, names = zip(*parts)
    return blocks.join_faces(faces), np.concatenate(names)


def finish_faces(total):
    faces, names = total
    assert not faces.open
    return len(set(blocks.united(faces.joints, names)[1]))


def mean_of_block(arrays, box):
    return {"mean": arrays["a"].mean(), "start": [s.start for s in box]}


@pytest.mark.parametrize("chunks", [(10, 9, 8), 3, (1, 9, 8)])
def test_block_map_gives_each_function_its_sub_volume(chunks, rng):
    array = rng.random((10, 9, 8))
    inputs = {"a": da.from_array(array, chunks=chunks)}
    result = blocks.block_map(inputs, mean_of_block, blocks=(3, 2, 1))
    z, y, x = (blocks.edges(n, parts) for n, parts in zip(array.shape, (3, 2, 1)))
    for i, j, k in np.ndindex(3, 2, 1):
        block = array[z[i] : z[i + 1], y[j] : y[j + 1], x[k] : x[k + 1]]
        assert result["mean"][i, j, k] == block.mean()
        assert tuple(result["start"][i, j, k]) == (z[i], y[j], x[k])


@given(st.integers(1, 500), st.integers(1, 50))
def test_blocks_tile_the_axis_and_differ_by_one_voxel_at_most(n, parts):
    if parts > n:
        with pytest.raises(ValueError, match="cannot be cut"):
            blocks.edges(n, parts)
        return
    cuts = blocks.edges(n, parts)
    assert (cuts[0], cuts[-1]) == (0, n)
    assert np.ptp(np.diff(cuts)) <= 1


def test_an_array_in_memory_is_known_by_its_contents(rng):
    array = rng.random((9, 8, 7))
    before = blocks.chunked(array).name
    assert blocks.chunked(array.copy()).name == before
    array[0, 0, 0] += 1
    assert blocks.chunked(array).name != before


def test_two_computations_on_one_array_in_memory_share_its_blocks(rng, tmp_path):
    np.save(tmp_path / "array.npy", rng.random((9, 8, 7)))
    for mode in (None, "r"):
        array = np.load(tmp_path / "array.npy", mmap_mode=mode)
        assert blocks.chunked(array).name == blocks.chunked(array).name


def test_an_array_changed_in_place_is_not_taken_for_one_that_holds_what_it_held():
    changed = np.zeros((200, 4, 4), np.uint8)
    of_changed = blocks.reduce({"a": changed}, sum_plan())["sum"]
    changed[:] = 1
    other = np.zeros_like(changed)
    of_other = blocks.reduce({"a": other}, sum_plan())["sum"]
    lazy = xr.Dataset({"changed": of_changed, "other": of_other})
    (result,) = blocks.compute(lazy)
    assert result["changed"] == changed.size
    assert result["other"] == 0


def test_a_function_that_spoils_its_block_leaves_the_array_as_it_was(rng):
    array = rng.random((9, 8, 7))
    before = array.copy()
    blocks.map_blocks(lambda block: np.multiply(block, 0, out=block), array, dtype=float).compute()
    np.testing.assert_array_equal(array, before)


def test_a_measure_is_given_contiguous_copies_of_an_array_in_memory(rng):
    array = np.asfortranarray(rng.integers(0, 9, (70, 65, 520)))
    before = array.copy()
    plan = blocks.Plan(spoil_sum, blocks.add_patches, finish_sum, {"sum": ((), int)})
    (found,) = blocks.compute(dataset(array, plan))
    assert found["sum"] == before.sum()
    np.testing.assert_array_equal(array, before)


def spoil_sum(inputs, start):
    block = inputs["a"]
    assert block.flags.c_contiguous
    assert inputs["a"] is block
    total = measure_sum(inputs, start)
    block[...] = 0
    return total


def test_a_computation_that_cannot_fit_is_refused_with_numbers():
    array = da.zeros((2**14, 2**14, 2**14), chunks=2**14, dtype=np.uint8)
    with pytest.raises(TooLarge, match="GiB are free"):
        blocks.compute(dataset(array, sum_plan()))


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as processes:
        yield processes


def test_worker_processes_give_the_answer_of_threads(cluster, rng):
    array = rng.integers(0, 9, (9, 8, 7))
    lazy = da.from_array(array, chunks=4)
    heard = []
    total, profile = blocks.compute(
        dataset(lazy, sum_plan()),
        dataset(lazy, profile_plan(9)),
        scheduler=cluster.scheduler_address,
        progress=lambda *said: heard.append(said),
    )
    assert total["sum"] == array.sum()
    np.testing.assert_array_equal(profile["profile"], array.sum(axis=(1, 2)))


def test_an_active_client_is_used(cluster, rng):
    array = rng.integers(0, 9, (9, 8, 7))
    with Client(cluster):
        (total,) = blocks.compute(dataset(da.from_array(array, chunks=4), sum_plan()))
        means = blocks.block_map({"a": array}, mean_of_block, blocks=(2, 1, 1))
    assert total["sum"] == array.sum()
    assert means["mean"].shape == (2, 1, 1)
