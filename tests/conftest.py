"""Fixtures that several test folders share."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from tests.browser import CHROMIUM, QUIET

# where there is no graphics processor its kernels run in Python; numba reads this when imported
if shutil.which("nvidia-smi") is None:
    os.environ.setdefault("NUMBA_ENABLE_CUDASIM", "1")

# no test asserts a time: machines are busy; every run tries the same examples
settings.register_profile("patient", deadline=None, derandomize=True)
settings.load_profile("patient")


@pytest.fixture
def rng():
    return np.random.default_rng(20241122)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real and published volumes beside the checkout."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real and published volumes is not beside the checkout")
    return folder


@pytest.fixture(scope="module")  # as long as it is open an event loop runs in this process
def browser():
    """Return a headless Chromium; the test is skipped where the machine has none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip("this machine has no chromium; deploy/chromium.sh installs one")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()
