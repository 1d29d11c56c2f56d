"""A folder in memory for what is killed hundreds of times: each write waits for the disk."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture
def quick_folder(tmp_path):
    """Return a folder of the file system in memory; on the disk where there is none, or no room."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < 2**26:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="poreflux-") as folder:
        yield Path(folder)
