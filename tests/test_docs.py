"""The gallery has every figure, and the check of the site finds what it is for."""

import importlib.util
import inspect
import re
import shlex
from pathlib import Path

import pytest

import poreflux
from poreflux import errors
from poreflux.cli.app import app
from poreflux.cli.translate import sentence
from poreflux.transport.parallel.petsc import NoPetsc

DOCS = Path(__file__).parents[1] / "docs"

PAGES = sorted(path for path in DOCS.rglob("*.md") if not {"_build", "generated"} & {*path.parts})
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
BLOCKS = re.findall(r"^```(?:bash|\{shell\})\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = sorted(
    set(re.findall(r"^(?:mpirun -n \d+ )?(poreflux [^\n]*)", "\n".join(BLOCKS), re.MULTILINE))
)

FAILURES = [
    failure
    for failure in [*vars(errors).values(), NoPetsc]
    if inspect.isclass(failure) and issubclass(failure, errors.PorefluxError)
]

#: what turns figures into bytes or pieces, and draws none
FORMATS = {"data_uri", "parts", "png", "svg"}


@pytest.mark.parametrize("name", sorted(set(poreflux.plot.__all__) - FORMATS))
def test_every_figure_has_an_example_in_the_gallery(name):
    text = (DOCS / "gallery" / f"plot_{name}.py").read_text(encoding="utf-8")
    assert f"pf.plot.{name}(" in text


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_on_the_site_parses(line):
    tokens = shlex.split(line, comments=True)[1:]
    _, bound, _ = app.parse_args(tokens, exit_on_error=False, print_error=False)
    assert bound.arguments is not None


def test_there_are_commands_on_the_site():
    assert len(COMMANDS) > 30


def test_python_on_the_site_speaks_of_public_names_only():
    code = "\n".join(
        re.findall(r"^```(?:python|\{code-cell\} python)\n(.*?)^```", TEXT, re.M | re.S)
    )
    assert set(re.findall(r"\bpf\.(\w+)", code)) <= set(poreflux.__all__)
    assert set(re.findall(r"\bpf\.plot\.(\w+)", code)) <= set(poreflux.plot.__all__)
    assert set(re.findall(r"{py:func}`poreflux\.(\w+)`", TEXT)) <= set(poreflux.__all__)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.__name__)
def test_a_failure_names_a_page_that_is_there(failure):
    assert not failure.page or DOCS / f"{failure.page}.md" in PAGES
    (note,) = getattr(failure("said"), "__notes__", None) or [""]
    assert note.endswith(failure.page)
    assert sentence(failure("said")).endswith(f"{failure.page})" if failure.page else "said")


def test_failures_name_pages():
    assert len({failure.page for failure in FAILURES}) > 8


def checker():
    spec = importlib.util.spec_from_file_location("check_site", DOCS / "check_site.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "body, wrong",
    [
        ('<a href="there.html#place">x</a><img src="data:image/png;base64,AA">', ""),
        ('<a href="https://elsewhere.org/">a link loads nothing</a>', ""),
        ('<script src="https://elsewhere.org/x.js"></script>', "from elsewhere"),
        ('<img src="//elsewhere.org/x.png">', "from elsewhere"),
        ('<link rel="stylesheet" href="lost.css">', "not there"),
        ('<a href="lost.html">x</a>', "not there"),
        ('<a href="there.html#lost">x</a>', "a place that is not there"),
    ],
)
def test_the_check_of_the_site_finds_what_is_wrong(tmp_path, body, wrong):
    (tmp_path / "there.html").write_text('<p id="place">here</p>')
    (tmp_path / "page.html").write_text(body)
    found = checker().problems(tmp_path)
    assert len(found) == bool(wrong)
    assert all(wrong in problem for problem in found)
