"""The engine of a graphics processor against that of the cores: whole solves, and what is refused.

Where there is no graphics processor kernels run under the simulator of numba, in small boxes.
"""

import dataclasses
import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from poreflux import (
    block_tortuosity,
    dissipation,
    effective_tensor,
    interfacial_current,
    tortuosity_factor,
    tortuosity_profile,
)
from poreflux.errors import NoDevice, TooLarge
from poreflux.kernels.cuda.launching import SIMULATED
from poreflux.phantoms import random_sites
from poreflux.transport.engines import choosing
from poreflux.transport.engines.cuda import geometry
from poreflux.transport.engines.cuda.engine import Cuda
from poreflux.transport.engines.threads import Threads
from poreflux.transport.solvers.solution import solve
from tests.narrow_device import narrow
from tests.transport.conftest import problem_of

#: of sides and ends, and of the three kinds of cells, each at least once
KINDS = [
    ("binary", "insulated", "driven"),
    ("phases", "periodic", "driven"),
    ("partial", "periodic", "periodic"),
]

#: agreement of the energies of two engines that round in different orders
AGREEMENT = {"float32": 1e-6, "float64": 1e-12}

#: of their fluxes: an energy is a square, so that its 1e-12 lets potentials differ by 1e-6, which
#: rounding in a preconditioner of float32 does where potentials are known but for a constant
AGREEMENT_OF_FLUXES = 1e-5


@pytest.fixture(autouse=SIMULATED)
def narrow_arrays(monkeypatch):
    narrow(monkeypatch)


def test_arrays_of_the_simulator_refuse_what_a_device_cannot_do():
    if not SIMULATED:
        pytest.skip("there is a device")
    array = Cuda(1).zeros((2, 3), np.float32)
    array[:, 1:] = np.ones((1, 2), np.float32)
    np.testing.assert_array_equal(np.array(array), [[0, 1, 1], [0, 1, 1]])
    assert not np.array(array[:, 1:]).flags["C_CONTIGUOUS"]
    for index in (array, [0, 1], np.s_[::-1], None):
        with pytest.raises(TypeError, match="has no element"):
            array[index]
    with pytest.raises(TypeError, match="no operators"):
        array + 1
    with pytest.raises(AttributeError, match="no sum"):
        array.sum()
    with pytest.raises(ValueError, match="one piece"):
        array[:] = np.ones((3, 2), np.float32)[::-1].T


def both(problem, **options):
    return [solve(problem, engine, **options) for engine in (Threads(1), Cuda(1))]


@pytest.mark.parametrize(("precision", "rtol"), [("float32", 1e-4), ("float64", 1e-6)])
@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_solves_are_those_of_the_cores(kind, precision, rtol):
    of_cores, of_device = both(problem_of(kind, (6, 8, 10)), precision=precision, rtol=rtol)
    assert of_device.energy == pytest.approx(of_cores.energy, rel=AGREEMENT[precision])
    assert of_device.precision == precision
    assert abs(of_device.run.iterations - of_cores.run.iterations) <= 2
    assert of_device.relative_error <= rtol
    assert of_device.proved
    fluxes = np.s_[:, [0, 3, 4]]  # around a period the potential is known but for a constant
    np.testing.assert_allclose(
        of_device.planes[fluxes],
        of_cores.planes[fluxes],
        atol=AGREEMENT_OF_FLUXES * of_cores.energy,
    )


@pytest.mark.parametrize("planes", [1, 2, 4])
def test_slabs_make_the_geometry_of_the_whole(monkeypatch, rng, planes):
    solid = (rng.random((7, 5, 6)) < 0.6).astype(np.uint8)
    below, above = (rng.random((2, 5, 6)) < 0.6).astype(np.uint8)
    engines = Threads(1), Cuda(1)
    monkeypatch.setattr(geometry, "SLAB", planes * 30)
    codes = [engine.encode(solid, below, above, (True, True)) for engine in engines]
    np.testing.assert_array_equal(np.asarray(codes[1]), codes[0])
    monkeypatch.setattr(geometry, "SLAB", planes * 30 * 8)
    arguments = (solid / 3, False, below / 3, (1.0, 0.5, 0.25), True, np.float64)
    of_cores, of_device = (engine.conduct(*arguments) for engine in engines)
    np.testing.assert_allclose([np.asarray(g) for g in of_device], of_cores, rtol=1e-15)


def test_an_engine_does_not_remember_that_sides_were_periodic():
    engine, kind = Cuda(1), ("binary", "periodic", "driven")
    periodic = problem_of(kind, (6, 8, 10))
    insulated = dataclasses.replace(periodic, sides="insulated")
    first, _, again = (solve(each, engine, rtol=1e-4) for each in (insulated, periodic, insulated))
    assert again.energy == first.energy


def test_every_run_gives_the_same_digits():
    problem = problem_of(KINDS[0], (6, 8, 10))
    once, again = (solve(problem, Cuda(1), rtol=1e-4) for _ in range(2))
    assert once.energy == again.energy
    np.testing.assert_array_equal(np.asarray(once.x), np.asarray(again.x))


@pytest.mark.slow
@pytest.mark.parametrize("n", [12] if SIMULATED else [12, 50, 200])
def test_a_cube_conducts_as_on_the_cores(n):
    volume = random_sites((n, n, n), 0.25)
    of_cores, of_device = (
        float(tortuosity_factor(volume, engine=engine, rtol=1e-6).tortuosity_factor[0])
        for engine in ("threads", "cuda")
    )
    assert of_device == pytest.approx(of_cores, rel=1e-12 if n == 12 else 1e-6)


def test_what_does_not_percolate_needs_no_device_to_say_so():
    volume = random_sites((6, 6, 6), 1.0)
    assert tortuosity_factor(volume, engine="cuda").tortuosity_factor[0] == np.inf


def test_an_engine_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="engine='gpu' is not known; choose 'threads' or 'cuda'"):
        tortuosity_factor(random_sites((6, 6, 6), 0.2), engine="gpu")


def test_a_missing_package_is_named(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "numba_cuda" else find(name)
    )
    with pytest.raises(
        NoDevice, match=r"numba-cuda, which is not installed; pip install 'poreflux\[gpu"
    ):
        tortuosity_factor(random_sites((6, 6, 6), 0.2), engine="cuda")


@pytest.mark.skipif(not SIMULATED, reason="there is a graphics processor")
def test_a_machine_without_a_driver_is_told_in_a_sentence():
    code = (
        "from poreflux.errors import NoDevice\n"
        "from poreflux.transport.engines.choosing import engine_of\n"
        "try:\n    engine_of('cuda')\n"
        "except NoDevice as error:\n    print(error)\n"
    )
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "0"}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert "needs a graphics processor of NVIDIA and a driver of CUDA" in run.stdout
    assert run.stdout.strip().endswith("try nvidia-smi, or choose engine='threads'")
    assert run.stdout.count("\n") == 1


def test_a_volume_that_the_device_does_not_hold_is_refused_with_numbers(monkeypatch):
    small = choosing.Device("a small one", 401 * 2**20, 2**30)
    monkeypatch.setattr(choosing, "device", lambda: small)
    with pytest.raises(TooLarge) as refused:
        tortuosity_factor(random_sites((40, 40, 40), 0.2), engine="cuda")
    message = str(refused.value)
    assert "the solve of 40x40x40 voxels in float64 on a small one needs 0.4 GiB" in message
    assert "0.4 GiB are free" in message
    assert message.endswith("choose engine='threads'")


@pytest.mark.slow
@pytest.mark.parametrize("drive", ["flux", "equipotential"])
def test_a_current_is_that_of_the_cores(drive):
    volume = random_sites((6, 6, 6), 0.15)
    of_cores, of_device = (
        interfacial_current(volume, contact=0.75, drive=drive, engine=engine)
        for engine in ("threads", "cuda")
    )
    for name in ("current_density", "area_specific_resistance", "current_density_max"):
        np.testing.assert_allclose(of_device[name], of_cores[name], rtol=1e-9)


@pytest.mark.slow
def test_blocks_a_tensor_and_fields_are_those_of_the_cores():
    volume = random_sites((6, 6, 6), 0.15)
    for function, name, options in (
        (block_tortuosity, "block_tortuosity_factor", {"blocks": (2, 1, 1)}),
        (effective_tensor, "effective_conductivity_tensor", {}),
        (dissipation, "dissipation_top_share", {}),
        (tortuosity_profile, "local_tortuosity_factor", {}),
    ):
        of_cores, of_device = (
            function(volume, rtol=1e-6, engine=engine, **options)[name].values
            for engine in ("threads", "cuda")
        )
        np.testing.assert_allclose(of_device, of_cores, rtol=1e-6, atol=1e-9)
