"""Compile every kernel for a graphics processor that is not there: registers, spills, precision.

    pip install -e '.[gpu,test]' && python -m tests.bench.device_code

needs the compiler among the wheels of the extra `gpu`, and neither a card nor a driver. The engine
first goes through all it does, in boxes of 4³ cells under the simulator, to learn with what types
of arguments kernels are launched; then each is compiled for these, to PTX and, by `ptxas`, to the
code of the card. That shows what the simulator lets pass: functions and types that the compiler
does not know, numbers that become float64, registers beyond what a block may have.

``--host`` goes through all that the engine does once more, with a library in the place of the
driver (stand_in_driver.c, made by ``cc``): its memory is that of the host, and its kernels do
nothing. That tries transfers, assignments to slices and the arguments of launches with the code of
numba-cuda.
"""

import argparse
import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

#: compute capability of what is compiled for: a Hopper
CAPABILITY = (9, 0)

#: modules of kernels
MODULES = ("geometry", "integrals", "stencil", "transfer", "vectors")


class NoCompiler(Exception):
    """The machine lacks the compiler of device code."""


class Launch(NamedTuple):
    """A kernel as `module:name`, and the types of its arguments as :func:`described`."""

    kernel: str
    arguments: list


class Compiled(NamedTuple):
    """What became of a launch: registers a thread and bytes that they spill, None without `ptxas`,
    and how many operations in float64 there are.
    """

    launch: Launch
    registers: int | None
    spilled: int | None
    doubles: int

    @property
    def precisions(self) -> list[str]:
        """The kinds of numbers with a point among the arguments."""
        return sorted(set(re.findall(r"float\d+", json.dumps(self.launch.arguments))))


# --- under the simulator: which launches there are


def launches() -> list[Launch]:
    """Return the launches of all verbs of the engine, from a process under the simulator."""
    command = [sys.executable, "-m", "tests.bench.device_code", "--launches"]
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [Launch(*each) for each in json.loads(done.stdout)]


def compiling() -> dict[str, str]:
    """Return an environment in which kernels are compiled, not simulated."""
    return {name: each for name, each in os.environ.items() if name != "NUMBA_ENABLE_CUDASIM"}


def read(printed: str) -> list[Compiled]:
    """Return what `--json` has printed."""
    return [Compiled(Launch(*launch), *rest) for launch, *rest in json.loads(printed)]


def record() -> list[Launch]:
    """Return the launches of this process, under the simulator, while the engine does all it can;
    each kind once, in the order of names.
    """
    from numba.cuda.simulator.kernel import FakeCUDAKernel as Kernel

    from tests.bench.gpu import made

    seen = set()
    before = Kernel.__call__

    def call(self, *args):
        if self.grid_dim is not None and not self._device:
            name = f"{self.fn.__module__}:{self.fn.__name__}"
            seen.add((name, json.dumps([described(each) for each in args])))
        return before(self, *args)

    Kernel.__call__ = call
    try:
        for binary in (True, False):
            for sides, ends in (("insulated", "driven"), ("periodic", "periodic")):
                for real in (np.float32, np.float64):
                    exercise(binary, sides, ends, real)
        made(6)
    finally:
        Kernel.__call__ = before
    return [Launch(name, json.loads(arguments)) for name, arguments in sorted(seen)]


def exercise(binary: bool, sides: Any, ends: Any, real: Any) -> None:
    """Ask the engine for each thing that it does on the device once."""
    from poreflux.transport.engines.cuda.engine import Cuda
    from poreflux.transport.laplace.operator import build
    from poreflux.transport.laplace.problem import Problem
    from poreflux.transport.solvers.multigrid import coarser
    from poreflux.transport.solvers.solution import start

    shape = n0, n1, n2 = 4, 4, 4
    cells = np.ones(shape, np.uint8) if binary else np.linspace(0.1, 1, 64).reshape(shape)
    engine = Cuda(1)
    fine = build(Problem(cells, (1.0, 1.2, 1.4), sides, ends), engine, real)
    x, y, z = start(fine, None), fine.vector(), fine.vector()
    engine.ramp(fine, x, -1 / n0, 1.0)
    engine.combine(shape, 1.0, x, 0.5, y)
    engine.dot(shape, x, y)
    engine.residual(fine, x, y)
    engine.curvature(fine, x)
    engine.advance(fine, 1e-3, x, y, z)
    engine.apply(fine, x, np.zeros((n0, *x.shape[2:]), real))
    engine.divide(fine, x, y)
    engine.fluxes(fine, x, np.zeros((n0 + 1, 5)))
    engine.imbalance(fine, x, fine.vector(dtype=np.float64))
    engine.potential(fine, x, np.zeros((2, n1, n2), np.float32), 1)
    engine.current(fine, x, np.zeros((2, n1, n2), np.float32), (1.0, 1.0, 1.0), 1)
    coarse = coarser(fine)
    coarsest = coarser(coarse)
    below, above = coarsest.vector(2), coarse.vector(2)
    engine.descend(fine, y, above)
    engine.ascend(fine, y, above, z)
    first, second = coarse.vector(2), coarse.vector(2)
    engine.descend(coarse, above, below)
    engine.ascend(coarse, above, below, first)
    engine.descend_again(coarse, above, first, below)
    engine.ascend_again(coarse, above, first, below, second)
    engine.substitute(engine.factorise(np.eye(8)), coarse.shape, above, first)
    engine.face_conductance(fine, 1)
    engine.face_conductance(coarse, 0)
    engine.close()


def described(value: Any) -> list:
    """Return the type that a launch gives an argument, as lists of strings.

    >>> described((np.zeros((2, 3), np.float32), True))
    ['tuple', [['array', 'float32', 2, 'C'], ['number', 'bool']]]
    """
    if isinstance(value, tuple):
        kind = type(value)
        name = "tuple" if kind is tuple else f"{kind.__module__}:{kind.__name__}"
        return [name, [described(each) for each in value]]
    if np.ndim(value) or hasattr(value, "__cuda_ndarray__"):
        array = np.asarray(value)
        return ["array", array.dtype.name, array.ndim, "C" if array.flags.c_contiguous else "A"]
    return ["number", np.asarray(value).dtype.name]


# --- with the compiler: what becomes of them


def typed(description: list) -> Any:
    """Return the type of numba-cuda that :func:`described` has described."""
    from numba.cuda import types

    def number(name):
        return types.boolean if name == "bool" else getattr(types, name)

    kind, *rest = description
    if kind == "array":
        return types.Array(number(rest[0]), rest[1], rest[2])
    if kind == "number":
        return number(rest[0])
    parts = [typed(each) for each in rest[0]]
    alike = len(set(parts)) == 1
    if kind == "tuple":
        return types.UniTuple(parts[0], len(parts)) if alike else types.Tuple(parts)
    module, name = kind.split(":")
    made = getattr(importlib.import_module(module), name)
    if alike:
        return types.NamedUniTuple(parts[0], len(parts), made)
    return types.NamedTuple(parts, made)


def launches_on_stand_in() -> int:
    """Return how many launches a driver has taken that is none, in a process of its own."""
    cc, source = shutil.which("cc"), Path(__file__).with_name("stand_in_driver.c")
    if cc is None:
        raise NoCompiler("a compiler of C is missing, by the name of cc")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "libcuda.so.1"
        command = [cc, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
        subprocess.run(command, check=True)
        environment = {**compiling(), "LD_LIBRARY_PATH": folder}
        code = (
            "import ctypes, numpy as np; from tests.bench.device_code import exercise; "
            "exercise(True, 'insulated', 'driven', np.float32); "
            "exercise(False, 'periodic', 'periodic', np.float64); "
            "print(ctypes.CDLL('libcuda.so.1').stand_in_launches())"
        )
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return int(done.stdout)


def check_compiler() -> None:
    """Raise :class:`NoCompiler` where nothing can be compiled for a device."""
    from numba import config

    if config.ENABLE_CUDASIM:
        raise NoCompiler("NUMBA_ENABLE_CUDASIM=1 is set, so that nothing is compiled")
    check_compiler_installed()


def check_compiler_installed() -> None:
    """Raise :class:`NoCompiler` where the compiler of device code is not installed."""
    from cuda.pathfinder import DynamicLibNotFoundError, load_nvidia_dynamic_lib

    try:
        for library in ("nvrtc", "nvvm"):
            load_nvidia_dynamic_lib(library)
    except (DynamicLibNotFoundError, RuntimeError) as error:
        raise NoCompiler(
            "the compiler of device code is missing; pip install 'poreflux[gpu]'"
        ) from error


def folders_of_compiler() -> list[str]:
    """Return the folders of the wheel of the compiler, none where it is not installed."""
    try:
        found = importlib.util.find_spec("nvidia.cuda_nvcc")
    except ModuleNotFoundError:
        return []
    return list(found.submodule_search_locations or ()) if found else []


def compile_all(wanted: list[Launch]) -> Iterator[Compiled]:
    """Yield what becomes of each launch."""
    from numba import cuda
    from numba.cuda import dispatcher

    # functions of the device are compiled for the current one: say which that is
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=CAPABILITY)
    for launch in wanted:
        module, name = launch.kernel.split(":")
        kernel = getattr(importlib.import_module(module), name)
        types = tuple(typed(each) for each in launch.arguments)
        ptx, _ = cuda.compile(kernel.py_func, types, device=False, abi="numba", cc=CAPABILITY)
        yield Compiled(launch, *assembled(ptx), len(re.findall(r"\.f64", body_of(ptx))))


def body_of(ptx: str) -> str:
    """Return the code of the kernel without what is declared before it."""
    return ptx[ptx.index(".entry") :]


def assembled(ptx: str) -> tuple[int | None, int | None]:
    """Return the registers of a thread and the bytes that they spill, None without `ptxas`."""
    folders = [f"{each}/bin" for each in folders_of_compiler()]
    path = os.pathsep.join([*folders, os.environ.get("PATH", "")])
    ptxas = shutil.which("ptxas", path=path)
    if ptxas is None:
        return None, None
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "kernel.ptx"
        source.write_text(ptx)
        target = f"sm_{CAPABILITY[0]}{CAPABILITY[1]}"
        command = [ptxas, "-v", "--gpu-name", target, str(source), "-o", f"{source}.cubin"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    registers, spilled = re.search(r"Used (\d+) reg", said), re.search(r"(\d+) bytes spill", said)
    assert registers
    assert spilled
    return int(registers[1]), int(spilled[1])


def main() -> None:
    """Print a line for each launch as it is compiled."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.device_code", description=__doc__)
    parser.add_argument("--launches", action="store_true", help="record them, under the simulator")
    parser.add_argument("--json", action="store_true", help="print all at the end, as JSON")
    parser.add_argument("--host", action="store_true", help="try the host's side, see above")
    chosen = parser.parse_args()
    if chosen.launches:
        print(json.dumps(record()))
        return
    check_compiler()
    if chosen.host:
        print(f"{launches_on_stand_in()} launches are taken")
        return
    if chosen.json:
        print(json.dumps(list(compile_all(launches()))))
        return
    print(f"{'kernel':28} {'numbers':16} registers spilled/B operations in float64")
    for each in compile_all(launches()):
        name = each.launch.kernel.rpartition(".")[2]
        numbers = " ".join(each.precisions)
        print(
            f"{name:28} {numbers:16} {each.registers!s:>9} {each.spilled!s:>9} {each.doubles:6}",
            flush=True,
        )


if __name__ == "__main__":
    try:
        main()
    except NoCompiler as error:
        sys.exit(str(error))
