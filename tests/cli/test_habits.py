"""Habits of the command line that hold for every verb."""

import os
import pty
import re
import subprocess
import sys

import pytest

from poreflux.cli.app import app, example_of
from tests.cli.command import poreflux, refused

VERBS = (
    "import",
    "segment",
    "measure",
    "solve tortuosity",
    "report",
    "export",
    "verify",
    "doctor",
    "demo",
)
HEAVY = ("xarray", "numpy", "dask", "distributed", "zarr", "numba", "scipy", "matplotlib", "jinja2")


@pytest.mark.parametrize("words", ["--help", "import --help", "solve tortuosity --help"])
def test_help_loads_nothing_heavy(words):
    code = (
        f"import sys; from poreflux.cli import run; status = run({words.split()!r});"
        f"print(status, [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "0 []"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example_that_parses(verb):
    ran = poreflux(*verb.split(), "--help")
    assert ran.status == 0
    shown = ran.out.partition("Example\n")[2].strip()
    assert shown.startswith(f"poreflux {verb}")
    for line in shown.splitlines():
        words = line.partition(" > ")[0].split()[1:]
        _, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
        assert bound.arguments is not None


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_described_in_full(verb):
    ran = poreflux(*verb.split(), "--help")
    for option in re.findall(r"(--[a-z-]+)(?: [A-Z]+)?(.*)", ran.out):
        assert option[1].strip() or option[0] in ("--help", "--version"), option
    for option in ("--json", "--dry-run", "--debug"):
        assert option in ran.out


@pytest.mark.parametrize(
    "words, said",
    [
        ("imprt", "Did you mean"),
        ("solve tortuosit", "Did you mean"),
        ("measure vol.zarr --outt r.zarr", "--out"),
        ("import scan", "STORE"),
        ("solve tortuosity v.zarr --rtol many", "rtol"),
    ],
)
def test_misuse_is_one_line_and_status_2(words, said):
    refused(poreflux(*words.split()), 2, said)


def test_version_is_the_package_version():
    import poreflux as package

    assert poreflux("--version").out.strip() == package.__version__


def test_without_words_help_is_shown():
    assert "Commands" in poreflux().out


def test_debug_shows_the_traceback():
    ran = poreflux("report", "nothing.zarr", "--debug")
    assert ran.status == 1
    assert "Traceback" in ran.err


def test_failures_are_json_too():
    ran = poreflux("report", "nothing.zarr", "--json")
    assert ran.status == 1
    assert ran.document["schema"] == "poreflux/1"
    assert "nothing.zarr" in ran.document["error"]
    assert len(ran.err.splitlines()) == 1


def test_doctor_knows_this_machine():
    found = poreflux("doctor", "--json").document
    assert found["cores"] == len(os.sched_getaffinity(0))
    assert 0 < found["free_memory_bytes"] <= found["memory_bytes"]
    assert all(100 < edge < 65536 for edge in found["largest_cube"].values())
    assert all(found["packages"].values())
    assert found["device"]["name"]  # the simulator, where there is no graphics processor
    assert all(100 < edge < 65536 for edge in found["device"]["largest_cube"].values())


def test_doctor_says_why_there_is_no_graphics_processor():
    from poreflux.kernels.cuda.launching import SIMULATED

    if not SIMULATED:
        pytest.skip("there is a graphics processor")
    ran = poreflux("doctor", NUMBA_ENABLE_CUDASIM="0")
    line = next(line for line in ran.out.splitlines() if line.startswith("device"))
    assert "needs a graphics processor of NVIDIA" in line


def test_processes_take_no_engine_of_a_graphics_processor(tmp_path):
    ran = poreflux("solve", "current", tmp_path, "--solver", "petsc", "--engine", "cuda")
    assert ran.status == 2
    assert "--engine cuda is for --solver serial" in ran.err


def test_doctor_names_the_extra_that_is_missing():
    from poreflux.cli.doctor import _extra

    assert "pip install 'poreflux[mpi]'" in _extra("mpi", {"mpi4py": None})


def test_completion_is_written_for_the_shell(tmp_path):
    ran = poreflux("--install-completion", "--shell", "bash", "--output", tmp_path / "c.sh",
                   HOME=str(tmp_path))  # fmt: skip
    assert ran.status == 0, ran.err
    script = (tmp_path / "c.sh").read_text()
    assert "complete" in script
    assert "tortuosity" in script


@pytest.mark.parametrize("no_color, coloured", [("", True), ("1", False)])
def test_no_color_is_respected_on_a_terminal(no_color, coloured):
    shown = on_terminal("--help", NO_COLOR=no_color)
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]m", shown)) is coloured


def test_a_closed_pipe_is_no_failure_of_ours():
    line = f"{sys.executable} -m poreflux doctor --json | head -c 1"
    ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("{", "")


def test_examples_come_from_the_docstrings():
    from poreflux.cli.measure import measure

    assert example_of(measure).splitlines()[0] == "poreflux measure vol.zarr --out results.zarr"


def on_terminal(*words, **environment) -> str:
    """Run the command line on a pseudo-terminal; return what it showed."""
    ours, theirs = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLUMNS": "100", **environment}
    child = subprocess.Popen(
        [sys.executable, "-m", "poreflux", *words], stdin=theirs, stdout=theirs, stderr=theirs,
        env={**os.environ, **settings},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        shown += more
    child.wait(timeout=60)
    os.close(ours)
    return shown.decode(errors="replace")
