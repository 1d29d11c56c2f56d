"""A run that is killed again and again ends with the page of one that was not."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.study.conftest import QUICK, samples


@contextlib.contextmanager
def running(path):
    line = [sys.executable, "-m", "poreflux", "run", str(path)]
    process = subprocess.Popen(
        line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()


def killed(path, steps, pause):
    """Run until so many steps are done, and a moment more."""
    with running(path) as process:
        done = (line for line in process.stderr if " done (" in line)
        list(itertools.islice(done, steps))
        time.sleep(pause)


def page_of(path):
    with running(path) as process:
        said = process.stderr.read()
        assert process.wait() == 0, said
    return (path.parent / "study-results" / "comparison.html").read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_kills_give_the_same_page(tmp_path, rng):
    pages = []
    for name, kills in (("whole", 0), ("killed", 10)):
        path = tmp_path / name / "study.toml"
        path.parent.mkdir()
        path.write_text(QUICK + samples(a="fine_500", b="regular_100"))
        for _ in range(kills):
            killed(path, int(rng.integers(0, 3)), float(rng.uniform(0, 0.4)))
        pages.append(page_of(path))
        assert list(path.parent.rglob("*.partial")) == []
    assert pages[0] == pages[1]
