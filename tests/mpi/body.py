"""What each process of a test does: python -m tests.mpi.body cases.json."""

import json
import pickle
import resource
import sys
import time
from pathlib import Path

from poreflux.errors import PorefluxError
from poreflux.transport.parallel import interfacial_current as mpi_current
from poreflux.transport.parallel import link as mpi_link
from poreflux.transport.parallel import session
from poreflux.transport.parallel import tortuosity_factor as mpi
from poreflux.transport.solvers.error_bound import ErrorBound


def main(spec: Path) -> None:
    """Solve each case with all processes; the first one writes found.json beside the cases."""
    found = [solved(case) for case in json.loads(spec.read_text())]
    if session.connect().rank == 0:
        spec.with_name("found.json").write_text(json.dumps(found))


def solved(case: dict) -> dict | None:
    """Return the numbers of one case, and what was sent.

    A case that says where its results are to go is one of the current at an electrode; the words of
    what all processes refuse stand in the place of its numbers.
    """
    notices: list[str] = []
    links, proofs = watched(), counted_proofs()
    pause, damage = case.pop("pause", 0), case.pop("raise", None)
    if damage is not None:
        raise_in(*damage)

    def progress(done, total, note):
        time.sleep(pause)
        if pause:
            print(note, file=sys.stderr, flush=True)

    if "results" in case:
        target = Path(case.pop("results"))
        told: list[str] = []
        try:
            found = mpi_current.solve_current(
                progress=lambda *words: (told.append(words[-1]), progress(*words)),
                notice=notices.append,
                **case,
            )
        except (PorefluxError, ValueError, OSError) as failure:
            return {"refused": str(failure)}
        if found is not None:
            target.write_bytes(pickle.dumps(found.load()))
        peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"notices": notices, "told": told, "peak": peak}
    results = mpi.solve_tortuosity(progress=progress, notice=notices.append, **case)
    if results is None:
        return None
    sent = ("messages", "message_bytes", "reductions", "joined_bytes")
    numbers = {name: results[name].item() for name in results.data_vars}
    counts = {name: getattr(links[-1], name) for name in sent}
    known = {"edges": proofs[-1].edges, "nodes": proofs[-1].nodes} if proofs else {}
    return {**numbers, **counts, **known, "proofs": len(proofs), "notices": notices}


def watched() -> list:
    """Return a list that receives each link made from now on."""
    links: list = []
    make = mpi_link.Link.__init__

    def init(link, comm):
        make(link, comm)
        links.append(link)

    mpi_link.Link.__init__ = init
    return links


def counted_proofs() -> list:
    """Return a list that receives the bound at each evaluation from now on."""
    proofs: list = []
    evaluate = ErrorBound.__call__

    def call(bound, x, r):
        proofs.append(bound)
        return evaluate(bound, x, r)

    ErrorBound.__call__ = call
    return proofs


def raise_in(rank: int, call: int) -> None:
    """Let one process raise in its so-many-th application of the operator."""
    from poreflux.kernels import stencil

    real, count = stencil.apply, []

    def apply(*arguments):
        count.append(1)
        if session.connect().rank == rank and len(count) == call:
            raise RuntimeError("a cosmic ray")
        return real(*arguments)

    stencil.apply = apply


if __name__ == "__main__":
    main(Path(sys.argv[1]))
