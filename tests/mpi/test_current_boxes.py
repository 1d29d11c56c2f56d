"""The current on virtual boxes in one process: the Datasets of one process alone."""

import numpy as np
import pytest

import poreflux
from poreflux.transport.electrode.conditions import conditions, phases_of
from poreflux.transport.electrode.contact_mask import contact_of
from poreflux.transport.engines.threads import Threads
from poreflux.transport.parallel import reading as mpi_reading
from poreflux.transport.parallel.electrode import Task, on_boxes
from poreflux.transport.parallel.interfacial_current import dataset
from poreflux.transport.parallel.multigrid import hierarchy_on_boxes
from poreflux.transport.parallel.partition import Partition, partition
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from tests.mpi import currents, virtual
from tests.mpi.currents import CASES


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    currents.save_all(folder)
    return folder


def solve_on_boxes(store, parts, *, contact, conductivity=0.1, wagner_lengths=(), **options):
    """Return the Dataset of each box; `parts` may be a number of boxes."""
    asked = conditions(**options)
    volume = poreflux.open(store)
    head = mpi_reading.read_stored_phase(store, asked.direction)
    mask = contact_of(volume, contact, asked.direction)
    task = Task(asked, phases_of(conductivity), wagner_lengths, mask.values)
    if isinstance(parts, int):
        parts = partition(head.shape, parts, head.chunk[0])

    def body(link):
        def make_solver(operator):
            return ConjugateGradients(operator, hierarchy_on_boxes(operator))

        return on_boxes(link, head, parts, task, Threads(1), make_solver)

    return [
        dataset(volume, mask, head, task, found) for found in virtual.on_boxes(parts.boxes, body)
    ]


@pytest.mark.parametrize("processes", [2, 4])
@pytest.mark.parametrize("name", CASES)
def test_boxes_find_the_dataset_of_one_process(stores, name, processes):
    asked = currents.asked(name)
    alone = poreflux.interfacial_current(poreflux.open(stores / f"{name}.zarr"), **asked)
    every = solve_on_boxes(stores / f"{name}.zarr", processes, **asked)
    for found in every:
        currents.assert_same(found, alone)
    for found in every[1:]:
        np.testing.assert_array_equal(found.current_density_mean, every[0].current_density_mean)


@pytest.mark.parametrize("edges, grids", [((0, 24, 40, 61), 3), ((0, 32, 61), 2)])
def test_boxes_may_share_several_grids_whose_ends_follow(tmp_path, edges, grids):
    labels = (np.random.default_rng(3).random((edges[-1], 26, 24)) < 0.7).astype(np.uint8)
    store = poreflux.save(poreflux.from_array(labels), tmp_path / "vol.zarr", chunk=16)
    asked = {"contact": 0.8, "rtol": currents.RTOL, "wagner_lengths": [0.0, 5.0]}
    alone = poreflux.interfacial_current(poreflux.open(store), **asked)
    for found in solve_on_boxes(store, Partition(edges, 8, grids), **asked):
        currents.assert_same(found, alone)
        assert abs(found.current_iterations - alone.current_iterations).item() <= 2
