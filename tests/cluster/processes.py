"""A scheduler and workers as commands start them, on the loopback, for the time of a test."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

DASK = [sys.executable, "-m", "dask"]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


class Cluster:
    """Processes of one cluster; those that are killed are not replaced."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "scheduler.json"
        where = ["--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"]
        self.scheduler = self._start("scheduler", *where, "--scheduler-file", str(self.file))
        self.workers: list[subprocess.Popen] = []

    def worker(self) -> None:
        self.workers.append(
            self._start(
                "worker", "--scheduler-file", str(self.file), "--nthreads", "1", "--no-nanny",
                "--dashboard-address", "127.0.0.1:0", "--host", "127.0.0.1",
                "--local-directory", str(self.folder),
                "--preload", "tests.cluster.slow",
            )
        )  # fmt: skip

    @property
    def address(self) -> str:
        until = time.monotonic() + 60
        while not self.file.exists():
            assert time.monotonic() < until, "the scheduler does not start"
            time.sleep(0.05)
        return json.loads(self.file.read_text())["address"]

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, *words: str) -> subprocess.Popen:
        root = str(Path(__file__).parents[2])
        path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
        variables = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        variables["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "1"  # 3 where nothing is said
        return subprocess.Popen([*DASK, *words], env=variables, **QUIET)


@contextmanager
def cluster(folder: Path, workers: int):
    made = Cluster(folder)
    try:
        for _ in range(workers):
            made.worker()
        yield made
    finally:
        made.close()


@contextmanager
def killing(process: subprocess.Popen, client, tasks: int):
    """Kill a process when the cluster has done some more tasks, while the block runs."""
    before = done(client)
    ended = threading.Event()

    def watch():
        while not ended.wait(0.01):
            if done(client) >= before + tasks:
                process.send_signal(signal.SIGKILL)
                return

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()


def done(client) -> int:
    """Return how many tasks the workers of a cluster have finished."""
    return client.run_on_scheduler(_finished)


def _finished(dask_scheduler=None) -> int:
    return dask_scheduler.plugins["count"].finished
