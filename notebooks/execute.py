"""Execute every notebook here at reduced size, and fail where one fails; nothing is written back.

Notebooks read POREFLUX_SMALL: where it is set they take a crop of their volume. At this size none
should take longer than 40 s; one that takes much more time of processors fails.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent

#: seconds of processor time of a notebook at reduced size, its processes included: those of a quiet
#: machine, and half as much again for one that is busy, whose caches others use
LIMIT = 60.0


def main() -> int:
    """Execute all notebooks, or those named on the command line."""
    os.environ["POREFLUX_SMALL"] = "1"
    paths = [Path(name) for name in sys.argv[1:]] or sorted(HERE.glob("*.ipynb"))
    slow = []
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        start, used = time.perf_counter(), processor_time()
        with tempfile.TemporaryDirectory() as folder:
            client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": folder}})
            client.execute()
        used = processor_time() - used
        print(
            f"{path.name}: {len(notebook.cells)} cells in {time.perf_counter() - start:.0f} s, "
            f"{used:.0f} s of processors",
            flush=True,
        )
        if used > LIMIT:
            slow.append(f"{path.name} takes {used:.0f} s of processors; make it {LIMIT:.0f} s")
    print(*slow, sep="\n", end="\n" if slow else "", file=sys.stderr)
    return bool(slow)


def processor_time() -> float:
    """Return the seconds that the processors worked for processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
