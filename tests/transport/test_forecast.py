"""The forecast of memory is what a solve takes."""

import json
import subprocess
import sys

import numpy as np
import pytest

import poreflux
from poreflux.errors import TooLarge
from poreflux.transport.tortuosity import effective_conductivity as effective

SOLVE = """
import json, sys, threading, time
import numpy as np, psutil, poreflux
store, rtol, conductivity = sys.argv[1], float(sys.argv[2]), json.loads(sys.argv[3])
phases = {0: "pore", 1: "electrolyte", 2: "binder"}
small = poreflux.from_array(np.ones((40, 64, 64), np.uint8), phases=phases)
poreflux.tortuosity_factor(small, rtol=rtol, conductivity=conductivity)
process = psutil.Process()
before, peak, done = process.memory_info().rss, 0, False
def watch():
    global peak
    while not done:
        peak = max(peak, process.memory_info().rss)
        time.sleep(0.002)
thread = threading.Thread(target=watch)
thread.start()
poreflux.tortuosity_factor(poreflux.open(store), rtol=rtol, conductivity=conductivity)
done = True
thread.join()
print(peak - before)
"""


@pytest.mark.parametrize("rtol, precision", [(1e-4, "float32"), (1e-6, "float64")])
@pytest.mark.parametrize("conductivity", [{"electrolyte": 1}, {"electrolyte": 1, "binder": 0.1}])
def test_the_forecast_is_within_a_tenth_of_the_measured_peak(
    tmp_path, rng, rtol, precision, conductivity
):
    shape = (160, 170, 180)
    labels = (rng.random(shape, dtype=np.float32) > 0.15).astype(np.uint8)
    labels[:, :, ::3] *= 2
    if len(conductivity) == 1:
        labels[labels == 2] = 1
    phases = {0: "pore", 1: "electrolyte", 2: "binder"}
    store = poreflux.save(poreflux.from_array(labels, phases=phases), tmp_path / "vol.zarr")
    arguments = [str(store), str(rtol), json.dumps(conductivity)]
    done = subprocess.run(
        [sys.executable, "-c", SOLVE, *arguments], capture_output=True, text=True, check=True
    )
    binary = len(conductivity) == 1
    assert effective.forecast(shape, precision, binary) == pytest.approx(int(done.stdout), rel=0.1)


def test_a_solve_that_memory_does_not_hold_is_refused_with_numbers():
    dask_array = pytest.importorskip("dask.array")
    huge = dask_array.zeros((5000, 5000, 5000), chunks=500, dtype=np.uint8)
    with pytest.raises(TooLarge, match=r"5000x5000x5000 voxels in float64 needs \d+\.\d GiB"):
        poreflux.tortuosity_factor(poreflux.from_array(huge))
