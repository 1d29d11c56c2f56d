"""What ``--dry-run`` says of memory is what the verb then takes, in processes of their own."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

EDGE = 96

#: in the order in which data flows
VERBS = {
    "import": "import v.tif v.zarr --voxel-size 1",
    "segment": "segment v.zarr",
    "measure": "measure v.zarr",
    "measure all": "measure v.zarr --also all --overwrite",
    "solve tortuosity": "solve tortuosity v.zarr",
    "solve current": "solve current v.zarr",
    "report": "report results.zarr --out page.html",
}


#: starts a command from a small process: a new one's peak begins with that of its parent
WATCH = """
import os, sys
line = [sys.executable, "-m", "poreflux", *sys.argv[1:]]
child = os.posix_spawn(sys.executable, line, os.environ)
_, status, usage = os.wait4(child, 0)
print(status, usage.ru_maxrss * 1024)
"""


def ran(words, folder):
    """Run a command; return what it printed and the peak of its memory in bytes."""
    line = [sys.executable, "-c", WATCH, *words.split()]
    done = subprocess.run(line, capture_output=True, text=True, check=True, cwd=folder)
    *said, last = done.stdout.splitlines()
    status, peak = map(int, last.split())
    assert status == 0, done
    return "\n".join(said), peak


@pytest.fixture(scope="module")
def ratios(tmp_path_factory):
    """Return forecast over peak of each verb, on a porous medium of `EDGE` voxels."""
    folder = tmp_path_factory.mktemp("forecasts")
    rng = np.random.default_rng(0)
    field = gaussian_filter(rng.standard_normal((EDGE,) * 3).astype("f4"), 3)
    gray = 60 + 120 * (field > np.quantile(field, 0.15)) + rng.normal(0, 8, field.shape)
    tifffile.imwrite(folder / "v.tif", gray.clip(0, 255).astype("u1"))
    found = {}
    for name, words in VERBS.items():
        said, _ = ran(f"{words} --dry-run --json", folder)
        _, peak = ran(words, folder)
        found[name] = json.loads(said)["dry_run"]["memory_bytes"] / peak
    return found


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
def test_the_forecast_of_memory_is_near_the_peak(ratios, verb):
    """Within 10 % where the constants were measured; libraries of other versions may move it."""
    assert 0.8 < ratios[verb] < 1.25
