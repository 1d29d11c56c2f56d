"""Sub-volumes solved side by side are the sub-volumes solved one by one."""

import itertools

import numpy as np
import pytest

from poreflux import block_tortuosity, from_array, open, save, tortuosity_factor
from poreflux import blocks as blocked
from poreflux.phantoms import random_sites
from poreflux.schema import DIMS
from poreflux.transport.tortuosity.block_means import cells_of_blocks, in_cells, summed
from tests.physics import media

SHAPE = (13, 14, 11)
SPACING = (0.7, 1.0, 1.6)
BLOCKS = (2, 3, 2)
EXACT = {"rtol": 1e-10}
NAMES = {0: "pore", 1: "one", 2: "two"}


@pytest.fixture
def volume():
    labels = media.phases(SHAPE, [0.3, 0.4, 0.3], 1.2, 4)
    return from_array(labels, voxel_size=SPACING, phases=NAMES)


@pytest.fixture(params=[{"one": 1.0}, {"one": 0.2, "two": 4.0}], ids=["one phase", "two phases"])
def conductivity(request):
    return request.param


def parts(n: int, blocks: int) -> list[slice]:
    """Return the parts of n voxels: their edges are rounded down."""
    edges = [i * n // blocks for i in range(blocks + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize("sides", ["insulated", "periodic"])
def test_each_block_is_the_solve_of_the_volume_cut_out(volume, conductivity, sides):
    options = {"conductivity": conductivity, "sides": sides, **EXACT}
    together = block_tortuosity(volume, blocks=BLOCKS, direction="all", **options)
    cuts = [parts(n, b) for n, b in zip(SHAPE, BLOCKS)]
    for place in np.ndindex(*BLOCKS):
        part = {dim: cut[i] for dim, cut, i in zip(DIMS, cuts, place)}
        there = dict(zip(("block_z", "block_y", "block_x"), place))
        for direction in DIMS:
            alone = tortuosity_factor(volume.isel(part), direction=direction, **options)
            block = together.isel(there).sel(direction=direction)
            for name in ("tortuosity_factor", "effective_conductivity", "percolating_fraction"):
                wanted = float(alone[name][0])
                assert float(block[f"block_{name}"]) == pytest.approx(wanted, rel=1e-9), name


def test_the_volume_as_one_block_is_the_volume(volume):
    one = block_tortuosity(
        volume, blocks=(1, 1, 1), direction="all", conductivity={"one": 1.0}, **EXACT
    )
    whole = [
        float(tortuosity_factor(volume, direction=d, conductivity={"one": 1.0}, **EXACT)
              .tortuosity_factor[0])
        for d in DIMS
    ]  # fmt: skip
    assert one.block_tortuosity_factor.values.ravel() == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("direction", DIMS)
@pytest.mark.parametrize("spacing", [1.0, SPACING])
def test_every_block_of_a_uniform_volume_has_tortuosity_factor_one(spacing, direction):
    volume = from_array(np.ones((9, 8, 7), np.uint8), voxel_size=spacing)
    result = block_tortuosity(volume, blocks=(4, 4, 3), direction=direction)
    # of voxels that are no cubes the conductance of a face is a number of float32
    tolerance = 1e-10 if spacing == 1 else float(np.finfo(np.float32).eps)
    assert result.block_tortuosity_factor.values == pytest.approx(1, abs=tolerance)


@pytest.mark.parametrize("chunks", [(5, 4, 11), (13, 14, 11), (2, 14, 3)])
def test_the_chunks_of_the_volume_change_nothing(volume, chunks):
    options = {"blocks": BLOCKS, "conductivity": {"one": 1.0}}
    lazy = volume.chunk(dict(zip(DIMS, chunks)))
    assert block_tortuosity(lazy, **options).identical(block_tortuosity(volume, **options))


def test_a_stored_volume_answers_like_the_array(volume, tmp_path):
    save(volume, tmp_path / "volume.zarr", chunk=8)
    options = {"blocks": BLOCKS, "conductivity": {"one": 1.0}}
    stored = block_tortuosity(open(tmp_path / "volume.zarr"), **options)
    assert stored.identical(block_tortuosity(volume, **options))


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_the_scheduler_changes_nothing(volume, scheduler):
    options = {"blocks": BLOCKS, "conductivity": {"one": 1.0}}
    result = block_tortuosity(volume, scheduler=scheduler, **options)
    assert result.identical(block_tortuosity(volume, **options))


@pytest.mark.slow
def test_processes_of_a_dask_cluster_give_the_same_answer(volume, tmp_path):
    distributed = pytest.importorskip("distributed")
    save(volume, tmp_path / "volume.zarr", chunk=8)
    stored = open(tmp_path / "volume.zarr")
    options = {"blocks": BLOCKS, "conductivity": {"one": 1.0, "two": 0.1}}
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        result = block_tortuosity(stored, scheduler=client, **options)
        by_address = block_tortuosity(stored, scheduler=cluster.scheduler_address, **options)
    assert result.identical(block_tortuosity(volume, **options))
    assert by_address.identical(result)


def test_blocks_that_do_not_percolate_are_infinite():
    labels = np.ones((8, 4, 4), np.uint8)
    labels[2] = 0
    result = block_tortuosity(from_array(labels), blocks=(2, 1, 1), direction="zy")
    assert result.block_tortuosity_factor.values[0].ravel().tolist() == [np.inf, 1]
    assert result.block_effective_conductivity.values[0].ravel().tolist() == [0, 1]
    assert result.block_percolating_fraction.values[0].ravel().tolist() == [0, 1]
    assert result.block_tortuosity_factor.values[1].ravel() == pytest.approx([1, 1])


def test_a_block_of_nothing_but_pore_is_infinite():
    labels = np.ones((8, 4, 4), np.uint8)
    labels[:4] = 0
    result = block_tortuosity(from_array(labels), blocks=(2, 1, 1), direction="z")
    assert result.block_tortuosity_factor.values.ravel().tolist() == [np.inf, 1]


def test_blocks_are_placed_at_their_centres_and_ordered_as_asked(volume):
    result = block_tortuosity(
        volume, blocks=BLOCKS, direction="xz", conductivity={"one": 1.0}, rtol=0.1
    )
    assert result.direction.values.tolist() == ["x", "z"]
    for dim, n, number, h in zip(DIMS, SHAPE, BLOCKS, SPACING):
        wanted = [(part.start + part.stop) / 2 * h for part in parts(n, number)]
        assert result[f"block_{dim}"].values == pytest.approx(wanted)
        assert result[f"block_{dim}"].attrs["units"] == "um"


def test_progress_counts_to_the_end(volume):
    seen = []
    block_tortuosity(
        volume, blocks=BLOCKS, conductivity={"one": 1.0}, rtol=0.1,
        progress=lambda done, total, note: seen.append((done, total)),
    )  # fmt: skip
    done, total = zip(*seen)
    assert list(done) == sorted(done)
    assert done[-1] == total[-1]


def test_blocks_without_a_path_count_in_the_mean():
    labels = np.ones((8, 8, 8), np.uint8)
    labels[:4, :4, :4] = 0
    result = block_tortuosity(from_array(labels), blocks=(2, 2, 2), direction="z")
    assert float(result.block_effective_conductivity_mean[0]) == pytest.approx(7 / 8)
    assert float(result.block_tortuosity_factor_mean[0]) == pytest.approx(1.0)
    assert float(result.effective_conductivity_sampling_error[0]) > 0


def test_blocks_count_by_their_size():
    labels = np.ones((9, 4, 4), np.uint8)
    labels[:4, ::2] = 0
    result = block_tortuosity(from_array(labels), blocks=(2, 1, 1), direction="z")
    assert float(result.block_effective_conductivity_mean[0]) == pytest.approx((4 * 0.5 + 5) / 9)


def test_no_path_at_all_has_no_sampling_error():
    labels = np.ones((8, 8, 8), np.uint8)
    labels[::4] = 0
    result = block_tortuosity(from_array(labels), blocks=(2, 2, 2), direction="z")
    assert result.block_tortuosity_factor_mean.values.tolist() == [np.inf]
    assert np.isnan(result.tortuosity_factor_sampling_error).all()


def test_the_sampling_error_of_blocks_of_random_sites_is_that_of_other_samples():
    """Sites are independent: the values of other samples scatter as the error of one says."""
    scatter, errors = [], []
    for seed in range(16):
        result = block_tortuosity(random_sites(24, 0.15, seed=seed), direction="z", rtol=1e-2)
        scatter.append(float(result.block_tortuosity_factor_mean[0]))
        errors.append(float(result.tortuosity_factor_sampling_error[0]))
    ratio = np.std(scatter, ddof=1) / np.mean(errors)
    assert 0.4 < ratio < 1.6  # of 16 samples, the deviation itself is within 18 %


@pytest.mark.parametrize("rtol", [1e-2, 1e-4])
def test_each_block_says_how_far_its_solver_may_be_off(rtol):
    labels = np.ones((24, 12, 12), np.uint8)
    labels[4], labels[16] = 0, 2
    labels[4, 7, 3] = 1  # the upper half hangs together by one voxel, the lower by a bad layer
    volume = from_array(labels, phases=NAMES)
    options = {"blocks": (2, 1, 1), "conductivity": {"one": 1.0, "two": 1e-7}}
    rough, exact = (block_tortuosity(volume, rtol=limit, **options) for limit in (rtol, 1e-10))
    for name in ("block_tortuosity_factor", "block_effective_conductivity"):
        bound = rough[f"{name}_solver_error"]
        assert (abs(rough[name] - exact[name]) <= bound + exact[f"{name}_solver_error"]).all()
        assert (bound <= 1.01 * rtol * rough[name]).all()


def test_a_block_without_a_path_has_nothing_to_be_off():
    labels = np.ones((8, 4, 4), np.uint8)
    labels[1] = 0
    found = block_tortuosity(from_array(labels), blocks=(2, 1, 1))
    assert found.block_effective_conductivity_solver_error.values.ravel()[0] == 0
    assert np.isnan(found.block_tortuosity_factor_solver_error.values.ravel()[0])


@pytest.mark.parametrize("blocks", [(4, 4, 4), (2, 3, 1)])
def test_what_conducts_is_counted_in_cells_of_all_sub_volumes(blocks, rng):
    solid = rng.random((26, 25, 27)) > 0.3
    lines = blocked.cuts(solid.shape, blocks)
    cells = cells_of_blocks(solid.shape, blocks)
    total = np.empty((*blocks, *cells))
    for index in np.ndindex(*blocks):
        box = tuple(slice(line[i], line[i + 1]) for line, i in zip(lines, index))
        total[index] = summed(solid[box], cells)
    error = in_cells(total, None, lines, (1.0, 2.0, 0.5))
    assert error.volume == pytest.approx(solid.size)
    assert error.standard_error == pytest.approx(np.sqrt(0.3 * 0.7 / solid.size), rel=0.3)
