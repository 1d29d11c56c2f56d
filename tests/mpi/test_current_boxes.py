"""The current on virtual boxes in one process: the Datasets of one process alone."""

from dataclasses import replace

import numpy as np
import pytest

import poreflux
from poreflux.transport.electrode.conditions import conditions
from poreflux.transport.electrode.contact_mask import contact_of
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.problem import conductors
from poreflux.transport.parallel import reading as mpi_reading
from poreflux.transport.parallel.electrode import Task, on_boxes
from poreflux.transport.parallel.interfacial_current import current_dataset
from poreflux.transport.parallel.multigrid import hierarchy_on_boxes
from poreflux.transport.parallel.partition import Partition, partition
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.volume import within_mask
from tests.mpi import currents, virtual
from tests.mpi.currents import CASES


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    currents.save_all(folder)
    return folder


def solve_on_boxes(store, layout, *, contact, conductivity=0.1, wagner_lengths=(), **options):
    """Return the Dataset of each box; `layout` may be a number of boxes."""
    operating = conditions(**options)
    volume = within_mask(poreflux.open(store))
    stored_phase = mpi_reading.within_mask(
        mpi_reading.read_stored_phase(store, operating.direction),
        mpi_reading.mask_extent(store, None),
    )
    mask = contact_of(volume, contact, operating.direction)
    task = Task(
        operating, conductors(stored_phase.labels, conductivity), wagner_lengths, mask.values
    )
    if isinstance(layout, int):
        layout = partition(stored_phase.shape, layout, stored_phase.chunk[0])

    def body(link):
        def make_solver(operator):
            return ConjugateGradients(operator, hierarchy_on_boxes(operator))

        return on_boxes(link, stored_phase, layout, task, Threads(1), make_solver)

    each = virtual.on_boxes(layout.boxes, body)
    first = {"porosity": each[0].porosity, "weighted_porosity": each[0].weighted_porosity}
    return [
        current_dataset(volume, mask, stored_phase, task, replace(results, **first))
        for results in each
    ]


@pytest.mark.parametrize("processes", [2, 4])
@pytest.mark.parametrize("name", CASES)
def test_boxes_find_the_dataset_of_one_process(stores, name, processes):
    options = currents.options_of(name)
    serial = poreflux.interfacial_current(poreflux.open(stores / f"{name}.zarr"), **options)
    boxes = solve_on_boxes(stores / f"{name}.zarr", processes, **options)
    for results in boxes:
        currents.assert_same(results, serial)
    for results in boxes[1:]:
        np.testing.assert_array_equal(results.current_density_mean, boxes[0].current_density_mean)


@pytest.mark.parametrize("edges, grids", [((0, 24, 40, 61), 3), ((0, 32, 61), 2)])
def test_boxes_may_share_several_grids_whose_boundary_follows(tmp_path, edges, grids):
    labels = (np.random.default_rng(3).random((edges[-1], 26, 24)) < 0.7).astype(np.uint8)
    store = poreflux.save(poreflux.from_array(labels), tmp_path / "vol.zarr", chunk=16)
    options = {"contact": 0.8, "rtol": currents.RTOL, "wagner_lengths": [0.0, 5.0]}
    serial = poreflux.interfacial_current(poreflux.open(store), **options)
    for results in solve_on_boxes(store, Partition(edges, 8, grids), **options):
        currents.assert_same(results, serial)
        assert abs(results.current_iterations - serial.current_iterations).item() <= 2


@pytest.mark.parametrize("direction", ["z", "x"])
@pytest.mark.parametrize("shape", ["rod", "cone"])
def test_boxes_solve_within_the_mask_of_a_sample(tmp_path, direction, shape):
    z, y, x = np.indices((25, 20, 22)) - np.reshape([0, 10.5, 9.5], (3, 1, 1, 1))
    inside = y**2 + x**2 < (70 if shape == "rod" else 80 - 2 * z)
    inside &= (z > 2) & (z < 23)
    solid = np.random.default_rng(1).random(z.shape) < 0.8
    labels = np.where(inside, 1 + solid, 0).astype(np.uint8)
    volume = poreflux.from_array(labels, phases={0: "outside", 1: "pore", 2: "electrolyte"})
    store = poreflux.save(volume, tmp_path / "vol.zarr", chunk=8)
    options = {"contact": 0.8, "rtol": currents.RTOL, "direction": direction}
    serial = poreflux.interfacial_current(poreflux.open(store), **options)
    for results in solve_on_boxes(store, 2, **options):
        currents.assert_same(results, serial)
