"""Imports go downhill, and heavy packages have one home each (the map is ROWS and HOMES below)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import poreflux

PACKAGE = Path(__file__).parents[1] / "poreflux"

#: top to bottom; a module may import from rows below its own, and within its own folder
ROWS = [
    {"cli"},
    {"report"},
    {"plot"},
    {"study"},
    {"results", "band"},
    {"segment", "metrics", "transport"},
    {"phantoms", "blocks", "store"},
    {"readers"},
    {"volume"},
    {"schema", "errors", "kernels"},
]

HOMES = {
    "dask": {"blocks", "store", "readers"},
    "distributed": {"blocks"},
    "zarr": {"store", "readers"},
    "numba": {"kernels"},
    "mpi4py": {"transport"},
    "petsc4py": {"transport"},
    "matplotlib": {"plot"},
    "tifffile": {"readers"},
    "h5py": {"readers"},
    "nrrd": {"readers"},
}

FILES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """Return the first-level module of a file: 'metrics' for metrics/porosity.py."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path):
    """Yield (line, dotted module) for each import of a file, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""
            if node.module == "poreflux":
                for name in node.names:
                    home = poreflux._HOMES.get(name.name, name.name)
                    yield node.lineno, f"poreflux.{home}"


def row(name: str) -> int:
    return next(i for i, names in enumerate(ROWS) if name in names)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_downhill(path):
    me = room(path)
    if me in ("__init__", "__main__"):
        pytest.skip("the package's front door may name any room")
    for line, module in imports(path):
        parts = module.split(".")
        if parts[0] != "poreflux" or len(parts) == 1 or parts[1] == me:
            continue
        if parts[1].startswith("__"):
            continue
        assert row(parts[1]) > row(me), f"{path}:{line}: {me} must not import {parts[1]}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_packages_stay_at_home(path):
    for line, module in imports(path):
        home = HOMES.get(module.split(".")[0])
        assert home is None or room(path) in home, f"{path}:{line}: {module} belongs to {home}"


def test_importing_poreflux_loads_nothing_heavy():
    heavy = ("mpi4py", "petsc4py", "matplotlib", "numba", "zarr", "dask", "xarray")
    code = f"import sys, poreflux; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
