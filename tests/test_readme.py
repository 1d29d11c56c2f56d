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


def test_the_examples_run_and_print_what_the_readme_says(tmp_path):
    printed_as = r"prints `[^`]*`|prints\n\n(?: {4}[^\n]*\n)+"
    examples = re.findall(rf"```python\n(.*?)```\n\n({printed_as})", TEXT, re.DOTALL)
    assert len(examples) == TEXT.count("```python") >= 2
    names: dict = {}
    for code, said in examples:
        assert len([line for line in code.splitlines() if line.strip()]) <= 12
        printed = io.StringIO()
        with contextlib.chdir(tmp_path), contextlib.redirect_stdout(printed):
            exec(compile(code, "README.md", "exec"), names)
        expected = said.removeprefix("prints").replace("`", "").splitlines()
        assert printed.getvalue().split() == " ".join(expected).split()
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
