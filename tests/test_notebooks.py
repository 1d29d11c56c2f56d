"""Notebooks hold no output, speak to the public API only, and run."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import poreflux

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def code_of(path: Path) -> list[dict]:
    """Return the code cells of a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_output_is_kept(path):
    assert all(cell["outputs"] == [] for cell in code_of(path))
    assert all(cell["execution_count"] is None for cell in code_of(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_only_public_names_are_used(path):
    code = "\n".join("".join(cell["source"]) for cell in code_of(path))
    assert set(re.findall(r"\bpf\.(\w+)", code)) <= set(poreflux.__all__)
    assert set(re.findall(r"\bplot\.(\w+)", code)) <= set(poreflux.plot.__all__)
    assert not re.search(r"from poreflux\.|import poreflux\.", code)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("nbclient") is None, reason="nbclient is not here")
def test_all_notebooks_run_at_reduced_size():
    ran = subprocess.run(
        [sys.executable, FOLDER / "execute.py"], capture_output=True, text=True, timeout=550
    )
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.splitlines()) == len(NOTEBOOKS) > 0
