"""Kernels of the graphics processor, compiled for one that is not there, where a compiler is."""

import importlib
import subprocess
import sys

import pytest

from poreflux.kernels.cuda.launching import BLOCK, SIMULATED, THREADS
from tests.bench import device_code
from tests.bench.device_code import Launch, described

#: registers of a multiprocessor of a card, which the threads of a block share
REGISTERS = 65536


@pytest.fixture(scope="module")
def launches() -> list[Launch]:
    return device_code.launches()


@pytest.mark.slow
def test_the_engine_launches_every_kernel_there_is(launches):
    modules = {f"poreflux.kernels.cuda.{name}" for name in device_code.MODULES}
    written = {
        f"{module}:{name}"
        for module in modules
        for name, value in vars(importlib.import_module(module)).items()
        if getattr(value, "__module__", "") == module and launched(value)
    }
    assert len(written) > 25
    assert written == {each.kernel for each in launches if each.kernel.split(":")[0] in modules}


def launched(value) -> bool:
    """Return whether a function is launched by the host, not called by another on the device."""
    return not (value._device if SIMULATED else value.targetoptions.get("device"))


@pytest.mark.slow
def test_the_compiler_takes_every_kernel_and_makes_nothing_double(launches):
    command = [sys.executable, "-m", "tests.bench.device_code", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=device_code.compiling())
    if "compiler of device code is missing" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    made = device_code.read(done.stdout)
    assert [each.launch for each in made] == launches
    for each in made:
        if each.precisions == ["float32"] and not each.launch.kernel.endswith(":potential"):
            assert each.doubles == 0, each
        if each.registers is not None:
            assert each.registers * max(THREADS, BLOCK[0] * BLOCK[1] * BLOCK[2]) <= REGISTERS, each
            assert each.spilled == 0, each


@pytest.mark.slow
def test_the_host_asks_nothing_that_numba_refuses():
    try:
        device_code.check_compiler_installed()
        assert device_code.launches_on_stand_in() > 100
    except device_code.NoCompiler as error:
        pytest.skip(str(error))


def test_types_of_arguments_are_told_apart():
    import numpy as np

    from poreflux.kernels.rows import Faces

    vector = np.zeros((2, 3), np.float32)
    assert described((vector, vector[:, 1:])) == [
        "tuple",
        [["array", "float32", 2, "C"], ["array", "float32", 2, "A"]],
    ]
    operator = Faces(*[vector] * 6, wrap=True)
    name, parts = described(operator)
    assert name == "poreflux.kernels.rows:Faces"
    assert parts[-1] == ["number", "bool"]
    assert described(np.float32(1)) != described(1.0) != described(1)
