"""Execute every notebook here at reduced size, and fail where one fails; nothing is written back.

Notebooks read POREFLUX_SMALL: where it is set they take a crop of their volume.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def main() -> int:
    """Execute all notebooks, or those named on the command line."""
    os.environ["POREFLUX_SMALL"] = "1"
    paths = [Path(name) for name in sys.argv[1:]] or sorted(HERE.glob("*.ipynb"))
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": folder}})
            client.execute()
        print(f"{path.name}: {len(notebook.cells)} cells in {time.perf_counter() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
