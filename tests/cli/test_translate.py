"""The library names arguments of Python, the command line its options."""

import ast
import re
import shutil
from pathlib import Path

import pytest

import poreflux as pf
from poreflux import results
from poreflux.cli.translate import ARGUMENTS, options, translated
from tests.cli.command import inside, refused

PACKAGE = Path(pf.__file__).parent
LIBRARY = sorted(path for path in PACKAGE.rglob("*.py") if "cli" not in path.parts)

#: words of the command line: an option (those of configure and srun are not ours), a verb, a solver
WORDS = re.compile(
    r"--(?!with-|mpi=)[a-z]|poreflux (import|segment|measure|solve|report|verify|doctor)"
)


def literals(path: Path):
    """Yield (line, text) of each string of a file that is no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    with_docs = (ast.Module, ast.FunctionDef, ast.ClassDef)
    docs = {id(n.body[0].value) for n in ast.walk(tree)
            if isinstance(n, with_docs) and n.body and isinstance(n.body[0], ast.Expr)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_library_says_no_word_of_the_command_line(path):
    said = [f"{path}:{line}: {text}" for line, text in literals(path) if WORDS.search(text)]
    assert said == []


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_library_does_not_look_at_the_command(path):
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    found = [n.lineno for n in nodes if isinstance(n, ast.Attribute) and n.attr == "argv"]
    assert found == []


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_an_argument_of_another_name_stands_for_an_option_that_is_there(argument):
    spelled = {option for name, option in options().items() if name not in ARGUMENTS}
    assert ARGUMENTS[argument] in spelled


@pytest.mark.parametrize(
    "said, typed",
    [
        ("replace it with overwrite=True", "replace it with --overwrite"),
        ("(rtol=1e-4 halves it)", "(--rtol 1e-4 halves it)"),
        ("direction='w' is no dim", "--direction 'w' is no dim"),
        ("conductivity={'binder': -1.0} is", "--conductivity binder=-1.0 is"),
        ("give its shape=(z, y, x)", "give its --shape z,y,x"),
        ("model='cells' is", "--contact-model 'cells' is"),
        ("name one with dataset=", "name one with --dataset"),
        ("give voxel_size, the edge", "give --voxel-size, the edge"),
        ("poreflux.verify(store) finds them", "poreflux verify finds them"),
        ("more machines with poreflux.transport.parallel", "more machines with --solver petsc"),
        ("has no 'voxel_size'", "has no 'voxel_size'"),
        ("/data/rtol=1/voxel_size/direction=w.zarr", "/data/rtol=1/voxel_size/direction=w.zarr"),
        ("save poreflux.open('v').isel(z=slice(1, 2))",) * 2,
    ],
)
def test_arguments_become_options(said, typed):
    assert translated(said) == typed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a small segmented store of a random phantom."""
    folder = tmp_path_factory.mktemp("folder")
    pf.save(pf.phantoms.random_sites((12, 12, 12), 0.2, seed=1), folder / "v.zarr")
    return folder


@pytest.mark.parametrize(
    "words, said",
    [
        ("solve tortuosity v.zarr --rtol 2", "--rtol 2.0 is not between"),
        ("solve current v.zarr --contact 2", "contact"),
        ("solve current v.zarr --contact-size -1", "--contact-size -1.0"),
        ("solve current v.zarr --temperature 0", "--temperature 0.0 is not above 0 K"),
        ("solve current v.zarr --exchange-current-density=-1", "--exchange-current-density -1.0"),
        ("measure v.zarr --only pores --bin-width 0", "--bin-width 0.0"),
        ("measure v.zarr --direction w", "--direction 'w'"),
    ],
)
def test_misuse_names_the_option(folder, words, said):
    refused(inside(*words.split(), cwd=folder), 2, said)


def test_a_solve_that_is_too_large_names_the_solver(folder, monkeypatch):
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "1")  # of the megabytes that this process has long had
    words = ("solve", "tortuosity", "v.zarr")
    refused(inside(*words, cwd=folder), 1, "--rtol 1e-4", "--solver petsc")


def test_damage_names_the_verb(folder, tmp_path):
    shutil.copytree(folder / "v.zarr", tmp_path / "lost.zarr")
    (chunk,) = (path for path in (tmp_path / "lost.zarr/phase/c").rglob("*") if path.is_file())
    chunk.unlink()
    refused(inside("solve", "tortuosity", "lost.zarr", cwd=tmp_path), 1, "poreflux verify")


def test_warnings_name_the_option(folder, tmp_path):
    small = pf.phantoms.random_sites((6, 6, 6), 0.2, seed=1, voxel_size=2e-6)
    results.save(results.collect(pf.porosity(small), volume=small), tmp_path / "r.zarr")
    ran = inside("report", "r.zarr", cwd=tmp_path)
    assert (ran.status, "--voxel-size is in µm" in ran.err) == (0, True), ran
    ran = inside("report", "r.zarr", "--json", cwd=tmp_path)
    assert any("--voxel-size is in µm" in warning for warning in ran.document["warnings"])
