"""The README tells the truth: its Python runs, and prints what it says; its commands exist."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from poreflux.cli.app import app

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^ {4}(?:mpirun -n \d+ )?(poreflux [^#\n]*)", TEXT, re.MULTILINE)


def test_the_example_runs_and_prints_what_the_readme_says(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (said,) = re.findall(r"^prints `([^`]*)`", TEXT, re.MULTILINE)
    assert len([line for line in code.splitlines() if line.strip()]) <= 12
    printed = io.StringIO()
    with contextlib.chdir(tmp_path), contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert printed.getvalue().strip() == said
    assert (tmp_path / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_parses(line):
    _, bound, _ = app.parse_args(line.split()[1:], exit_on_error=False, print_error=False)
    assert bound.arguments is not None


def test_there_are_commands_in_the_readme():
    assert len(COMMANDS) >= 7


def test_every_file_that_is_named_is_there():
    for path in re.findall(r"\]\((?!http)([^)]+)\)|`((?:poreflux|tests|docs)/[\w./-]*)`", TEXT):
        assert (ROOT / (path[0] or path[1])).exists()


def test_make_targets_are_there():
    made = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"^ {4}make ([a-z]+)", TEXT, re.MULTILINE):
        assert target in made
