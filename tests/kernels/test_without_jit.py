"""The same tests with nothing compiled: kernels are plain Python too, and all of it runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

#: kernels whose slow twins are the tests of their metrics, on volumes too large for plain Python
ELSEWHERE = {"chords.py", "labels.py", "distance.py", "paths.py", "thickness.py"}

#: no kernel: chooses the folder of compiled code, which test_cache runs in processes of their own
ELSEWHERE |= {"__init__.py"}

#: of these the engine's tests run every line, as plain Python, under the simulator of the device
OF_THE_DEVICE = "cuda"

#: what only the compiler runs: the choice of an implementation by type
COMPILER_ONLY = 0.85


@pytest.mark.slow
@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="this is that run")
def test_every_kernel_passes_uncompiled_and_is_covered(tmp_path):
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1",
        "COVERAGE_FILE": str(tmp_path / "coverage"),
    }
    coverage = [sys.executable, "-m", "coverage"]
    run = subprocess.run(
        [*coverage, "run", "--source=poreflux.kernels", "-m", "pytest", "-q", str(HERE)],
        env=environment, cwd=HERE.parents[1], capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-4000:]
    report = tmp_path / "coverage.json"
    subprocess.run([*coverage, "json", "-q", "-o", report], env=environment, check=True)
    for path, found in json.loads(report.read_text())["files"].items():
        if Path(path).name not in ELSEWHERE and Path(path).parent.name != OF_THE_DEVICE:
            assert found["summary"]["percent_covered"] >= 100 * COMPILER_ONLY, path
