"""Compare solvers: ``make peers``, or ``python -m tests.bench.peers --only poreflux taufactor``.

What was run before is not run again: results lie in docs/solver-benchmark.json, and the page and
its figure are written from them.
"""

import argparse
from pathlib import Path

from tests.bench.peers.images import names
from tests.bench.peers.page import write_page
from tests.bench.peers.programs import PROGRAMS
from tests.bench.peers.running import Records, run

SETTINGS = ["defaults", "chosen"]
DOCS = Path(__file__).parents[3] / "docs"


def main() -> None:
    """Run what is asked for and print it as it comes; write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--only", nargs="*", choices=list(PROGRAMS), default=list(PROGRAMS))
    parser.add_argument("--images", nargs="+", choices=names(), default=names())
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=SETTINGS)
    parser.add_argument("--edge", type=int, default=200, help="voxels along an edge of blobs")
    parser.add_argument("--limit", type=int, default=600, help="seconds of the processor a run")
    parser.add_argument("--alone", action="store_true", help="this machine does nothing else")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder of results and page")
    given = parser.parse_args()
    records = Records(given.docs / "solver-benchmark.json")
    wanted = (given.images, given.only, given.settings, given.edge, given.limit, given.alone)
    for record in run(records, *wanted):
        print(record, flush=True)
    write_page(records.records, given.docs)


if __name__ == "__main__":
    main()
