"""Runs every program on every image once, and keeps the results as they come."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

import poreflux
from poreflux.transport.engines.threads import Threads
from tests.bench.peers.images import image
from tests.bench.peers.programs import PROGRAMS, version
from tests.bench.peers.reference import exact
from tests.bench.triad import triad

ROOT = Path(__file__).parents[3]
THREADS = 2


class Records:
    """Results in a JSON file, a list of records; one is told by its image, size, program and
    setting.
    """

    def __init__(self, path: Path):
        self.path = path
        self.records: list[dict] = json.loads(path.read_text()) if path.exists() else []

    def find(self, **what) -> dict | None:
        """Return the record of which all that is said is so, None where there is none."""
        so = (each for each in self.records if what.items() <= each.items())
        return next(so, None)

    def add(self, record: dict) -> None:
        """Keep a record, on disk at once."""
        self.records.append(record)
        beside = self.path.with_suffix(".partial")
        lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in self.records)
        beside.write_text(f"[\n{lines}\n]\n")
        beside.replace(self.path)


def run(
    records: Records,
    names: Iterable[str],
    programs: Iterable[str],
    settings: Iterable[str],
    n: int = 200,
    limit: int = 600,
    alone: bool = False,
) -> Iterator[dict]:
    """Run what has no record yet, one at a time; yield each record as it is kept.

    Programs that are not installed are left out. ``limit`` is in seconds of the processor;
    ``alone`` says that the machine does nothing else, so that the clock counts too.
    """
    with tempfile.TemporaryDirectory() as folder:
        warm = write(image("blobs-0.7-1", 24), Path(folder) / "warm")
        for name in names:
            chosen = [(p, s) for p in programs for s in settings if version(p)]
            todo = [key for key in chosen if not known(records, name, n, *key)]
            not_exact = not known(records, name, n, "exact", "")
            if not (todo or not_exact):
                continue
            cells = image(name, n)
            place = write(cells, Path(folder) / "image")
            if not_exact:
                yield add(records, name, n, "exact", "", exact_values(cells))
            for program, setting in todo:
                found = one_run(program, setting, place, warm, limit)
                found["triad"] = seconds_of_a_triad(cells.size)
                if alone:
                    found["alone"] = True
                yield add(records, name, n, program, setting, found)


def known(records: Records, name: str, n: int, program: str, setting: str) -> bool:
    """Return whether there is a record of a run."""
    return records.find(image=name, n=n, program=program, setting=setting) is not None


def add(records: Records, name: str, n: int, program: str, setting: str, found: dict) -> dict:
    """Keep what a run found, and return the record."""
    record = {"image": name, "n": n, "program": program, "setting": setting, **found}
    records.add(record)
    return record


def write(cells: np.ndarray, folder: Path) -> Path:
    """Write an image as every program reads it; return its folder, in which nothing else is."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    np.save(folder / "image.npy", cells)
    poreflux.save(poreflux.from_array(cells), folder / "image.zarr")
    return folder


def exact_values(cells: np.ndarray) -> dict:
    """Return the over-converged conductivities of an image, and the share that conducts."""
    start = time.perf_counter()
    faces, centres = exact(cells, "faces"), exact(cells, "centres")
    return {
        "share": float(cells.mean()),
        "faces": faces.conductivity,
        "centres": centres.conductivity,
        "error": max(faces.error, centres.error),
        "seconds": time.perf_counter() - start,
    }


def one_run(program: str, setting: str, folder: Path, warm: Path, limit: int) -> dict:
    """Return what a program found in a process of its own, or why it found nothing."""
    processes, threads = PROGRAMS[program].processes, PROGRAMS[program].threads
    command = [sys.executable, "-m", "tests.bench.peers.programs", program, setting]
    command += [str(folder), str(warm), "--threads", str(threads), "--limit", str(limit)]
    if processes > 1:
        mpiexec = Path(sys.executable).with_name("mpiexec")
        command = [str(mpiexec), "-n", str(processes), *command]
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads))}
    environment["GOMP_SPINCOUNT"] = "0"  # threads that wait for others take no processor time
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)
    about = {"version": version(program), "load": os.getloadavg()[0]}
    if done.returncode == -signal.SIGXCPU:
        return {"over": limit, **about}
    if done.returncode:
        return {"failed": reason(done.stderr) or f"ended with {done.returncode}", **about}
    printed = next(line for line in done.stdout.splitlines() if line.startswith('{"conduct'))
    return {**json.loads(printed), **about}


def reason(said: str) -> str:
    """Return the line of what a program said that tells why it ended: an abort, or the last one."""
    lines = said.strip().splitlines() or [""]
    return next((line for line in lines if "Abort" in line), lines[-1])[:200]


def seconds_of_a_triad(numbers: int, repeats: int = 5) -> dict:
    """Return the median seconds, on the clock and of the processor, of a triad over float32 arrays
    of so many numbers, beside whatever else the machine does.
    """
    engine = Threads(THREADS)
    a, b, c = (np.ones(numbers, np.float32) for _ in range(3))
    edges = np.linspace(0, numbers, THREADS + 1).astype(int)
    jobs = [(a, b, c, np.float32(3), lo, hi) for lo, hi in pairwise(edges)]
    engine.map(triad, jobs)
    clock, processor = [], []
    for _ in range(repeats):
        start, used = time.perf_counter(), time.process_time()
        engine.map(triad, jobs)
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    engine.close()
    return {"seconds": float(np.median(clock)), "processor": float(np.median(processor))}
