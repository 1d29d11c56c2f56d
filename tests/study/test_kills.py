"""A run that is killed again and again ends with the page of one that was not."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.study.conftest import QUICK, samples


def run(path):
    line = [sys.executable, "-m", "poreflux", "run", str(path)]
    return subprocess.Popen(
        line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_kills_give_the_same_page(tmp_path, rng):
    pages, duration = [], 0.0
    for name, kills in (("whole", 0), ("killed", 10)):
        folder = tmp_path / name
        folder.mkdir()
        path = folder / "study.toml"
        path.write_text(QUICK + samples(a="fine_500", b="regular_100"))
        for _ in range(kills):
            process = run(path)
            time.sleep(float(rng.uniform(0.1, 0.6)) * duration)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        began = time.monotonic()
        process = run(path)
        assert process.wait() == 0
        duration = time.monotonic() - began
        pages.append((folder / "study-results" / "comparison.html").read_bytes())
        steps = list((folder / "study-results").rglob("*.partial"))
        assert steps == []
    assert pages[0] == pages[1]
    assert np.char.count(pages[0].decode(), "<svg") > 3
