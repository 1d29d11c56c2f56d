"""Progress: a bar where one is wanted, what is called where it is given, one bar at a time."""

import os
import pty
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import poreflux as pf
from poreflux.progress import showing, shows_progress

CODE = """
import numpy as np
import poreflux as pf
gray = pf.from_array(np.tile(np.array([9, 90], np.uint8), (16, 16, 8)), kind="gray")
"""


def test_a_callable_is_told_until_all_is_done(rng):
    gray = pf.from_array(rng.integers(0, 2, (8, 8, 8), np.uint8) * 90, kind="gray")
    told = []
    pf.segment(gray, progress=lambda done, total, note: told.append((done, total)))
    assert told
    assert told[-1][0] == told[-1][1]


def test_a_bar_is_seen_on_a_terminal_and_cleared():
    ours, theirs = pty.openpty()
    code = CODE + "import tempfile; pf.save(gray, tempfile.mkdtemp() + '/v.zarr', progress=True)"
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:
            break
        shown += more
    assert child.wait(timeout=60) == 0
    assert "━" in shown.decode()
    assert "save" in shown.decode()
    assert "\x1b[2K" in shown.decode()


def test_without_a_word_a_program_shows_nothing(capfd, rng):
    pf.segment(pf.from_array(rng.integers(0, 2, (8, 8, 8), np.uint8), kind="gray"))
    assert capfd.readouterr() == ("", "")


def test_work_within_work_shows_no_bar_of_its_own():
    @shows_progress("inner")
    def inner(progress=None):
        return progress

    def tell(done, total, note=""):
        raise AssertionError("nothing is told here")

    with showing("outer", True) as outer:
        assert callable(outer)
        assert inner() is None
        assert inner(progress=True) is None
        assert inner(progress=tell) is tell
    with showing("after", False) as after:
        assert after is None


def test_a_failure_ends_the_bar_and_the_next_one_shows():
    with pytest.raises(ZeroDivisionError), showing("first", True):
        raise ZeroDivisionError
    with showing("second", True) as told:
        assert callable(told)


def test_a_notebook_shows_a_bar_unless_it_is_told_not_to():
    cells = [
        CODE,
        "segmented = pf.segment(gray)",
        "quiet = pf.segment(gray, progress=False)",
        "found = pf.collect(pf.porosity(segmented), pf.porosity_profile(segmented))",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    shown = [
        [output["data"]["text/html"] for output in cell["outputs"] if "data" in output]
        for cell in book["cells"]
    ]
    assert [len(outputs) for outputs in shown] == [0, 1, 0, 1]
    assert "segment" in shown[1][0]
    assert "done in" in shown[1][0]
    assert "collect" in shown[3][0]
