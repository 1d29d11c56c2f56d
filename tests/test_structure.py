"""Imports go downhill, and heavy packages have one home each (the map is ROWS and HOMES below)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "poreflux"

#: top to bottom; a module may import from rows below its own, and within its own folder
ROWS = [
    {"cli"},
    {"explorer", "viewer"},
    {"reporting"},
    {"plot"},
    {"study"},
    {"results"},
    {"uncertainty"},
    {"segmentation", "metrics", "transport"},
    {"phantoms", "blocks", "store"},
    {"readers"},
    {"volume"},
    {"objects"},
    {"progress"},
    {"annotations", "schema", "errors", "machine", "kernels", "statistics", "retired"},
]

#: the same within wings
WINGS = {
    "transport": [
        {"parallel"},
        {"electrode"},
        {"tortuosity"},
        {"solvers"},
        {"medium", "field_output"},
        {"laplace"},
        {"engines"},
    ],
    "metrics": [
        {"correlation", "surface", "representative", "paths"},
        {"pores"},
        {"density"},
    ],
}

HOMES = {
    "dask": {"blocks", "store", "readers"},
    "distributed": {"blocks"},
    "zarr": {"store", "readers", "objects"},
    "obstore": {"objects"},
    "numba": {"kernels"},
    "mpi4py": {"transport.parallel"},
    "petsc4py": {"transport.parallel"},
    "matplotlib": {"plot"},
    "bokeh": {"explorer"},
    "tornado": {"explorer"},
    "napari": {"viewer"},
    "tifffile": {"readers"},
    "h5py": {"readers"},
    "nrrd": {"readers"},
    "imageio": {"readers"},
}

FILES = sorted(PACKAGE.rglob("*.py"))


def place(path: Path) -> list[str]:
    """Return the dotted name of a file below the package, in parts."""
    return list(path.relative_to(PACKAGE).with_suffix("").parts)


def imports(path: Path):
    """Yield (line, dotted module) for each import of a file, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield node.lineno, module
            for name in node.names:
                below = PACKAGE.parent / module.replace(".", "/") / name.name
                if module == "poreflux" and name.name in PUBLIC:
                    yield node.lineno, PUBLIC[name.name]
                elif below.is_dir() or below.with_suffix(".py").is_file():
                    yield node.lineno, f"{module}.{name.name}"


def public_homes() -> dict[str, str]:
    """Return the module of each public name, from the stub."""
    found = {}
    for node in ast.walk(ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {name.name: f"poreflux.{node.module}" for name in node.names}
    return found


PUBLIC = public_homes()


def climbs(mine: str, other: str, rows: list[set[str]]) -> bool:
    """Return whether an import from one room of `rows` to another does not go downhill."""
    row = {name: i for i, names in enumerate(rows) for name in names}
    return mine != other and row[other] <= row[mine]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_downhill(path):
    me = place(path)
    if me[0] in ("__init__", "__main__"):
        pytest.skip("the package's front door may name any room")
    for line, module in imports(path):
        parts = module.split(".")[1:]
        if not module.startswith("poreflux.") or parts[0].startswith("__"):
            continue
        assert not climbs(me[0], parts[0], ROWS), f"{path}:{line}: {me[0]} imports {parts[0]}"
        wing = WINGS.get(me[0])
        if wing and parts[0] == me[0] and len(parts) > 1 and me[1] != "__init__":
            assert not climbs(me[1], parts[1], wing), f"{path}:{line}: {me[1]} imports {parts[1]}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_packages_stay_at_home(path):
    me = ".".join(place(path)) + "."
    for line, module in imports(path):
        homes = HOMES.get(module.split(".")[0], {""})
        inside = any(me.startswith(f"{home}." if home else "") for home in homes)
        assert inside, f"{path}:{line}: {module} belongs to {homes}"


def test_no_folder_has_the_name_of_a_public_function():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    functions = {name for name in PUBLIC if name not in ("phantoms", "plot")}
    assert not folders & functions


#: kernels that transport may name outside its engines: how arrays are packed, how they are called
LAYOUT = {"poreflux.kernels", "poreflux.kernels.redblack", "poreflux.kernels.rows"}


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "transport").rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_only_engines_run_the_kernels_of_transport(path):
    if place(path)[1] == "engines":
        pytest.skip("engines run kernels")
    for line, module in imports(path):
        if module.startswith("poreflux.kernels"):
            assert module in LAYOUT, f"{path}:{line}: {module} is for engines"


def test_importing_poreflux_loads_nothing_heavy():
    heavy = ("mpi4py", "petsc4py", "matplotlib", "numba", "zarr", "dask", "xarray")
    code = f"import sys, poreflux; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_design_page_names_every_room_and_wing():
    page = (PACKAGE.parent / "docs" / "design.md").read_text(encoding="utf-8")
    rooms = {p.name for p in PACKAGE.iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    rooms |= {p.name for p in PACKAGE.glob("*.py") if not p.name.startswith("__")}
    rooms |= {row for wing in WINGS.values() for names in wing for row in names}
    assert {room for room in rooms if room not in page} == set()
